"""The whole service, as a new user starts it: `easel run` with the shipped model, and a browser on its chat page.

Beside the model, which is the shipped one, are a segmenter, a captioner and a ControlNet, all tiny.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
import torch
from diffusers import ControlNetModel, UNet2DConditionModel

from engine.models.registry.registry import SHIPPED
from tests.browser import browser, context, page, watch
from tests.easel.command import start_easel
from tests.engine.painter.captioners import save_captioner
from tests.engine.painter.segmenters import save_segmenter
from tests.sharing import made_once

WEIGHTS = Path(__file__).parents[2] / "engine" / "starter" / "weights"

__all__ = ["browser", "context", "easel", "page", "watch"]


@dataclass(frozen=True, kw_only=True)
class RunningEasel:
    """A running Easel: its home and the URL of its chat page."""

    home: Path
    address: str


@pytest.fixture(scope="session")
def home(shared_folder: Path) -> Iterator[Path]:
    """An empty `EASEL_HOME`, outside pytest's folder, which the embedded server's user cannot read."""
    folder = Path(tempfile.mkdtemp(prefix="e2e-", dir=shared_folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def models_file(home: Path, shared_folder: Path) -> Path:
    """The shipped models file, with what works with its model."""
    torch.set_num_threads(1)
    folders = {
        "segmenters": made_once(shared_folder / "segmenter", save_segmenter),
        "captioners": made_once(shared_folder / "captioner", save_captioner),
        "controls": made_once(shared_folder / "starter-control", save_starter_control),
    }
    shipped = SHIPPED.read_text().replace("../../starter/weights", str(WEIGHTS))
    tables = [f'[{kind}.tiny]\nfolder = "{folder}"\n' for kind, folder in folders.items()]
    file = home / "models.toml"
    file.write_text("\n".join([shipped, *tables, 'family = "sd1"\nkind = "edges"\n']))
    return file


def save_starter_control(folder: Path) -> None:
    """Save a ControlNet of the starter, as it is before its training: it changes nothing yet."""
    unet = UNet2DConditionModel.from_pretrained(WEIGHTS / "unet")
    ControlNetModel.from_unet(unet).save_pretrained(folder, safe_serialization=True)


@asynccontextmanager
async def serving(home: Path, models_file: Path, **variables: str) -> AsyncIterator[RunningEasel]:
    """Postgres, engine, bot and sandbox, started by one command and stopped with SIGINT."""
    variables["EASEL_MODELS_FILE"] = str(models_file)
    process = await start_easel("run", "--port", "0", home=home, before=(), **variables)
    assert process.stdout is not None
    heard = b""
    while b"Easel is ready: " not in heard:
        line = await process.stdout.readline()
        assert line, f"easel run ended before it was ready: {heard.decode()}"
        heard += line
    yield RunningEasel(home=home, address=heard.decode().split("Easel is ready: ")[1].split()[0])
    process.send_signal(signal.SIGINT)
    await process.communicate()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def easel(home: Path, models_file: Path) -> AsyncIterator[RunningEasel]:
    """The one service that tests share: what they look for names their own prompts."""
    async with serving(home, models_file) as running:
        yield running
