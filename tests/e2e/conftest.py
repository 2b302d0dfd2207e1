"""The whole service, as a new user starts it: `easel run` with the shipped model, and a browser on its chat page."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tests.browser import browser, context, page, watch
from tests.easel.command import start_easel

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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def easel(home: Path) -> AsyncIterator[RunningEasel]:
    """Postgres, engine, bot and sandbox, started by one command and stopped with SIGINT."""
    process = await start_easel("run", "--port", "0", home=home)
    assert process.stdout is not None
    heard = b""
    while b"Easel is ready: " not in heard:
        line = await process.stdout.readline()
        assert line, f"easel run ended before it was ready: {heard.decode()}"
        heard += line
    yield RunningEasel(home=home, address=heard.decode().split("Easel is ready: ")[1].split()[0])
    process.send_signal(signal.SIGINT)
    await process.communicate()
