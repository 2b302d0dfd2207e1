"""`easel doctor`: every check runs regardless of the others, and every problem comes with a fix."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
import sqlalchemy as sa
from aiohttp import web
from prometheus_client import CollectorRegistry

from bot.settings import BotSettings
from easel.doctor.checks import (
    check_api,
    check_discord,
    check_home,
    check_packages,
    check_port,
    check_python,
    check_storage,
)
from easel.doctor.model_checks import (
    check_classifier,
    check_credentials,
    check_device,
    check_hash_list,
    check_model,
)
from easel.process.run_lock import hold_run_lock, running_port
from engine.health import open_health
from engine.settings import EngineSettings
from engine.store.database import open_database
from engine.store.embedded_postgres import open_embedded
from sandbox.server import serve
from tests.easel.command import run_easel, start_easel
from tests.easel.models import save_models_file
from tests.engine.certificates import make_credentials

MODELS_FILE = """
default = "mine"
[models.mine]
family = "sd1"
folder = "{folder}"
sha256 = "{sha256}"
"""


def _bot_settings(**variables: object) -> BotSettings:
    return BotSettings.model_validate(variables)


def _engine_settings(**variables: object) -> EngineSettings:
    return EngineSettings.model_validate(variables)


async def test_fresh_home_has_no_problem(home: Path, tmp_path: Path) -> None:
    """Every line is printed: what `easel run` will do is not set up yet, and Postgres, which starts, is not running."""
    models_file = str(save_models_file(tmp_path))
    before = await run_easel("doctor", home=home, EASEL_MODELS_FILE=models_file)
    assert (before.code, before.err) == (0, ""), before.out
    assert "schema      not set up yet; `easel run`" in before.out and "postgres, not running; it starts" in before.out
    await run_easel("migrate", home=home)
    after = await run_easel("doctor", home=home, EASEL_MODELS_FILE=models_file)
    assert (after.code, after.err) == (0, ""), after.out
    names = "Python packages EASEL_HOME Postgres schema feedback pictures device model Discord"
    for name in names.split():
        assert f"ok    {name}" in after.out
    assert "`easel models check` also loads it" in after.out
    async with open_embedded(home / "postgres") as url, open_database(url, pool_size=1) as database:
        async with database.begin() as connection:
            await connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
        outdated = await run_easel("doctor", "--quiet", home=home, EASEL_MODELS_FILE=models_file)
        shown = await run_easel("doctor", "--json", home=home, EASEL_MODELS_FILE=models_file)
    assert (outdated.code, outdated.out.count("Fix ")) == (1, 1) and "run `easel migrate`." in outdated.out
    assert "/postgres, running" in shown.out


async def test_a_reader_that_leaves_ends_it_without_a_word(home: Path) -> None:
    """As with `easel doctor | head`: what it opened is closed, and no traceback is printed over the report."""
    process = await start_easel("doctor", "--json", home=home, before=("bash", "-c", '"$@" | head -4', "bash"))
    out, err = await process.communicate()
    assert [json.loads(line)["name"] for line in out.splitlines()][-1] == "Postgres"
    assert err == b""


async def test_only_problems_are_told_to_programs_that_ask_for_them(home: Path) -> None:
    """One JSON object for each check; the port is the one that was named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = await run_easel("doctor", "--json", "--quiet", "--port", str(port), home=home)
    problems = {item["name"]: item for item in map(json.loads, done.out.splitlines())}
    assert done.code == 1
    assert problems["port"]["found"] == f"{port} is already in use" and str(port + 100) in problems["port"]["fix"]
    assert all(item["fix"] for item in problems.values())


async def test_wrong_settings_are_all_listed(home: Path) -> None:
    """Every invalid setting is listed."""
    done = await run_easel("doctor", home=home, EASEL_HOEM="x", EASEL_LOG_FORMAT="xml")
    assert done.code == 1
    assert "Did you mean EASEL_HOME?" in done.out and "'console' or 'json'" in done.out


def test_this_environment_is_whole() -> None:
    """The tests run with every package that Easel needs."""
    assert check_python().fix is None
    assert check_packages().fix is None


def test_home_in_the_way_of_a_file_is_advised(home: Path) -> None:
    """A home that cannot be a folder is named."""
    (home / "file").touch()
    fix = check_home(home / "file" / "easel").fix
    assert fix and "Not a directory" in fix


async def test_storage_that_cannot_be_written_is_advised(home: Path) -> None:
    """A picture store is tried, not believed."""
    (home / "file").touch()
    assert (await check_storage((home / "pictures").as_uri())).fix is None
    assert (await check_storage((home / "file" / "pictures").as_uri())).fix


async def test_port_in_use_is_advised() -> None:
    """The advice names another port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = await check_port(taken.getsockname()[1], 9)
    assert result.fix and "--port" in result.fix


async def test_the_port_of_the_easel_that_runs_is_checked(home: Path) -> None:
    """`easel run` leaves its port in EASEL_HOME for as long as it runs; without it, nothing runs."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert running_port(home) is None
        with hold_run_lock(home, port):
            assert running_port(home) == port
            running = await check_port(port, 9, running_port(home))
        assert running_port(home) is None
    assert (running.found, running.fix) == (f"{port} is used by Easel, which is running", None)
    stopped = await check_port(port, 9, running_port(home))
    assert (stopped.found, stopped.fix) == (f"{port} is free; not running", None)
    assert (await check_port(port, 9, 7)).found == f"{port} is free; Easel runs at 7"


async def test_running_easel_is_no_fault() -> None:
    """A port that Easel itself uses needs no mending."""

    async def find_problem() -> None:
        return None

    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with open_health("127.0.0.1", 0, CollectorRegistry(), find_problem) as health:
            result = await check_port(taken.getsockname()[1], health)
    assert result.fix is None and "running" in result.found


async def test_token_is_tried() -> None:
    """Discord is asked who the bot is; a refused token is said without repeating it."""
    async with serve() as discord:
        right = await check_discord(_bot_settings(DISCORD_TOKEN=discord.token, DISCORD_API_URL=discord.api_url))
        wrong = await check_discord(_bot_settings(DISCORD_TOKEN="wrong-token", DISCORD_API_URL=discord.api_url))
    assert right.fix is None and right.found.startswith("logged in as ")
    assert wrong.fix and "Reset Token" in wrong.fix and "wrong-token" not in f"{wrong}"


async def test_unreachable_discord_is_advised() -> None:
    """No answer is not a wrong token."""
    result = await check_discord(_bot_settings(DISCORD_TOKEN="a-token", DISCORD_API_URL="http://127.0.0.1:9/api"))
    assert result.fix and "network" in result.fix


async def test_no_token_is_no_fault() -> None:
    """Without a token there is the sandbox."""
    assert (await check_discord(_bot_settings())).fix is None


async def test_device_is_told_with_its_room() -> None:
    """The memory available, and the amount the operator set."""
    told = (await check_device(_engine_settings(EASEL_MODELS_MEMORY="7.5"))).found
    assert "GB available for weights, set to 7.5 GB" in told
    assert (await check_device(_engine_settings())).found.endswith("GB available for weights")


async def test_missing_model_is_advised_with_its_folder(tmp_path: Path) -> None:
    """The advice names the folder that was looked for."""
    models_file = tmp_path / "models.toml"
    models_file.write_text(MODELS_FILE.format(folder="nowhere", sha256=""))
    fix = (await check_model(_engine_settings(EASEL_MODELS_FILE=models_file))).fix
    assert fix and str(tmp_path / "nowhere") in fix


@pytest.mark.parametrize("damage", ["truncated", "another"])
async def test_corrupt_model_is_advised(damage: str, tmp_path: Path) -> None:
    """Weights that were cut short, or are not those that were recorded, are said to be."""
    models_file = save_models_file(tmp_path)
    if damage == "truncated":
        weights = next((tmp_path / "weights").rglob("*.safetensors"))
        weights.write_bytes(weights.read_bytes()[:-100])
    else:
        models_file.write_text(MODELS_FILE.format(folder="weights", sha256="0" * 64))
    fix = (await check_model(_engine_settings(EASEL_MODELS_FILE=models_file))).fix
    assert fix and "Restore the original files" in fix


async def test_unknown_model_is_advised_with_the_known(tmp_path: Path) -> None:
    """A misspelt EASEL_MODEL meets the names there are."""
    models_file = save_models_file(tmp_path)
    fix = (await check_model(_engine_settings(EASEL_MODELS_FILE=models_file, EASEL_MODEL="tini"))).fix
    assert fix and "Available: tiny" in fix


async def test_the_api_is_asked_at_its_public_address() -> None:
    """Not set is fine; what does not answer there, or is something else, is a problem."""

    async def describe(_: web.Request) -> web.Response:
        return web.json_response({})

    async def find_problem() -> None:
        return None

    async with open_health("127.0.0.1", 0, CollectorRegistry(), find_problem) as port:
        other = await check_api(_bot_settings(EASEL_API_URL=f"http://127.0.0.1:{port}/"))
    pages = [web.get("/openapi.json", describe)]
    async with open_health("127.0.0.1", 0, CollectorRegistry(), find_problem, pages=pages) as port:
        right = await check_api(_bot_settings(EASEL_API_URL=f"http://127.0.0.1:{port}"))
    away = await check_api(_bot_settings(EASEL_API_URL=f"http://127.0.0.1:{port}"))
    assert right.fix is None and right.found == f"answers at http://127.0.0.1:{port}"
    assert "returned HTTP 404" in other.found and "easel api" in str(other.fix)
    assert "no response" in away.found and "easel api" in str(away.fix)
    assert (await check_api(_bot_settings())).fix is None


async def test_the_classifier_is_told_also_where_there_is_none(tmp_path: Path) -> None:
    assert "none registered" in (await check_classifier(_engine_settings())).found
    models_file = tmp_path / "models.toml"
    models_file.write_text('[models.a]\nfamily = "sd1"\nfolder = "a"\n[classifiers.checker]\nfolder = "gone"\n')
    broken = await check_classifier(_engine_settings(EASEL_MODELS_FILE=models_file))
    assert broken.fix is not None and 'classifier "checker"' in broken.fix
    off = await check_classifier(_engine_settings(EASEL_MODELS_FILE=models_file, EASEL_SAFETY="off"))
    assert off.fix is None and off.found == "checker, not used because of EASEL_SAFETY=off"


async def test_hashes_and_credentials_are_checked_where_they_are_set(tmp_path: Path) -> None:
    """What is wrong with them is told, and nothing where there are none."""
    assert await check_hash_list(_engine_settings()) is None and await check_credentials(_engine_settings()) is None
    listed, made = tmp_path / "hashes.txt", make_credentials(tmp_path)
    listed.write_text("0123456789abcdef\n")
    hashes = await check_hash_list(_engine_settings(EASEL_HASHES_FILE=listed))
    assert hashes is not None and hashes.found == f"1 in {listed}" and hashes.fix is None
    listed.write_text("0123\n")
    hashes = await check_hash_list(_engine_settings(EASEL_HASHES_FILE=listed))
    assert hashes is not None and hashes.fix is not None and "line 1" in hashes.fix
    files = {"EASEL_C2PA_KEY_FILE": made.key, "EASEL_C2PA_CERTIFICATES_FILE": made.certificates}
    signing = await check_credentials(_engine_settings(**files))
    assert signing is not None and signing.fix is None
    alone = await check_credentials(_engine_settings(EASEL_C2PA_KEY_FILE=made.key))
    assert alone is not None and alone.fix is not None and "must both be set" in alone.fix
