"""`DATABASE_URL` as providers of Postgres give it: understood, or refused with one sentence that says what to do."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from easel.postgres import find_connection_problem
from engine.contract.errors import SettingsInvalid
from engine.store.database import open_database
from engine.store.postgres_url import parse_url
from migrations import is_current, read_pending
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
    with pytest.raises(SettingsInvalid) as caught:
        parse_url(f"postgresql://easel:secret@db.example:5432/easel?{query}")
    (sentence,) = caught.value.problems
    assert problem in sentence and "secret" not in sentence


@pytest.mark.parametrize("ending", [" ", "\n", "?sslmode=prefer\n"])
def test_a_space_at_the_end_is_told(ending: str) -> None:
    """It would be of the database's name, which then seems not to exist."""
    with pytest.raises(SettingsInvalid, match="has a space or a line break in it"):
        parse_url(f"postgresql://easel:secret@db.example/easel{ending}")


async def test_a_service_that_is_not_in_its_file_is_told(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asyncpg would connect to its default instead."""
    file = tmp_path / "services"
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    missing = await find_connection_problem("postgresql:///easel?service=mine")
    assert missing and f"service=mine needs the file {file}, which does not exist" in missing
    async with open_front(database_url) as front:
        file.write_text(f"[mine]\nhost=localhost\nport={front.port}\nuser={front.user}\ndbname={front.database}\n")
        assert await find_connection_problem("postgresql:///?service=mine") is None
    other = await find_connection_problem("postgresql:///easel?service=other")
    assert other and f"{file} has no service named other" in other


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
