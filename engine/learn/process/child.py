"""The training process: trains the subject of one folder, and ends after its step when its standard input is closed.

It writes a JSON object a line: the progress, and at last the error, if there was one. Started by `launch` alone.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import torch

from engine.contract.errors import NoRoom
from engine.learn.process.request import SubjectOrder, read_order
from engine.learn.subject_runs import SubjectRun, check_pictures, paint_kind, train_subject
from engine.models.loading.errors import result_or_error
from engine.models.registry.registry import read_registry
from engine.painter.process.messages import frame_from_error

NICENESS = 10
"""How much lower than that of the engine the priority of the training process is: lower than the painting process's."""


def main(folder: Path) -> None:
    """Train in `folder`."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.nice(NICENESS)
    stopped = threading.Event()
    threading.Thread(target=_stop_at_end_of_input, args=(stopped,), daemon=True).start()
    order = read_order(folder)
    with _alone(folder):
        result = result_or_error(order.model or "", partial(_train, folder, order, stopped))
    if isinstance(result, torch.OutOfMemoryError):
        result = NoRoom(model=order.model or "")
    if isinstance(result, Exception):
        _say(frame_from_error("", result).facts)
    sys.stdout.flush()
    # Threads of the painter may be inside a device call.
    os._exit(0)


def _train(folder: Path, order: SubjectOrder, stopped: threading.Event) -> None:
    run = SubjectRun(
        folder=folder, order=order, registry=read_registry(Path(order.registry)), is_stopped=stopped.is_set
    )
    if run.adapter.exists():
        return
    check_pictures(run)
    if asyncio.run(paint_kind(run)):
        train_subject(run, _report)


def _report(done: int, total: int, seconds_left: float | None) -> None:
    _say({"done": done, "total": total, "seconds_left": seconds_left})


def _say(said: object) -> None:
    sys.stdout.write(f"{json.dumps(said)}\n")
    sys.stdout.flush()


def _stop_at_end_of_input(stopped: threading.Event) -> None:
    sys.stdin.buffer.read()
    stopped.set()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until the process that trained there before, of an engine that was killed, has left."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main(Path(sys.argv[1]))
