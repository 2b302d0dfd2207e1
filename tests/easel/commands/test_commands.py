"""The command line from outside: exit codes, what is printed, what is imported."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.easel.command import run_easel, start_easel

LIGHT = (["--help"], ["run", "--help"], ["repaint", "--help"], ["parse", "a red circle"])


def test_light_commands_import_nothing_heavy() -> None:
    """Help and parsing load neither torch nor discord.py nor a database driver; one interpreter runs them all."""
    program = """if True:
        import json, sys
        from easel import main
        for arguments in json.loads(sys.argv.pop()):
            sys.argv[1:] = arguments
            try:
                main()
            except SystemExit:
                pass
            heavy = {"torch", "discord", "diffusers", "sqlalchemy", "asyncpg"} & set(sys.modules)
            assert not heavy, (arguments, heavy)"""
    command = [sys.executable, "-c", program, json.dumps(LIGHT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("Usage: ") == 3 and '"a red circle"' in done.stdout


@pytest.mark.parametrize(
    ("modules", "heavy"),
    [
        ("easel.serve, sandbox.server", {"sqlalchemy", "asyncpg", "alembic", "discord", "torch"}),
        ("easel.app, easel.commands.run", {"sqlalchemy", "alembic", "aiohttp", "discord", "torch"}),
        ("easel.serve, bot.serve, easel.postgres", {"alembic", "torch"}),
        ("easel.serve, engine.serve, easel.painter, easel.postgres", {"alembic", "discord", "torch"}),
    ],
    ids=["sandbox", "run", "bot", "engine"],
)
def test_a_process_imports_only_what_it_uses(modules: str, heavy: set[str]) -> None:
    """What other processes use takes neither time nor memory in this one."""
    program = f"import sys, {modules}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert heavy & set(done.stdout.split()) == set()


async def test_parse_prints_the_specs_as_json(home: Path) -> None:
    """The array holds one object for each job of the prompt, whose words need no quotes."""
    done = await run_easel("parse", "a {red, blue}", "circle", "--ar", "3:2", home=home)
    specs = json.loads(done.out)
    assert done.code == 0
    assert [spec["parts"][0]["text"] for spec in specs] == ["a red circle", "a blue circle"]
    assert specs[0]["parameters"]["ar"] == "3:2"


async def test_parse_prints_a_repeated_prompt_once_with_its_count(home: Path) -> None:
    """Read from standard input, which a shell leaves as it is."""
    done = await run_easel("parse", "-", home=home, typed="a {red, blue, red} circle\n")
    specs = json.loads(done.out)
    assert [(spec["prompt"], spec.get("count")) for spec in specs] == [("a red circle", 2), ("a blue circle", None)]


async def test_the_version_is_the_installed_one(home: Path) -> None:
    process = await start_easel("--version", home=home)
    out, err = await process.communicate()
    assert (process.returncode, out.decode(), err) == (0, f"easel {version('easel')}\n", b"")


async def test_refused_prompt_exits_3_with_a_caret(home: Path) -> None:
    """The caret on standard error points at the error; nothing is printed to standard output."""
    done = await run_easel("parse", "a red circle --shape round", home=home)
    assert (done.code, done.out) == (3, "")
    line, carets, *_ = done.err.splitlines()
    assert carets.index("^") == line.index("--shape")


async def test_parse_judges_by_the_model_that_is_named(home: Path) -> None:
    """An empty prompt has no caret, as there is nothing to point at."""
    assert (await run_easel("parse", "--for", "starter", "a fox", "--quiet", home=home)).code == 0
    large = await run_easel("parse", "--for", "starter", "a fox --ar 9:1", home=home)
    assert large.code == 3 and "starter does not support 9:1" in large.err
    unknown = await run_easel("parse", "--for", "nobody", "a fox", home=home)
    assert unknown.err.startswith('Unknown model "nobody". Available: starter. Use one of them')
    empty = await run_easel("parse", "", home=home)
    assert empty.err.startswith("The prompt has no words.")


async def test_prompt_may_begin_with_a_flag(home: Path) -> None:
    """A prompt that starts with a flag is still the prompt."""
    done = await run_easel("parse", "--no red", home=home)
    assert "The prompt has no words" in done.err


@pytest.mark.parametrize("arguments", [("parse",), ("nonsense",), ("run", "--port", "99999"), ("export", "raw")])
async def test_wrong_usage_exits_2(arguments: tuple[str, ...], home: Path) -> None:
    """Wrong usage exits with 2 and shows the usage."""
    done = await run_easel(*arguments, home=home)
    assert done.code == 2
    assert "Usage: easel" in done.err


async def test_faults_of_the_environment_exit_4_all_at_once(home: Path) -> None:
    """Every invalid setting is reported in one sentence, without a traceback."""
    done = await run_easel("migrate", home=home, EASEL_HOEM="x", EASEL_LOG_FORMAT="xml", DATABASE_URL="mysql://x")
    assert done.code == 4
    assert "EASEL_HOEM" in done.err and "EASEL_LOG_FORMAT" in done.err and "DATABASE_URL" in done.err
    assert "Traceback" not in done.err


async def test_database_that_is_not_there_is_said(home: Path) -> None:
    """A wrong DATABASE_URL is reported in one sentence, with the address and without the password."""
    done = await run_easel("migrate", home=home, DATABASE_URL="postgresql://easel:very-secret@127.0.0.1:9/easel")
    assert done.code == 5
    assert done.err.startswith("DATABASE_URL: cannot connect to Postgres at 127.0.0.1:9.")
    assert "very-secret" not in done.err


async def test_database_that_does_not_exist_is_said(home: Path, postgres: str) -> None:
    """The server answers, but the database does not exist."""
    done = await run_easel("migrate", home=home, DATABASE_URL=postgres.replace("/postgres?", "/nowhere?"))
    assert (done.code, "has no such database" in done.err) == (5, True)


async def test_home_that_cannot_be_made_is_said(home: Path) -> None:
    """A file in the way of EASEL_HOME is reported in a sentence, not a traceback."""
    (home / "file").touch()
    done = await run_easel("migrate", home=home / "file" / "easel")
    assert done.code == 4
    assert "Traceback" not in done.err and str(home / "file") in done.err


async def test_server_that_cannot_be_made_is_said(home: Path) -> None:
    """On a full disk, the embedded server's own output is followed by what to do."""
    process = await start_easel("migrate", home=home, before=("bash", "-c", 'ulimit -f 64; exec "$@"', "bash"))
    _, err = await process.communicate()
    assert process.returncode == 5
    assert "Free some space" in err.decode() and "Traceback" not in err.decode()


async def test_migrate_says_what_it_did(home: Path) -> None:
    """The first run applies every revision, the second none; both on the embedded server of the home."""
    first = await run_easel("migrate", home=home)
    second = await run_easel("migrate", home=home)
    assert first.out.startswith("Applied 0001")
    assert (second.code, second.out) == (0, "The database schema is up to date.\n")
