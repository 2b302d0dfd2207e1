"""Supervising processes: readiness, restarts, stopping, and no process left behind."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from easel.process.signals import StopSignals
from easel.process.supervise import STOP_GRACE, Program, keep_running, new_supervisor_state, wait_until_ready

Children = Callable[[], list[psutil.Process]]

pytestmark = pytest.mark.kills

SERVES = "import sys; print('ready', flush=True); sys.stdin.read()"
IGNORES_SIGTERM = (
    "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); sys.stdin.read()"
)
# Sleeps in short pieces: a signal just before signal.pause() would not be heeded until the next one.
STOPS_ON_SECOND_SIGNAL = """if True:
    import pathlib, signal, sys, time
    note = pathlib.Path(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0) if note.exists() else note.touch())
    print('ready', flush=True)
    while True: time.sleep(0.05)
"""


# What a program starts inherits it.
MARK = "TEST_OF_PROCESSES"


def _program(name: str, source: str, *arguments: object, after: tuple[str, ...] = ()) -> Program:
    command = (sys.executable, "-c", source, *map(str, arguments))
    return Program(name=name, command=command, environment={MARK: name}, after=after)


class Run:
    """Supervised programs, and what was printed about them."""

    def __init__(self, programs: Sequence[Program], grace: timedelta) -> None:
        state = new_supervisor_state(programs, StopSignals(), grace=grace)
        # These tests do not check that a program ends in time after a second signal, however busy the machine.
        self.state = replace(state, force_grace=timedelta(minutes=5))
        self.said: list[str] = []
        self.task = asyncio.create_task(keep_running(programs, self.state, self.said.append))


@asynccontextmanager
async def _running(*programs: Program, grace: timedelta = STOP_GRACE) -> AsyncIterator[Run]:
    run = Run(programs, grace)
    try:
        yield run
    finally:
        run.state.signals.stop.set()
        run.state.signals.force_stop.set()
        await run.task


@pytest.fixture
def children() -> Children:
    """What the test's programs are and have started; the browser of other tests starts processes whenever it likes."""
    return lambda: [child for child in psutil.Process().children(recursive=True) if _is_marked(child)]


def _is_marked(process: psutil.Process) -> bool:
    try:
        return MARK in process.environ()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _is_running(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def _until(condition: Callable[[], object]) -> None:
    # What other processes do announces itself to nobody here.
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.02)


async def test_ready_when_every_program_said_so() -> None:
    """Readiness is what the programs report, not that they were started."""
    async with _running(_program("a", SERVES), _program("b", SERVES)) as run:
        assert await wait_until_ready(run.state)


async def test_program_waits_for_the_one_it_needs(tmp_path: Path) -> None:
    """A program starts when the one it depends on is ready."""
    note = tmp_path / "first"
    first = "import pathlib, sys; pathlib.Path(sys.argv[1]).touch(); print('ready', flush=True); sys.stdin.read()"
    second = (
        "import pathlib, sys; assert pathlib.Path(sys.argv[1]).exists(); print('ready', flush=True); sys.stdin.read()"
    )
    async with _running(_program("bot", second, note, after=("sandbox",)), _program("sandbox", first, note)) as run:
        assert await wait_until_ready(run.state)


async def test_killed_program_is_started_again(children: Children) -> None:
    """A program that dies after it was ready is restarted, and a line names the signal."""
    async with _running(_program("engine", SERVES)) as run:
        assert await wait_until_ready(run.state)
        (first,) = children()
        first.kill()
        await _until(lambda: [child for child in children() if child.pid != first.pid])
    assert run.said == ["The engine was killed by SIGKILL. Restarting in 1 s."]


async def test_program_that_never_was_ready_stops_everything(children: Children) -> None:
    """It would only fail again: everything stops, and the failed program is named."""
    async with _running(_program("engine", SERVES), _program("bot", "raise SystemExit(1)")) as run:
        await run.task
        assert run.state.failed == ["bot"]
    assert not children()


async def test_stopping_ends_every_process(children: Children) -> None:
    """After a stop nothing runs and nothing is restarted."""
    async with _running(_program("a", SERVES), _program("b", SERVES)) as run:
        assert await wait_until_ready(run.state)
        run.state.signals.stop.set()
        await run.task
    assert not children() and not run.said


async def test_what_others_need_is_stopped_last(tmp_path: Path) -> None:
    """A program stops after those that depend on it."""
    note = tmp_path / "order"
    source = """if True:
        import signal, sys, time
        def end(*_):
            with open(sys.argv[1], "a") as note: note.write(sys.argv[2])
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        print('ready', flush=True)
        while True: time.sleep(0.05)
    """
    programs = _program("sandbox", source, note, "2"), _program("bot", source, note, "1", after=("sandbox",))
    async with _running(*programs) as run:
        assert await wait_until_ready(run.state)
        run.state.signals.stop.set()
        await run.task
    assert note.read_text() == "12"


async def test_grandchildren_do_not_outlive_a_killed_program(children: Children) -> None:
    """A program's own children are killed with it and do not hide its end."""
    source = "import subprocess, sys; subprocess.Popen(['sleep', '617']); print('ready', flush=True); sys.stdin.read()"
    async with _running(_program("engine", source)) as run:
        assert await wait_until_ready(run.state)
        # One that was started a moment ago has no environment to be read yet.
        await _until(lambda: len(children()) == 2)
        program, grandchild = sorted(children(), key=lambda child: child.name() == "sleep")
        program.kill()
        await _until(lambda: run.said)
        await _until(lambda: not _is_running(grandchild))


async def test_forced_stop_signals_again(tmp_path: Path, children: Children) -> None:
    """On a forced stop, a program is signalled a second time at once."""
    note = tmp_path / "asked"
    async with _running(_program("engine", STOPS_ON_SECOND_SIGNAL, note)) as run:
        assert await wait_until_ready(run.state)
        run.state.signals.stop.set()
        await _until(note.exists)
        run.state.signals.force_stop.set()
        await run.task
    assert not children() and not run.said


async def test_program_that_does_not_stop_is_killed(children: Children) -> None:
    """It is killed, nothing is left behind, and a line says so."""
    async with _running(_program("engine", IGNORES_SIGTERM), grace=timedelta()) as run:
        assert await wait_until_ready(run.state)
        run.state.signals.stop.set()
        await run.task
    assert not children()
    assert run.said == ["The engine does not stop. Killing it."]


async def test_child_ends_with_its_parent() -> None:
    """A supervised process notices that its parent is gone, even when that was killed."""
    child = "from easel.process.child import end_with_parent; import time; end_with_parent(); time.sleep(600)"
    parent = f"""if True:
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", {child!r}], stdin=subprocess.PIPE, start_new_session=True)
        print(child.pid, flush=True)
        child.wait()
    """
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", parent, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    orphan = psutil.Process(int(await process.stdout.readline()))
    process.kill()
    await process.wait()
    await _until(lambda: not _is_running(orphan))
