"""What is wrong with a request is a sentence that says what to do, in OpenAI's shape, and nothing is started."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from json import dumps, loads
from typing import Any

import pytest
from openai import AsyncOpenAI, AuthenticationError, PermissionDeniedError, RateLimitError
from yarl import URL

from api import replies
from api.refusals import refusal_of, refusal_of_cause
from engine.contract import errors
from engine.contract.api_keys import Scope
from engine.contract.ids import new_id
from engine.store.api_keys import KeyOptions, create_key, read_keys, revoke_key
from engine.store.jobs import submit_job
from engine.store.restrictions import ban_member
from tests.api.conftest import RunningApi
from tests.bot.test_replies import SAMPLES, leaves
from tests.engine.worker.following import count, until
from tests.fakes import request_for

GENERATIONS = "/v1/images/generations"
EDITS = "/v1/images/edits"


async def test_keys_that_may_not(api: RunningApi, secret: str) -> None:
    """None, a wrong one, one in the address, one without the scope, and one that is revoked while it is used."""
    status, body, _ = await api.ask("GET", "/v1/models")
    assert (status, code_of(body)) == (401, "missing_api_key")
    with pytest.raises(AuthenticationError, match="This API key is wrong"):
        await api.client(secret + "x").models.list()
    for query in (f"?api_key={secret}", "?KEY=1", f"?q={secret}"):
        status, body, _ = await api.ask("GET", f"/v1/models{query}", secret)
        assert (status, code_of(body)) == (400, "key_in_address")
        assert "does not belong in an address" in message_of(body)
    key, narrow = await api.key(KeyOptions(name="", scopes=frozenset({Scope.MODELS})))
    await api.client(narrow).models.list()
    with pytest.raises(PermissionDeniedError, match='lacks the scope "paint"'):
        await api.client(narrow).images.generate(prompt="a cat")
    async with api.database.begin() as connection:
        await revoke_key(connection, str(key.id))
    with pytest.raises(AuthenticationError, match="was revoked"):
        await api.client(narrow).models.list()
    assert await count(api.database, "SELECT count(*) FROM jobs") == 0


async def test_a_banned_owner_starts_nothing(api: RunningApi, secret: str) -> None:
    """Their key still lists the models, and the refusal says why."""
    async with api.database.begin() as connection:
        (key,) = await read_keys(connection)
        await ban_member(connection, key.member_id, "spam", datetime(2099, 1, 2, 3, 4, tzinfo=UTC))
    with pytest.raises(PermissionDeniedError, match=r"banned until 2099-01-02 03:04 UTC\. .* Reason: spam"):
        await api.client(secret).images.generate(prompt="a cat")
    await api.client(secret).models.list()
    assert await count(api.database, "SELECT count(*) FROM jobs") == 0


@pytest.mark.parametrize("api", [True, False], indirect=True)
async def test_a_members_own_key_acts_for_them(api: RunningApi, request: pytest.FixtureRequest) -> None:
    """Where they are switched on; what they have under way elsewhere counts."""
    member_id, options = new_id(), KeyOptions(name="member", jobs_at_once=2)
    api.painter.open.clear()
    async with api.database.begin() as connection:
        created = await create_key(connection, options, member_id=member_id)
        assert await create_key(connection, replace(options, name="another"), member_id=member_id) is None
        await submit_job(connection, request_for(member_id, "in Discord"))
    assert created is not None
    client = api.client(created[1], max_retries=0)
    if not request.node.callspec.params["api"]:
        with pytest.raises(AuthenticationError, match="switched off"):
            await client.models.list()
        return
    status, job, _ = await api.ask("POST", "/v1/jobs", created[1], json={"prompt": "a cat"})
    assert status == 202
    assert await count(api.database, "SELECT count(*) FROM jobs GROUP BY member_id") == 2
    with pytest.raises(RateLimitError):
        await client.images.generate(prompt="a dog")
    await api.ask("POST", f"/v1/jobs/{job['id']}/cancel", created[1])


@pytest.mark.parametrize(
    ("given", "code", "sentence"),
    [
        ({"prompt": "a cat", "n": 1000}, "invalid_value", "Invalid value for 'n': it must be at most 10."),
        ({"prompt": "a cat", "n": 0}, "invalid_value", "at least 1"),
        ({"prompt": "a cat", "n": "many"}, "invalid_value", "a whole number"),
        ({"prompt": "a cat", "colour": "red"}, "unknown_parameter", "Unknown parameter: 'colour'."),
        ({}, "missing_required_parameter", "Missing required parameter: 'prompt'."),
        ({"prompt": None}, "missing_required_parameter", "'prompt'"),
        ({"prompt": ["a"]}, "invalid_value", "text"),
        ({"prompt": "a cat", "size": "huge"}, "invalid_value", "such as 1024x1024"),
        ({"prompt": "a cat", "quality": "best"}, "invalid_value", "one of 'auto', 'low'"),
        ({"prompt": "a cat", "background": "transparent"}, "unsupported_background", "Use `opaque`"),
        ({"prompt": "a cat", "user": "x" * 600}, "invalid_value", "at most 512 characters"),
        ({"prompt": "a cat --turbo"}, "invalid_prompt", "remove --turbo"),
        ({"prompt": "a cat --sede 7"}, "invalid_prompt", "--sede"),
        ({"prompt": "a {red, blue} cat"}, "invalid_prompt", "The limit is 1."),
        ({"prompt": "https://example.com/cat.png a cat"}, "invalid_prompt", "Send them as files"),
        ({"prompt": "a cat", "model": "nope"}, "model_not_found", "Available: other, fake, narrow."),
    ],
)
async def test_parameters_that_are_wrong(
    api: RunningApi, secret: str, given: dict[str, Any], code: str, sentence: str
) -> None:
    status, body, _ = await api.ask("POST", GENERATIONS, secret, json=given)
    assert (status // 100, code_of(body)) == (4, code)
    assert sentence in message_of(body)
    assert await count(api.database, "SELECT count(*) FROM jobs") == 0


@pytest.mark.filterwarnings("ignore::aiohttp.BadContentDispositionHeader")
async def test_bodies_that_are_none(api: RunningApi, secret: str) -> None:
    """No JSON, no object, no form, a form that is cut, addresses and methods that are not there."""
    for data in (b"{", b"[]", b"\xff", b"", b"[" * 100_000, b'{"prompt": ' + b"[" * 100_000):
        status, body, _ = await api.ask("POST", GENERATIONS, secret, data=data)
        assert (status, code_of(body)) == (400, "invalid_json")
    status, body, _ = await api.ask("POST", EDITS, secret, json={"prompt": "a cat"})
    assert (status, code_of(body)) == (415, "unsupported_media_type")
    cut = {"data": b"--x\r\nContent-Disposition: form-data; na", "headers": {"Content-Type": FORM}}
    status, body, _ = await api.ask("POST", EDITS, secret, **cut)
    assert (status, code_of(body)) == (400, "invalid_form")
    status, body, _ = await api.ask(
        "POST", EDITS, secret, data=form("prompt", b"a cat"), headers={"Content-Type": FORM}
    )
    assert (status, message_of(body)) == (400, replies.NO_IMAGE)
    for head in (b"A: b\r\n" * 1000, b"A: " + b"b" * 100_000 + b"\r\n"):
        data = b"--x\r\n" + head + b"\r\na cat\r\n--x--\r\n"
        status, body, _ = await api.ask("POST", EDITS, secret, data=data, headers={"Content-Type": FORM})
        assert (status, code_of(body)) == (400, "invalid_form")
    for path, kind, code in ((GENERATIONS, "application/json", "invalid_json"), (EDITS, FORM, "invalid_form")):
        headers = {"Content-Type": kind, "Content-Encoding": "gzip"}
        status, body, _ = await api.ask("POST", path, secret, data=form("prompt", b"a cat"), headers=headers)
        assert (status, code_of(body)) == (400, code)
    status, body, _ = await api.ask("GET", "/v1/chat/completions", secret)
    assert (status, message_of(body)) == (404, replies.HTTP[404])
    status, body, headers = await api.ask("DELETE", GENERATIONS, secret)
    assert (status, headers["Allow"]) == (405, "POST")


FORM = "multipart/form-data; boundary=x"


def form(name: str, content: bytes) -> bytes:
    """Return a form with one field."""
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n--x--\r\n"


async def heads(size: int) -> AsyncIterator[bytes]:
    """Yield a form of so many megabytes, whose fields are empty."""
    field = (
        b"--x\r\nA: " + bytes(4000).replace(b"\0", b"b") + b'\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
    )
    for _ in range(size):
        yield field * 256


async def endless(size: int) -> AsyncIterator[bytes]:
    """Yield a body of so many megabytes, whose length is not announced."""
    yield b'--x\r\nContent-Disposition: form-data; name="image[]"; filename="a.png"\r\n\r\n'
    for _ in range(size):
        yield bytes(2**20)


@pytest.mark.filterwarnings("ignore:Sending a large body")
async def test_bodies_that_are_too_large(api: RunningApi, secret: str) -> None:
    """Announced or not, as JSON or as a form; what is read is counted, and the connection is usable or closed."""
    hundred = bytes(100 * 2**20)
    for path, data, content_type, expected in (
        (GENERATIONS, hundred, "application/json", (413, "body_too_large")),
        (GENERATIONS, endless(100), "application/json", (413, "body_too_large")),
        (EDITS, hundred, FORM, (413, "body_too_large")),
        (EDITS, endless(100), FORM, (400, "invalid_image")),
        (EDITS, heads(100), FORM, (413, "body_too_large")),
    ):
        status, body, _ = await api.ask("POST", path, secret, data=data, headers={"Content-Type": content_type})
        assert (status, code_of(body)) == expected
    assert (await api.ask("GET", "/v1/models", secret))[0] == 200


async def test_quotas(api: RunningApi) -> None:
    """Jobs at once can be asked for again, those of a day not before it is over; the key's own are counted alone."""
    _, narrow = await api.key(KeyOptions(name="", jobs_at_once=1, jobs_per_day=2))
    client = api.client(narrow, max_retries=0)
    api.painter.open.clear()
    waiting = asyncio.create_task(client.images.generate(prompt="a cat"))

    async def is_painting() -> bool:
        return len(api.painter.requests) == 1

    await until(is_painting)
    with pytest.raises(RateLimitError, match="may have 1 unfinished jobs") as caught:
        await client.images.generate(prompt="a dog")
    assert caught.value.code == "rate_limit_exceeded" and int(caught.value.response.headers["Retry-After"]) > 0
    api.painter.open.set()
    await waiting
    await client.images.generate(prompt="a dog")
    # With its retries: it is told not to use them.
    with pytest.raises(RateLimitError, match="2 jobs in 24 hours, and 0 are left") as caught:
        await api.client(narrow).images.generate(prompt="a bird")
    assert caught.value.code == "insufficient_quota"
    assert caught.value.response.headers["x-ratelimit-reset-requests"].startswith("23h59m")
    assert await count(api.database, "SELECT count(*) FROM jobs") == 2
    _, other = await api.key()
    await api.client(other).images.generate(prompt="a bird")


async def test_what_belongs_to_another_key_is_not_there(api: RunningApi, client: AsyncOpenAI) -> None:
    """Neither its jobs nor its pictures, and ids that are none are said."""
    images = await client.images.generate(prompt="a cat")
    assert images.data is not None
    picture = images.data[0].id  # type: ignore[attr-defined]
    _, other = await api.key()
    status, body, _ = await api.ask("GET", f"/v1/pictures/{picture}", other)
    assert (status, message_of(body)) == (404, "This key has no such picture.")
    status, body, _ = await api.ask("POST", "/v1/jobs", other, json={"operation": "vary", "picture": picture})
    assert status == 404
    for path in ("/v1/jobs/7", "/v1/pictures/7"):
        status, body, _ = await api.ask("GET", path, other)
        assert (status, message_of(body)) == (400, replies.BAD_ID)


@pytest.mark.parametrize("kind", list(leaves(errors.EaselError)), ids=lambda kind: kind.__name__)
def test_every_error_has_a_sentence(kind: type[errors.EaselError]) -> None:
    """And none makes a client paint again that should not; also as the cause of a failed job, whatever its facts."""
    sample = SAMPLES.get(kind) or kind()
    refusal = refusal_of(sample)
    assert refusal.message != str(replies.BROKEN) and len(refusal.message) > 10
    is_for_member = issubclass(kind, errors.RequestError)
    assert (refusal.status < 500) == is_for_member
    failed = refusal_of_cause({"error": kind.__name__, **sample.facts})
    assert failed.headers["x-should-retry"] == "false" and failed.message.startswith("The job failed")
    assert refusal_of_cause({"error": kind.__name__}).message.startswith("The job failed")


def code_of(body: dict[str, Any]) -> str:
    """Return the code of an error."""
    return str(body["error"]["code"])


def message_of(body: dict[str, Any]) -> str:
    """Return the sentence of an error."""
    return str(body["error"]["message"])


async def test_headers_that_are_no_text(api: RunningApi, secret: str) -> None:
    """Bytes that are no UTF-8 make no key, and no idempotency key."""
    status, body = await raw(api, "/v1/models", b"Authorization: Bearer \xff\xfe")
    assert (status, code_of(body)) == (401, "invalid_api_key")
    own = b"Authorization: Bearer " + secret.encode()
    status, body = await raw(api, "/v1/jobs", own, b"Idempotency-Key: \xff", json={"prompt": "a cat"})
    assert (status, body["error"]["param"]) == (400, "Idempotency-Key")
    assert await count(api.database, "SELECT count(*) FROM jobs") == 0


async def test_a_mask_that_is_no_base64(api: RunningApi, secret: str) -> None:
    for mask in ("?", "\u00e9"):
        status, body, _ = await api.ask("POST", "/v1/jobs", secret, json={"operation": "inpaint", "mask": mask})
        assert (status, message_of(body)) == (400, replies.MASK_NOT_BASE64)


async def test_more_at_once_than_the_key_ever_may(api: RunningApi) -> None:
    """A request that no waiting helps is not to be sent again."""
    for options in (KeyOptions(name="", jobs_at_once=1), KeyOptions(name="", jobs_per_day=1)):
        _, secret = await api.key(options)
        status, body, headers = await api.ask("POST", GENERATIONS, secret, json={"prompt": "a cat", "n": 5})
        assert (status, body["error"]["param"]) == (400, "n") and "Retry-After" not in headers
        assert message_of(body).startswith("This needs 2 jobs, and this key may have 1.")
    assert await count(api.database, "SELECT count(*) FROM jobs") == 0


async def raw(
    api: RunningApi, path: str, *headers: bytes, json: dict[str, Any] | None = None
) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON of a request whose headers are sent as they are."""
    content = b"" if json is None else dumps(json).encode()
    method = b"GET" if json is None else b"POST"
    length = b"Content-Length: " + str(len(content)).encode()
    lines = [method + b" " + path.encode() + b" HTTP/1.1", b"Host: easel", b"Connection: close", length, *headers]
    url = URL(api.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"\r\n".join(lines) + b"\r\n\r\n" + content)
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split()[1]), loads(body)
