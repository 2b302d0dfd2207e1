"""`DATABASE_URL` as providers of Postgres give it: understood, or refused with one sentence that says what to do."""

from __future__ import annotations

import socket
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest

from bot.settings import BotSettings
from easel.doctor.checks import check_notifications
from easel.postgres import find_budget_problem, find_connection_problem
from engine.contract.errors import SettingsInvalid
from engine.store.connection_budget import connection_name
from engine.store.database import open_database
from engine.store.postgres_url import parse_url
from migrations import is_current, read_pending
from tests.easel.command import run_easel, start_easel
from tests.pooler import open_pooler
from tests.tls import CERTIFICATES, open_front

ROOT = f"sslrootcert={CERTIFICATES / 'ca.crt'}"
CLIENT = f"sslcert={CERTIFICATES / 'client.crt'}&sslkey={CERTIFICATES / 'client.key'}"


async def _works_everywhere(url: str) -> None:
    """Use `url` in every way in which Easel connects."""
    assert await find_connection_problem(url) is None
    assert await is_current(url)
    assert await read_pending(url) == ()
    async with open_database(url, pool_size=2) as database:
        await database.ping()
        await (await database.listen()).close()
        assert await database.can_listen()


@pytest.mark.parametrize(
    ("query", "is_encrypted"),
    [
        ("sslmode=disable", False),
        ("sslmode=allow", False),
        ("", True),
        ("sslmode=prefer", True),
        ("sslmode=require&application_name=x&connect_timeout=10&options=-c%20geqo%3Doff", True),
        (f"sslmode=verify-ca&{ROOT}&channel_binding=prefer&target_session_attrs=read-write", True),
        (f"sslmode=verify-full&{ROOT}&{CLIENT}&gssencmode=disable&channel_binding=require", True),
        ("sslmode=require&keepalives=1&keepalives_idle=30&keepalives_count=3&tcp_user_timeout=5000", True),
    ],
)
async def test_parameters_of_encryption_are_understood(database_url: str, query: str, is_encrypted: bool) -> None:
    """Doctor, migrations, pool and listener all connect by the same parameters."""
    async with open_front(database_url) as front:
        await _works_everywhere(front.url(query))
        assert set(front.were_encrypted) == {is_encrypted}


async def test_a_client_certificate_is_sent(database_url: str) -> None:
    """A server that asks for one gets it."""
    async with open_front(database_url, needs_client_certificate=True) as front:
        await _works_everywhere(front.url(f"sslmode=require&{CLIENT}"))
        assert await find_connection_problem(front.url("sslmode=require"))


async def test_certificates_that_do_not_fit_are_told(database_url: str, tmp_path: Path) -> None:
    """Another host name, a missing file, no root certificate, and a server without encryption."""
    async with open_front(database_url) as front:
        wrong_host = await find_connection_problem(front.url(f"sslmode=verify-full&{ROOT}", host="127.0.0.1"))
        assert wrong_host and "not accepted" in wrong_host and "sslrootcert" in wrong_host
        (tmp_path / "text.crt").write_text("no certificate")
        for name, problem in (("none.crt", "does not exist"), ("", "is a folder"), ("text.crt", "no certificates")):
            with pytest.raises(SettingsInvalid, match=f"sslrootcert names {tmp_path / name}, which .*{problem}"):
                await find_connection_problem(front.url(f"sslmode=verify-ca&sslrootcert={tmp_path / name}"))
        unknown = await find_connection_problem(front.url("sslmode=verify-full&sslrootcert=system"))
        assert unknown and "not accepted" in unknown
    async with open_front(database_url, is_encrypted=False) as front:
        await _works_everywhere(front.url("sslmode=prefer"))
        plain = await find_connection_problem(front.url("sslmode=require"))
        assert plain and "does not offer encryption" in plain


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("requirepeer=a&sslcrldir=b", "requirepeer, sslcrldir are not supported"),
        ("sslmode=require&channel_binding=require", "Write sslmode=verify-full&sslrootcert=system instead"),
        ("sslmode=verify-full", "sslmode=verify-full needs sslrootcert"),
        ("keepalives_idle=long", "keepalives_idle must be a number"),
        ("passfile=/nowhere/pgpass", "passfile names /nowhere/pgpass, which does not exist"),
        ("service=mine", "service=mine needs the file /nowhere/services"),
        ("host=other.example", "the host is given twice: before the question mark and as host="),
        ("port=6543", "the port is given twice"),
        ("user=other", "the user is given twice"),
        ("password=more-secret", "the password is given twice"),
        ("dbname=other", "the dbname is given twice"),
        ("application_name=a b", "has a space or a line break in it"),
        ("sslmode=maybe", "sslmode must be one of disable, allow"),
        ("target_session_attrs=master", "target_session_attrs must be one of any, primary"),
        ("connect_timeout=soon", "connect_timeout must be a number of seconds"),
    ],
)
def test_what_is_not_supported_is_named(query: str, problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence for each, without the password."""
    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.setenv("PGSERVICEFILE", "/nowhere/services")
    with pytest.raises(SettingsInvalid) as caught:
        parse_url(f"postgresql://easel:secret@db.example:5432/easel?{query}")
    (sentence,) = caught.value.problems
    assert problem in sentence and "secret" not in sentence


@pytest.mark.parametrize("ending", [" ", "\n", "?sslmode=prefer\n"])
def test_a_space_at_the_end_is_told(ending: str) -> None:
    """It would be of the database's name, which then seems not to exist."""
    with pytest.raises(SettingsInvalid, match="has a space or a line break in it"):
        parse_url(f"postgresql://easel:secret@db.example/easel{ending}")


def test_a_service_that_is_not_in_its_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asyncpg would connect to its default instead."""
    file = tmp_path / "services"
    file.write_text("[mine]\nhost=db.example\n")
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    parse_url("postgresql:///easel?service=mine")
    with pytest.raises(SettingsInvalid, match=f"{file} has no service named other"):
        parse_url("postgresql:///easel?service=other")


async def test_host_and_port_may_be_parameters(database_url: str) -> None:
    """A port among them counts for a host before the question mark, as libpq has it."""
    async with open_front(database_url) as front:
        at = f"{front.user}@%s/{front.database}?%s"
        await _works_everywhere("postgresql://" + at % ("localhost", f"port={front.port}"))
        await _works_everywhere("postgresql://" + at % ("", f"host=localhost&port={front.port}"))


@pytest.mark.parametrize("password", ["se@cret", "se#cret", "12/secret", "se?cret"])
def test_a_password_with_special_characters_is_not_taken_for_a_host(password: str) -> None:
    """What to write instead is told, and nothing of the password."""
    with pytest.raises(SettingsInvalid) as caught:
        parse_url(f"postgresql://easel:{password}@db.example/easel")
    (sentence,) = caught.value.problems
    assert "percent-encoded" in sentence and "secret" not in sentence and "cret" not in sentence


@pytest.mark.parametrize(
    "host", ["db:99999", "db:0", "db:-1", "db..example", f"{'d' * 64}.example", ",", "db,", "db,b:99999"]
)
async def test_what_is_no_host_is_told(host: str) -> None:
    """Before it is looked up, which raises errors of other kinds."""
    with pytest.raises(SettingsInvalid) as caught:
        await find_connection_problem(f"postgresql://easel:secret@{host}/easel")
    (sentence,) = caught.value.problems
    assert "must look like postgresql://" in sentence and "secret" not in sentence


async def test_what_the_server_does_not_know_is_named(database_url: str) -> None:
    """A parameter of another program is refused by Postgres, which says so."""
    problem = await find_connection_problem(f"{database_url}&pgbouncer=true")
    assert problem and 'unrecognized configuration parameter "pgbouncer"' in problem


async def test_hosts_are_tried_in_turn(database_url: str) -> None:
    """One that refuses and one that never answers are passed over, within the timeout for each."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with open_front(database_url) as front:
            hosts = f"127.0.0.1:1,127.0.0.1:{silent.getsockname()[1]},localhost:{front.port}"
            url = f"postgresql://{front.user}@{hosts}/{front.database}?connect_timeout=1&target_session_attrs="
            for target in ("primary", "prefer-standby"):
                async with open_database(url + target, pool_size=1) as database:
                    await database.ping()
            problem = await find_connection_problem(url + "standby")
    assert problem and "target_session_attrs" in problem and "127.0.0.1:1, 127.0.0.1:" in problem


async def test_commands_say_what_a_url_lacks(home: Path, database_url: str) -> None:
    """A service ends with one sentence for each problem."""
    url = f"{database_url}&sslcrldir=x&sslmode=none"
    engine = await run_easel("bot", home=home, DATABASE_URL=url, DISCORD_TOKEN="a-token")
    assert engine.err.splitlines() == [
        "DATABASE_URL: sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full, not none.",
        "DATABASE_URL: sslcrldir is not supported. Remove it from the URL.",
    ]
    assert engine.code == 1


async def test_a_pooler_works_and_is_named(home: Path, postgres: str, empty_url: str) -> None:
    """The schema is made through it, and the doctor says which setting brings notifications."""
    async with open_pooler(empty_url) as pooler:
        migrated = await run_easel("migrate", home=home, DATABASE_URL=pooler.url)
        assert migrated.code == 0, migrated.err
        alone = await check_notifications(_settings(DATABASE_URL=pooler.url))
        assert alone.fix and "Set EASEL_LISTEN_DATABASE_URL to" in alone.fix
        both = await check_notifications(_settings(DATABASE_URL=pooler.url, EASEL_LISTEN_DATABASE_URL=empty_url))
        assert both.fix is None
        pooled = await check_notifications(_settings(DATABASE_URL=empty_url, EASEL_LISTEN_DATABASE_URL=pooler.url))
        assert pooled.fix and pooled.fix.startswith("EASEL_LISTEN_DATABASE_URL points to a pooler")
        other = await check_notifications(_settings(DATABASE_URL=pooler.url, EASEL_LISTEN_DATABASE_URL=postgres))
        assert other.fix and "another database" in other.fix


@pytest.mark.parametrize("service", ["bot", "engine"])
async def test_services_state_their_connections(home: Path, database_url: str, service: str) -> None:
    """Each says how many it may open, and what it lacks."""
    async with open_pooler(database_url) as pooler:
        process = await start_easel(
            service,
            "--health-port",
            "0",
            home=home,
            DATABASE_URL=pooler.url,
            DISCORD_TOKEN="a-token",
            DISCORD_API_URL="http://127.0.0.1:9/api",
        )
        assert process.stderr is not None
        said = b""
        while b"EASEL_LISTEN_DATABASE_URL" not in said:
            line = await process.stderr.readline()
            assert line, said
            said += line
        assert b"at_most=5" in said
        process.terminate()
        await process.communicate()


def _settings(**variables: str) -> BotSettings:
    return BotSettings.model_validate(variables)


async def test_errors_of_the_database_have_a_sentence(home: Path, database_url: str, tmp_path: Path) -> None:
    """A role without rights sees what to grant, and tables of another program are called that."""
    owner = await asyncpg.connect(database_url)
    await owner.execute("CREATE ROLE nobody_special LOGIN")
    await owner.execute("GRANT SELECT ON alembic_version TO nobody_special")
    try:
        url = database_url.replace("postgres@", "nobody_special@")
        refused = await run_easel("export", "raw", "-o", str(tmp_path / "out"), home=home, DATABASE_URL=url)
        assert refused.code == 1 and "permission denied" in refused.err and "easel migrate" in refused.err
        await owner.execute("DROP TABLE alembic_version")
        foreign = await run_easel("migrate", home=home, DATABASE_URL=database_url)
        assert foreign.code == 1 and "another program" in foreign.err
        assert "Traceback" not in refused.err + foreign.err
    finally:
        await owner.execute("DROP OWNED BY nobody_special")
        await owner.execute("DROP ROLE nobody_special")
        await owner.close()


async def test_too_few_connections_are_told(database_url: str) -> None:
    """Whether the server, the role or the database has the limit that is reached first."""
    owner = await asyncpg.connect(database_url)
    name = await owner.fetchval("SELECT current_database()")
    await owner.execute("CREATE ROLE limited LOGIN CONNECTION LIMIT 4")
    url = database_url.replace("postgres@", "limited@")
    try:
        assert await find_budget_problem(_settings(DATABASE_URL=url, EASEL_DATABASE_CONNECTIONS="4")) is None
        of_role = await find_budget_problem(_settings(DATABASE_URL=url))
        await owner.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 3")
        of_database = await find_budget_problem(_settings(DATABASE_URL=url))
        await owner.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 1")
        none_left = await find_connection_problem(url)
        of_server = await find_budget_problem(_settings(DATABASE_URL=database_url, EASEL_DATABASE_CONNECTIONS="100"))
    finally:
        await owner.execute("DROP ROLE limited")
        await owner.close()
    assert of_role and "has 4 free connections" in of_role and "EASEL_DATABASE_CONNECTIONS" in of_role
    assert of_database and "has 2 free connections" in of_database
    assert none_left and "no free connections" in none_left
    assert of_server and "may open 100" in of_server


async def test_connections_that_others_may_still_open_are_not_free(database_url: str) -> None:
    """Two bots or engines that have opened one of five leave eight less; the one that asks has its own."""
    owner = await asyncpg.connect(database_url)
    await owner.execute("CREATE ROLE sharing LOGIN CONNECTION LIMIT 15")
    url = database_url.replace("postgres@", "sharing@")
    names = [connection_name(5) for _ in range(3)]
    open_pools = AsyncExitStack()
    try:
        for name in names:
            assert await find_budget_problem(_settings(DATABASE_URL=url), name) is None
            database = await open_pools.enter_async_context(open_database(url, pool_size=4, name=name))
            await database.ping()
        assert await find_budget_problem(_settings(DATABASE_URL=url), names[0]) is None
        assert await find_budget_problem(_settings(DATABASE_URL=url)) is None
        fourth = await find_budget_problem(_settings(DATABASE_URL=url), connection_name(5))
    finally:
        await open_pools.aclose()
        await owner.execute("DROP ROLE sharing")
        await owner.close()
    assert fourth and "has 0 free connections beside those of the 3 bots and engines that run" in fourth


@pytest.mark.parametrize(
    "arguments",
    [("engine",), ("migrate",), ("export", "raw", "-o", "x")],
    ids=lambda arguments: arguments[0],
)
async def test_a_schema_of_a_newer_release_is_told(home: Path, database_url: str, arguments: tuple[str, ...]) -> None:
    """A service and the commands name the release that wrote it, and what to do."""
    owner = await asyncpg.connect(database_url)
    await owner.execute("UPDATE alembic_version SET version_num = '9999'")
    await owner.execute("COMMENT ON TABLE alembic_version IS 'Easel 8.1'")
    await owner.close()
    done = await run_easel(*arguments, home=home, DATABASE_URL=database_url, DISCORD_TOKEN="a-token")
    said = done.err.strip().splitlines()[-1]
    assert "(revision 9999) was written by Easel 8.1. This is Easel " in said and "restore the backup" in said
    assert done.code == 1 and "Traceback" not in done.err
