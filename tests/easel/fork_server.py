"""A process that has imported what `easel` imports, and is forked for each command: imports take seconds of CPU time.

A fork becomes the command: it gets the arguments, the environment, the folder and the files of a new interpreter, and
runs `python -m easel` from its first line. The server runs none of the code of commands, and never has a second thread,
which a fork would lose.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
from contextlib import suppress
from typing import NoReturn

import psutil

from tests.easel.forks import Imported

# pyarrow is not among them, which starts a thread when it is imported.
MODULES = ("easel.serve", "bot.serve", "bot.settings", "sqlalchemy.ext.asyncio", "asyncpg", "obstore")
# Those that read variables of the Hugging Face Hub when they are imported.
OF_THE_HUB = ("easel.commands.parse", "easel.commands.models", "easel.commands.imagine", "easel.commands.repaint")


def import_modules(what: Imported) -> None:
    """Import what commands import."""
    for name in (*MODULES, *(OF_THE_HUB if what is not Imported.WITHOUT_HUB else ())):
        importlib.import_module(name)
    if what is Imported.WITH_PAINTER:
        from engine.painter.process.libraries import import_libraries

        import_libraries(compiles=False)
    gc.freeze()


def serve(requests: socket.socket) -> None:
    """Fork for each request until nobody can send another; return in a fork that is to become its command."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, 1, 4)
        if not message:
            sys.exit()
        bury_the_ended()
        assert psutil.Process().num_threads() == 1
        if os.fork() == 0:
            requests.close()
            return look_after(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def bury_the_ended() -> None:
    """Let forks end that looked after a command which has ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def look_after(connection: int, *files: int) -> None:
    """Fork again and tell whoever asked how that process ends; return in that process, which has become the command."""
    with socket.socket(fileno=connection) as asking:
        command = json.loads(b"".join(iter(lambda: asking.recv(65536), b"")))
        process = os.fork()
        if process:
            for descriptor in (0, 1, 2, *files):
                os.close(descriptor)
            end_with(asking, os.waitpid(process, 0)[1])
    become(files, **command)


def end_with(asking: socket.socket, status: int) -> NoReturn:
    asking.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def become(files: tuple[int, ...], *, arguments: list[str], environment: dict[str, str], folder: str) -> None:
    """Take over standard input, output and error, and what else a new process is given."""
    for standard, given in enumerate(files):
        os.dup2(given, standard)
        os.close(given)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments


class Ending:
    """Ends the process when it has done all else that it does at its exit, but for half a second of freeing memory.

    code: of the exit; 1 after an exception.
    """

    def __init__(self) -> None:
        self.code = 1
        # What was registered first is called last.
        atexit.register(self)

    def __call__(self) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(self.code)


def run_easel(ending: Ending) -> None:
    """Do what `python -m easel` does."""
    try:
        runpy.run_module("easel", run_name="__main__", alter_sys=True)
        ending.code = 0
    except SystemExit as ended:
        ending.code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        raise


if __name__ == "__main__":
    at_exit = Ending()
    import_modules(Imported(sys.argv[2]))
    with socket.socket(fileno=int(sys.argv[1])) as listening:
        serve(listening)
    run_easel(at_exit)
