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


async def test_log_lines_of_the_painting_process_have_the_format_of_the_others(
    checkpoints: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The loading thread logs that a model is too large to be compiled, and libraries log too."""
    registry = _compiled(checkpoints, tmp_path)
    stream = io.StringIO()
    set_up_logging("json", process="engine", stream=stream)
    async with supervise(
        PainterOptions(registry=registry), SupervisorOptions(program="tests.engine.painter.process.small_device_child")
    ) as painter:
        pid = painter.pid
    library, model = [json.loads(line) for line in stream.getvalue().splitlines()][:2]
    for line in (library, model):
        assert (line["process"], line["level"], line["pid"]) == ("engine", "warning", pid)
    assert (library["event"], library["logger"]) == ("careful, please", "some.library")
    assert (model["event"], model["model"]) == ("not_compiled", "tiny")
    assert model["cause"] == "the device is too small for the whole model"
    assert "not_compiled" not in capfd.readouterr().err


async def test_the_painting_process_respects_its_memory_budget(checkpoints: Path, tmp_path: Path) -> None:
    """One byte for weights: the model is painted with in parts, which it says of one that were compiled."""
    registry = _compiled(checkpoints, tmp_path)
    stream = io.StringIO()
    set_up_logging("json", process="engine", stream=stream)
    async with supervise(PainterOptions(registry=registry, max_rows=4, threads=1, budget_bytes=1)):
        assert "the device is too small for the whole model" in stream.getvalue()


def _compiled(checkpoints: Path, folder: Path) -> Path:
    """Write a registry of the same models, the tiny one compiled, to a folder of the test's own."""
    text = (checkpoints / "registry.toml").read_text()
    for key in ("folder", "file"):
        text = text.replace(f'{key} = "', f'{key} = "{checkpoints}/')
    (folder / "registry.toml").write_text(text + COMPILED)
    return folder / "registry.toml"
