"""The supervised painter: same pictures from a child process, which may be killed or hang."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from engine.contract.errors import (
    ModelUnknown,
    PainterLost,
    PainterNotReady,
    RequestLost,
    SettingUnsupported,
    WeightsMissing,
)
from engine.contract.painting import PaintedPictures, PaintedText, Painter, PaintRequest, Progress
from engine.contract.suggestions import suggestions_from_text
from engine.models.registry.registry import Registry
from engine.painter.in_process import create_painter
from engine.painter.phase import Phase
from engine.painter.process import supervisor
from engine.painter.process.child import NICENESS
from engine.painter.process.launch import PainterOptions
from engine.painter.process.supervisor import SupervisorOptions, supervise
from tests.engine.painter.captioners import save_captioner
from tests.engine.painter.registries import entry
from tests.engine.painter.requests import paint_request, painted
from tests.engine.painter.test_captioners import describing

pytestmark = pytest.mark.kills

SCRIPTED = "tests.engine.painter.process.scripted_child"
BREAKING = "tests.engine.painter.process.breaking_child"


def scripted(**timeouts: float) -> SupervisorOptions:
    return SupervisorOptions(
        program=SCRIPTED, timeouts={phase: timedelta(seconds=timeouts.get(phase, 60)) for phase in Phase}
    )


async def test_a_child_paints_what_a_local_painter_paints_and_is_replaced_when_killed(
    checkpoints: Path, registry: Registry
) -> None:
    """The same bytes from a real child; then SIGKILL in the middle of a request, and the next child paints again."""
    setting = PainterOptions(registry=checkpoints / "registry.toml", max_rows=64, threads=1)
    async with create_painter(registry, max_rows=64) as local, supervise(setting) as far:
        ours, theirs = await painted(local, paint_request()), await painted(far, paint_request())
        assert ours == theirs
        with pytest.raises(SettingUnsupported) as refused:
            await painted(far, paint_request(sampler="brush"))
        assert refused.value.known == registry.model().abilities.samplers
        first = far.pid
        assert first is not None
        with pytest.raises(PainterLost):
            async for event in far.paint(paint_request(steps=100)):
                if isinstance(event, Progress) and event.done == 2:
                    os.kill(first, signal.SIGKILL)
        assert (await painted(far, paint_request())).grid == ours.grid
        assert far.pid not in (None, first)


async def test_a_child_that_preloads_nothing_loads_what_a_request_names(checkpoints: Path, tmp_path: Path) -> None:
    """It is ready although the default model's files are missing, which a child that preloads them is not.

    Pictures are described by a captioner, whatever becomes of the models.
    """
    file = tmp_path / "registry.toml"
    models = 'default = "gone"' + entry("gone", "sd1", "gone") + entry("tiny", "sd1", str(checkpoints / "sd1"))
    file.write_text(f'{models}\n[captioners.words]\nfolder = "blip"\n')
    save_captioner(tmp_path / "blip")
    options = PainterOptions(registry=file, max_rows=64, threads=1)
    with pytest.raises(WeightsMissing):
        async with supervise(options):
            pass
    async with supervise(replace(options, preload=False)) as painter:
        assert len((await painted(painter, paint_request(model="tiny"))).pictures) == 4
        (described,) = [event async for event in painter.paint(describing("red"))]
        assert isinstance(described, PaintedText)
        assert len(set(suggestions_from_text(described.text).prompts)) == 4
        assert psutil.Process(painter.pid).nice() == min(19, psutil.Process().nice() + NICENESS)
        with pytest.raises(WeightsMissing):
            await painted(painter, paint_request())


async def test_requests_of_a_child_that_dies_may_be_retried() -> None:
    async with supervise(options=scripted()) as painter:
        first = (await painted(painter, paint_request("paint"))).grid
        with pytest.raises(PainterLost) as lost:
            await painted(painter, paint_request("die"))
        assert lost.value.was_killed
        assert (await painted(painter, paint_request("paint"))).grid != first


async def test_a_child_that_ends_by_itself_was_not_killed() -> None:
    """The jobs in hand are told which it was: something outside, or one of them."""
    async with supervise(options=scripted()) as painter:
        with pytest.raises(PainterLost) as lost:
            await painted(painter, paint_request("exit"))
    assert not lost.value.was_killed


@pytest.mark.parametrize(("words", "fault"), [("break", "ZeroDivisionError"), ("odd", "TypeError")])
async def test_an_unexpected_error_fails_only_its_request(words: str, fault: str) -> None:
    """Nobody waits for it for ever: it may be offered again, its traceback is logged, and its child paints on."""
    with capture_logs() as lines:
        async with supervise(options=replace(scripted(), program=BREAKING)) as painter:
            first = (await painted(painter, paint_request("paint"))).grid
            with pytest.raises(RequestLost):
                await painted(painter, paint_request(words))
            assert (await painted(painter, paint_request("paint"))).grid == first
    (logged,) = [line["exception"] for line in lines if line["event"] == "request_not_painted"]
    assert logged.startswith("Traceback") and logged.splitlines()[-1].startswith(fault)


async def test_a_child_that_cannot_be_started_is_started_later(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the system refuses a process, waiters meet PainterLost, the log says why, and it is tried again."""
    patient = replace(scripted(), first_delay=timedelta(0), longest_delay=timedelta(0))
    with capture_logs() as lines:
        async with supervise(options=patient) as painter:
            monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
            with pytest.raises(PainterLost):
                await painted(painter, paint_request("die"))
            with pytest.raises(PainterNotReady):
                await painter.wait_ready()
            monkeypatch.undo()
            await offered_again(painter, paint_request("paint"))
    causes = [line["cause"] for line in lines if line["event"] == "painter_not_started"]
    assert causes and all(str(tmp_path / "python") in cause for cause in causes)


@pytest.mark.parametrize("phase", [Phase.LOAD, Phase.STEP, Phase.DECODE])
async def test_a_silent_child_is_replaced_after_the_timeout_of_its_phase(phase: Phase) -> None:
    """A stopped process never answers; for all else the patience is longer than the test may take."""
    patience = dict.fromkeys(Phase, timedelta(hours=1))
    with capture_logs() as lines:
        async with supervise(options=SupervisorOptions(program=SCRIPTED, timeouts=patience)) as painter:
            # Short only while it hangs: loading is also what a child is at while it starts.
            patience[phase] = timedelta(seconds=0.3)
            with pytest.raises(PainterLost) as lost:
                await painted(painter, paint_request(f"hang {phase}"))
            assert not lost.value.was_killed
            patience[phase] = timedelta(hours=1)
            await painted(painter, paint_request("paint"))
    assert [line["phase"] for line in lines if line["event"] == "painter_hung"] == [phase]


async def test_a_child_that_is_silent_while_it_starts_is_replaced() -> None:
    with pytest.raises(PainterLost):
        async with supervise(options=scripted(load=0)):
            pass


async def test_an_idle_child_may_be_silent() -> None:
    """Without a request there is no deadline: the same process is there long after all patience."""
    async with supervise(options=scripted(idle=0.01)) as painter:
        pid = painter.pid
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await asyncio.Event().wait()
        assert painter.pid == pid


async def test_closing_the_generator_cancels_the_request_in_the_child() -> None:
    """The scripted child exits when a request is cancelled, so another process paints the next one."""
    async with supervise(options=scripted()) as painter:
        first = (await painted(painter, paint_request("paint"))).grid
        events = painter.paint(paint_request("wait"))
        assert await anext(events) == Progress(done=1, total=2, preview=b"small")
        await events.aclose()
        assert (await offered_again(painter, paint_request("paint"))).grid != first


async def offered_again(painter: Painter, wanted: PaintRequest) -> PaintedPictures:
    """Paint as the queue does: a request whose painter was lost is offered again."""
    while True:
        try:
            return await painted(painter, wanted)
        except PainterLost:
            await asyncio.sleep(0)


async def test_an_unknown_default_model_fails_at_the_start(checkpoints: Path) -> None:
    with pytest.raises(ModelUnknown):
        async with supervise(PainterOptions(registry=checkpoints / "registry.toml", model="nobody")):
            pass


async def test_the_child_ends_with_its_supervisor() -> None:
    async with supervise(options=scripted()) as painter:
        pid = painter.pid
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_closing_is_not_lost_where_the_child_ends_at_that_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelled in the step of the event loop in which the process was found to have ended."""
    monkeypatch.setattr(supervisor, "_END_SECONDS", 60)
    ours, theirs = socket.socketpair()
    theirs.close()
    process = await asyncio.create_subprocess_exec("cat", stdin=subprocess.PIPE)
    reader, writer = await asyncio.open_connection(sock=ours)
    child = supervisor.Child(process, reader, writer, SupervisorOptions())
    relaying: asyncio.Task[None]

    async def close() -> None:
        await process.wait()
        relaying.cancel()

    # Waits first, and so it is resumed first when the process ends.
    closing = asyncio.create_task(close())
    await asyncio.sleep(0)
    relaying = asyncio.create_task(child.relay(asyncio.get_running_loop().create_future()))
    await writer.wait_closed()
    assert process.stdin is not None
    process.stdin.close()
    await closing
    with pytest.raises(asyncio.CancelledError):
        await relaying


WARMING = """
import asyncio, socket, sys
from contextlib import asynccontextmanager
from engine.painter.process.child import serve

class Warming:
    async def warm(self):
        print("warming", flush=True)
        await asyncio.Event().wait()

@asynccontextmanager
async def open_painter(heartbeat):
    yield Warming()

asyncio.run(serve(socket.socket(fileno=int(sys.argv[1])), open_painter))
"""


async def test_a_child_that_compiles_ends_with_its_supervisor() -> None:
    """The socket closes, as it does when the supervisor is killed, while the child warms up for ever."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", WARMING, str(theirs.fileno())),
            pass_fds=[theirs.fileno()],
            stdout=subprocess.PIPE,
        )
        assert child.stdout is not None
        assert await child.stdout.readline() == b"warming\n"
    async with asyncio.timeout(60):
        assert await child.wait() == 0


def test_the_supervisor_never_imports_torch() -> None:
    code = "import engine.painter.process.supervisor, sys; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_signal_to_the_process_group_loses_no_picture_and_libraries_print_nothing(checkpoints: Path) -> None:
    """SIGINT and SIGTERM to every process of a group during a request: all its pictures still arrive.

    The process that supervises is alone in its session, so that the session's priority is lowered as well.
    """
    command = [
        sys.executable,
        "-m",
        "tests.engine.painter.process.draining_process",
        str(checkpoints / "registry.toml"),
    ]
    ran = subprocess.run(command, start_new_session=True, capture_output=True, text=True, check=True)
    sessions_have_priorities = Path("/proc/self/autogroup").exists()
    assert ran.stdout == f"4 SIGINT SIGTERM {NICENESS if sessions_have_priorities else 0}\n"
    assert ran.stderr == ""
