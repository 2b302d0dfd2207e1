"""`easel run` and `easel imagine` as real processes: from nothing to a picture, and back to nothing."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import tempfile
from asyncio.subprocess import Process
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import psutil
import pytest
from PIL import Image

from engine.store.database import open_database
from engine.store.operator_jobs import OPERATOR_ID
from engine.store.queue_position import count_pending
from sandbox.server import serve
from tests.easel.command import run_easel, start_easel
from tests.easel.models import save_models_file
from tests.engine.painter.checkpoints import save_lora, save_sdxl

pytestmark = [pytest.mark.kills, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def models_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that registers a model of a few kilobytes."""
    return save_models_file(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def old_home(shared_folder: Path) -> Iterator[Path]:
    """A home that the tests of this module share, so that all but the first find it initialised."""
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=shared_folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


async def _address_when_ready(process: Process) -> str:
    assert process.stdout is not None
    while line := (await process.stdout.readline()).decode():
        if "Easel is ready: " in line:
            return line.split("Easel is ready: ")[1].split()[0]
    assert process.stderr is not None
    raise AssertionError((await process.stderr.read()).decode())


def _processes_of(home: Path) -> list[str]:
    """Return the command lines of what runs for `home`, Postgres included."""
    found = []
    for process in psutil.process_iter():
        try:
            is_ours = process.environ().get("EASEL_HOME") == str(home) or str(home) in " ".join(process.cmdline())
            if is_ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


async def _until_none_is_left(home: Path) -> None:
    # Postgres counts as stopped a moment before its last process has ended, which announces that to nobody.
    while _processes_of(home):  # noqa: ASYNC110
        await asyncio.sleep(0.1)


def _names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def _status(address: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        return answer.status


@pytest.mark.parametrize("start", ["first", "second"])
async def test_run_serves_and_leaves_nothing(start: str, old_home: Path, models_file: Path) -> None:
    """One line prints the address when it is ready; Ctrl-C ends every process, Postgres too, with exit code 0."""
    process = await start_easel("run", "--port", "0", home=old_home, EASEL_MODELS_FILE=str(models_file))
    assert await _status(await _address_when_ready(process)) == 200
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 0
    assert "Traceback" not in err.decode()
    await _until_none_is_left(old_home)


async def test_run_uses_the_database_it_is_given(home: Path, models_file: Path, empty_url: str) -> None:
    """With DATABASE_URL, that database is migrated and no embedded server is started."""
    process = await start_easel(
        "run", "--port", "0", home=home, EASEL_MODELS_FILE=str(models_file), DATABASE_URL=empty_url
    )
    assert await _status(await _address_when_ready(process)) == 200
    process.send_signal(signal.SIGTERM)
    await process.communicate()
    assert process.returncode == 0
    assert "postgres" not in _names_in(home)


async def test_killed_run_leaves_no_process(old_home: Path, models_file: Path) -> None:
    """After SIGKILL of the parent the children end by themselves, and Postgres with the last of them."""
    process = await start_easel("run", "--port", "0", home=old_home, EASEL_MODELS_FILE=str(models_file))
    await _address_when_ready(process)
    process.kill()
    await process.wait()
    await _until_none_is_left(old_home)


async def test_imagine_and_export_alone(old_home: Path, models_file: Path, tmp_path: Path) -> None:
    """With nothing running, `imagine` starts an engine, says so, and paints a grid that `export` then writes."""
    grid, folder = tmp_path / "grid.png", tmp_path / "export"
    painted = await run_easel(
        "imagine", "a red circle [/] --seed 7", "-o", str(grid), home=old_home, EASEL_MODELS_FILE=str(models_file)
    )
    assert (painted.code, painted.out) == (0, f"{grid}\n"), painted.err
    assert "No engine is running." in painted.err and "engine_ready" not in painted.err
    with Image.open(grid) as image:
        assert image.size == (64, 64)
    exported = await run_easel("export", "raw", "-o", str(folder), home=old_home)
    assert exported.code == 0, exported.err
    jobs = [json.loads(line) for line in (folder / "jobs.jsonl").read_text().splitlines()]
    assert [job["spec"]["prompt"] for job in jobs] == ["a red circle [/] --seed 7"]
    picture = painted.err.split("Picture 1: ")[1].split()[0]
    await _check_restored(old_home, tmp_path / "backup", models_file, picture)
    await _until_none_is_left(old_home)


async def _check_restored(home: Path, backup: Path, models_file: Path, picture: str) -> None:
    """Back up, restore into an empty home, and paint a picture again there, which is the one that was restored."""
    assert (await run_easel("backup", str(backup), home=home)).code == 0
    restored = home.with_name(f"{home.name}-restored")
    try:
        assert (await run_easel("restore", str(backup), home=restored)).code == 0
        again = ("repaint", picture, "-o", str(backup.with_name("again.png")))
        done = await run_easel(*again, home=restored, EASEL_MODELS_FILE=str(models_file))
        assert (done.code, "identical to the stored picture" in done.out) == (0, True), done.err
    finally:
        shutil.rmtree(restored, ignore_errors=True)


async def test_interrupted_imagine_cancels_its_job(home: Path, models_file: Path, database_url: str) -> None:
    """Without an engine there is a hint; Ctrl-C then cancels the job."""
    process = await start_easel(
        "imagine", "a cat", home=home, EASEL_MODELS_FILE=str(models_file), DATABASE_URL=database_url
    )
    assert process.stderr is not None
    while b"Still waiting for an engine" not in await process.stderr.readline():
        assert process.returncode is None
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 130
    assert b"Traceback" not in err
    async with open_database(database_url) as database, database.begin() as connection:
        assert await count_pending(connection, OPERATOR_ID) == 0


async def test_imagine_gives_up_where_no_engine_is(
    home: Path, models_file: Path, database_url: str, tmp_path: Path
) -> None:
    """A script does not wait for ever: the job is cancelled, and the sentence says what to start."""
    arguments = ("imagine", "a cat", "-o", str(tmp_path / "grid.png"), "--wait", "1s")
    done = await run_easel(*arguments, home=home, EASEL_MODELS_FILE=str(models_file), DATABASE_URL=database_url)
    assert (done.code, done.out) == (8, "") and "No engine has come for the job" in done.err
    async with open_database(database_url) as database, database.begin() as connection:
        assert await count_pending(connection, OPERATOR_ID) == 0


async def test_port_in_use_is_said(home: Path) -> None:
    """A port in use is reported before anything starts, with another port to try."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = await run_easel("run", "--port", str(port), home=home)
    assert done.code == 4
    assert f"Port {port} is already in use" in done.err and "--port" in done.err
    assert not _names_in(home)


async def test_home_that_cannot_be_made_is_said(home: Path) -> None:
    """A file in the way of EASEL_HOME is reported in a sentence by every process."""
    (home / "file").touch()
    done = await run_easel("run", "--port", "0", home=home / "file" / "easel")
    assert done.code == 4
    assert str(home / "file") in done.err and "Traceback" not in done.err


async def test_missing_model_is_said(old_home: Path, tmp_path: Path) -> None:
    """A missing model stops everything and names the folder that was expected."""
    models = tmp_path / "models.toml"
    models.write_text('default = "gone"\n[models.gone]\nfamily = "sd1"\nfolder = "nowhere"\n')
    done = await run_easel("run", "--port", "0", home=old_home, EASEL_MODELS_FILE=str(models))
    assert done.code == 7
    assert f"Model not found: {tmp_path / 'nowhere'}" in done.err
    assert "Failed to start engine" in done.out
    assert "Traceback" not in done.err


async def test_corrupt_model_is_said(old_home: Path, tmp_path: Path) -> None:
    """Truncated weights stop everything, with the file and what to do."""
    models_file = save_models_file(tmp_path)
    weights = next((tmp_path / "weights" / "unet").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-100])
    done = await run_easel("run", "--port", "0", home=old_home, EASEL_MODELS_FILE=str(models_file))
    assert done.code == 7
    assert str(weights.name) in done.err and "Restore the original files" in done.err
    assert "Traceback" not in done.err


async def test_wrong_token_is_said(old_home: Path, models_file: Path) -> None:
    """A rejected token stops everything, with what to do and without the token itself."""
    async with serve() as discord:
        done = await run_easel(
            "run",
            "--port",
            "0",
            home=old_home,
            EASEL_MODELS_FILE=str(models_file),
            DISCORD_TOKEN="not-the-token",
            DISCORD_API_URL=discord.api_url,
        )
    assert done.code == 4
    assert "DISCORD_TOKEN" in done.err and "not-the-token" not in done.err
    assert "Traceback" not in done.err


async def test_bot_without_token_is_said(old_home: Path) -> None:
    """The bot alone needs a token."""
    done = await run_easel("bot", home=old_home)
    assert done.code == 4
    assert done.err.startswith("DISCORD_TOKEN is not set")


async def test_refused_flag_of_imagine_exits_3(old_home: Path, models_file: Path, tmp_path: Path) -> None:
    """A flag that the model does not support is reported before anything starts."""
    done = await run_easel(
        "imagine",
        "a cat --p",
        "-o",
        str(tmp_path / "x.png"),
        home=old_home,
        EASEL_MODELS_FILE=str(models_file),
    )
    assert done.code == 3
    assert "--p is not available on this server. Remove it." in done.err


async def test_adapter_that_does_not_fit_exits_3(old_home: Path, tmp_path: Path) -> None:
    """A caret points at the adapter, the part that does not fit is named, and nothing is queued."""
    models_file = save_models_file(tmp_path)
    save_lora(tmp_path / "big.safetensors", save_sdxl(tmp_path / "sdxl"), seed=1)
    with models_file.open("a") as file:
        file.write('\n[adapters.big]\nfile = "big.safetensors"\nfamily = "sd1"\n')
    grid = tmp_path / "x.png"
    done = await run_easel(
        "imagine", "a cat --lora big:0.5", "-o", str(grid), home=old_home, EASEL_MODELS_FILE=str(models_file)
    )
    line, carets, sentence = done.err.splitlines()
    assert (done.code, line, carets.strip()) == (3, "a cat --lora big:0.5", "^^^")
    assert carets.index("^") == line.index("big") and sentence.startswith("big does not fit tiny: unet.")


@pytest.mark.parametrize("output", ["nowhere/grid.png", "grid.doc"])
async def test_output_that_cannot_be_written_exits_2(output: str, old_home: Path, tmp_path: Path) -> None:
    """A bad output path is reported before anything is painted."""
    done = await run_easel("imagine", "a cat", "-o", str(tmp_path / output), home=old_home)
    assert done.code == 2
    assert "Usage: easel imagine" in done.err
