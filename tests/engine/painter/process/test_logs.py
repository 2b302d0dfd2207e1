"""What the painting process logs is written by its supervisor, and so in the form that the operator chose."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from engine.logs import set_up_logging
from engine.painter.process.launch import PainterOptions
from engine.painter.process.supervisor import SupervisorOptions, supervise

pytestmark = pytest.mark.kills

COMPILED = '\n[models.tiny.speed]\ncompile = "blocks"\n'


@pytest.fixture(autouse=True)
def logging_put_back() -> Iterator[None]:
    """Leave logging as it was found."""
    root, kept = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**kept)


async def test_a_line_of_the_painting_process_is_json_where_others_are(
    checkpoints: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A model too large to be compiled is told by the thread that loads it, and libraries are heard too."""
    registry = checkpoints / "compiled.toml"
    _write(registry, _text(checkpoints / "registry.toml") + COMPILED)
    stream = io.StringIO()
    set_up_logging("json", process="engine", stream=stream)
    async with supervise(
        PainterOptions(registry=registry), SupervisorOptions(program="tests.engine.painter.process.cramped_child")
    ) as painter:
        pid = painter.pid
    library, model = [json.loads(line) for line in stream.getvalue().splitlines()][:2]
    for line in (library, model):
        assert (line["process"], line["level"], line["pid"]) == ("engine", "warning", pid)
    assert (library["event"], library["logger"]) == ("careful, please", "some.library")
    assert (model["event"], model["model"]) == ("not_compiled", "tiny")
    assert model["cause"] == "it is too large for the device to hold whole"
    assert "not_compiled" not in capfd.readouterr().err


async def test_the_painting_process_keeps_to_the_memory_that_it_is_given(checkpoints: Path) -> None:
    """One byte for weights: the model is painted with in parts, which it says of one that were compiled."""
    registry = checkpoints / "compiled.toml"
    _write(registry, _text(checkpoints / "registry.toml") + COMPILED)
    stream = io.StringIO()
    set_up_logging("json", process="engine", stream=stream)
    async with supervise(PainterOptions(registry=registry, max_rows=4, threads=1, budget_bytes=1)):
        assert "it is too large for the device to hold whole" in stream.getvalue()


def _write(file: Path, text: str) -> None:
    file.write_text(text)


def _text(file: Path) -> str:
    return file.read_text()
