"""Logging: one format for every logger, and no secret in any line."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from engine.log_limit import MOST_A_MINUTE, RepeatLimit
from engine.logs import REDACTED, redact, set_up_logging
from engine.settings import LogFormat

TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAw.GaBcDe.abcdefghijklmnopqrstuvwxyz0123456789"
INTERACTION_TOKEN = "aW50ZXJhY3Rpb246MTIzNDU2Nzg5MDEyMzQ1Njc4OTA6c2VjcmV0LXN0dWZm"
API_KEY = "easel_dGhpcyBpcyBub3QgYSByZWFsIGtleSBhdCBhbGwhISE"
PASSWORD_URL = "postgresql://easel:very-secret@db.example:5432/easel"


@pytest.fixture(autouse=True)
def logging_put_back() -> Iterator[None]:
    """Restore logging afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _logged(log_format: LogFormat, *secrets: str) -> io.StringIO:
    stream = io.StringIO()
    set_up_logging(log_format, process="bot", secrets=secrets, stream=stream)
    return stream


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_no_secret_is_logged(log_format: LogFormat) -> None:
    """No secret is logged, in a message, field, argument or traceback."""
    stream = _logged(log_format, "hunter2-hunter2")
    log = structlog.get_logger("bot.somewhere")
    log.info(f"logging in with {TOKEN}", url=f"https://discord.com/api/v10/webhooks/1/{INTERACTION_TOKEN}")
    logging.getLogger("discord.http").warning("POST %s returned 401", f"/interactions/12/{INTERACTION_TOKEN}/callback")
    logging.getLogger("asyncpg").error("cannot connect to %s", PASSWORD_URL)
    log.warning("refused", key=API_KEY)
    try:
        raise ValueError(f"the secret is hunter2-hunter2, the token {TOKEN}")
    except ValueError:
        log.exception("it broke")
    text = stream.getvalue()
    assert "logging in with" in text and "it broke" in text and "ValueError" in text
    for secret in (TOKEN, INTERACTION_TOKEN, API_KEY, "very-secret", "hunter2"):
        assert secret not in text


def test_json_lines_are_json() -> None:
    """Each line is one object with its process, level and fields, from structlog and the standard library alike."""
    stream = _logged("json")
    structlog.get_logger("a").info("job_finished", job="7")
    logging.getLogger("b").warning("careful, %s", "please")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["event"], first["job"], first["process"], first["level"]) == ("job_finished", "7", "bot", "info")
    assert (second["event"], second["level"]) == ("careful, please", "warning")


def test_ordinary_text_is_left_alone() -> None:
    """Ids, hashes and addresses without a password pass unchanged."""
    text = "job 0190a7c5-7c2b-7d3e-8f4a-9b1c2d3e4f5a at http://127.0.0.1:8642/path sha256 " + "ab" * 32
    assert redact(text) == text
    assert redact(PASSWORD_URL) == f"postgresql://{REDACTED}@db.example:5432/easel"


def test_repeated_warnings_are_limited_and_counted() -> None:
    """Ten of a kind a minute; other kinds, and what is no warning, are not limited."""
    seconds = [0.0]
    limit = RepeatLimit(clock=lambda: seconds[0])

    def written(level: int, **line: object) -> logging.LogRecord | None:
        record = logging.LogRecord("easel", level, "", 0, line, None, None)
        return record if limit.filter(record) else None

    outage = {"event": "store_unavailable", "cause": "full"}
    assert sum(written(logging.WARNING, **outage) is not None for _ in range(100)) == MOST_A_MINUTE
    assert written(logging.WARNING, **{**outage, "cause": "away"})
    assert all(written(logging.INFO, **outage) for _ in range(100))
    seconds[0] = 61.0
    first, second = written(logging.WARNING, **outage), written(logging.WARNING, **outage)
    assert first is not None and first.msg == {**outage, "left_out": 100 - MOST_A_MINUTE}
    assert second is not None and second.msg == outage


def test_a_log_line_that_repeats_is_written_ten_times() -> None:
    """From structlog and the standard library alike."""
    stream = _logged("json")
    for _ in range(50):
        structlog.get_logger("engine").warning("store_unavailable", cause="full")
        logging.getLogger("pgqueuer").error("flush failed: %s", "disk full")
    lines = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert sorted(lines) == ["flush failed: disk full"] * 10 + ["store_unavailable"] * 10
