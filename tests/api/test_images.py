"""OpenAI's own client, unmodified, paints, edits, varies and streams."""

from __future__ import annotations

import asyncio
import io
from base64 import b64decode
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from openai import AsyncOpenAI, BadRequestError, InternalServerError, NotFoundError
from PIL import Image

from engine.contract.errors import ModelBroken
from engine.contract.jobs import Operation
from engine.store.api_keys import KeyOptions
from engine.store.tables import pictures
from tests.api.conftest import RunningApi
from tests.engine.test_content_credentials import read
from tests.engine.uploads.pictures import encoded
from tests.engine.worker.following import count, until
from tests.fakes import SIZE


def opened(text: str | None) -> Image.Image:
    """Return the picture that is there as base64."""
    assert text is not None
    return Image.open(io.BytesIO(b64decode(text)))


async def test_pictures_are_painted(api: RunningApi, client: AsyncOpenAI) -> None:
    """As many as are asked for, from as many grids as that takes, with seeds that follow each other."""
    raw = await client.images.with_raw_response.generate(
        prompt="a red circle", n=6, model="fake", quality="low", size="1536x1024", user="ben", extra_body={"seed": 7}
    )
    images = raw.parse()
    assert images.data is not None
    assert [image.seed for image in images.data] == list(range(7, 13))  # type: ignore[attr-defined]
    assert {opened(image.b64_json).size for image in images.data} == {(SIZE, SIZE)}
    assert (images.size, images.quality, images.output_format) == (f"{SIZE}x{SIZE}", "low", "png")
    assert [request.spec.parameters["steps"] for request in api.painter.requests] == [10, 10]
    assert {request.spec.parameters["ar"] for request in api.painter.requests} == {"3:2"}
    assert raw.headers["x-should-retry"] == "false"
    assert (raw.headers["x-ratelimit-limit-requests"], raw.headers["x-ratelimit-remaining-requests"]) == ("200", "198")


@pytest.mark.parametrize("output_format", ["png", "jpeg", "webp"])
async def test_formats_and_links(api: RunningApi, client: AsyncOpenAI, output_format: Any) -> None:
    """A link needs no key, is for one picture, and ends with its key; the original is a PNG behind both."""
    images = await client.images.generate(prompt="a cat", output_format=output_format, output_compression=60)
    assert images.data is not None
    assert opened(images.data[0].b64_json).format == output_format.upper()
    if output_format != "png":
        return
    linked = await client.images.generate(prompt="a cat", response_format="url")
    assert linked.data is not None and linked.data[0].url is not None
    url = linked.data[0].url
    async with api.http.get(url) as answer:
        assert (answer.status, answer.content_type) == (200, "image/png")
        tag = answer.headers["ETag"]
    async with api.http.get(url, headers={"If-None-Match": tag}) as answer:
        assert answer.status == 304
    async with api.http.get(url.replace("expires=", "expires=1")) as answer:
        assert answer.status == 403 and "no longer valid" in (await answer.json())["error"]["message"]


async def test_a_stream_has_partial_pictures_and_the_last_one(api: RunningApi, client: AsyncOpenAI) -> None:
    """In order, each whole, and nothing else reaches the client."""
    api.painter.open.clear()
    events = await client.images.generate(prompt="a cat", stream=True, partial_images=2)
    kinds, sizes = [], []
    async for event in events:
        kinds.append(event.type)
        sizes.append(opened(event.b64_json).size)
        api.painter.open.set()
    assert kinds == ["image_generation.partial_image"] * (len(kinds) - 1) + ["image_generation.completed"]
    assert len(kinds) in (2, 3)
    assert sizes[0] == (SIZE // 2, SIZE // 2) and sizes[-1] == (SIZE, SIZE)


@pytest.mark.filterwarnings("ignore:deprecated")
async def test_a_picture_of_ones_own_is_edited_and_varied(api: RunningApi, client: AsyncOpenAI) -> None:
    """With a mask only what is transparent, without one all of it; a variation keeps the prompt."""
    first = await client.images.generate(prompt="a cat --ar 3:2", extra_body={"seed": 5})
    assert first.data is not None and first.data[0].b64_json is not None
    own = b64decode(first.data[0].b64_json)
    hole = Image.new("RGBA", (SIZE, SIZE), "white")
    hole.paste((0, 0, 0, 0), (0, 0, 8, SIZE))
    mask = io.BytesIO()
    hole.save(mask, "PNG")
    await client.images.edit(image=("cat.png", own), mask=("mask.png", mask.getvalue()), prompt="a hat")
    await client.images.edit(image=own, prompt="a dog", stream=False)
    await client.images.create_variation(image=("cat.png", own), n=2)
    inpainted, edited, varied = api.painter.requests[1:]
    assert [one.operation for one in (inpainted, edited, varied)] == [Operation.INPAINT, Operation.VARY, Operation.VARY]
    assert inpainted.source == own and inpainted.edit is not None and inpainted.edit.canvas is not None
    painted = inpainted.edit.canvas.mask
    assert painted is not None and (painted.box.width, painted.box.height) == (8, SIZE) and inpainted.mask
    assert (edited.spec.prompt, varied.spec.prompt) == ("a dog", "a cat --ar 3:2")
    async with await client.images.edit(image=own, prompt="a bird", stream=True) as events:
        assert [event.type async for event in events] == ["image_edit.completed"]


@pytest.mark.filterwarnings("ignore:deprecated")
async def test_other_pictures_go_into_the_prompt(api: RunningApi, client: AsyncOpenAI) -> None:
    """One or several, in both spellings of the field; a mask or a variation needs a picture of the key's own."""
    other = [encoded(Image.new("RGB", (20, 30), colour), "PNG") for colour in ("red", "blue")]
    await client.images.edit(image=other, prompt="a cat")
    await client.images.edit(image=("one.png", other[0]), prompt="a cat")
    assert [(one.operation, len(one.images)) for one in api.painter.requests] == [
        (Operation.IMAGINE, 2),
        (Operation.IMAGINE, 1),
    ]
    with pytest.raises(BadRequestError, match="painted for this key"):
        await client.images.edit(image=other[0], mask=other[0], prompt="a cat")
    with pytest.raises(BadRequestError, match="/v1/images/edits"):
        await client.images.create_variation(image=other[0])
    with pytest.raises(BadRequestError, match="not a picture"):
        await client.images.edit(image=b"words", prompt="a cat")
    assert await count(api.database, "SELECT count(*) FROM jobs") == 2


async def test_models_are_listed(client: AsyncOpenAI) -> None:
    """The default first; an unknown one is said with those that there are, before anything is started."""
    assert [model.id async for model in client.models.list()] == ["fake", "other", "narrow"]
    assert (await client.models.retrieve("other")).owned_by == "easel"
    with pytest.raises(NotFoundError, match=r'Unknown model "dall-e-3"\. Available: other, fake, narrow'):
        await client.images.generate(prompt="a cat", model="dall-e-3")


async def test_a_job_that_fails_is_said_once(api: RunningApi, client: AsyncOpenAI) -> None:
    """Neither an answer nor a stream makes the client paint again."""
    broken: list[Exception] = [ModelBroken(name="fake", cause="it is black")] * 9
    api.painter.faults = {"a cat": broken[:4], "a dog": broken[4:]}
    with pytest.raises(InternalServerError, match="The job failed"):
        await client.images.generate(prompt="a cat")
    events = await client.images.generate(prompt="a dog", stream=True)
    with pytest.raises(Exception, match="The job failed"):
        async for _ in events:
            pass
    assert await count(api.database, "SELECT count(*) FROM jobs") == 2


async def test_a_retry_while_the_first_paints_starts_nothing(api: RunningApi, secret: str) -> None:
    """The client's own time-out and retries, another client's same body, and an idempotency key all join the job."""
    api.painter.open.clear()
    impatient = api.client(secret, timeout=timedelta(seconds=0.5), max_retries=30)
    painting = asyncio.create_task(impatient.images.generate(prompt="a cat"))
    same = asyncio.create_task(api.ask("POST", "/v1/images/generations", secret, json={"prompt": "a cat"}))
    named = {"headers": {"Idempotency-Key": "7"}, "json": {"prompt": "a dog"}}
    first = asyncio.create_task(api.ask("POST", "/v1/images/generations", secret, **named))
    await asyncio.sleep(1.2)  # past the client's time-out, so that it has sent the request again
    again = asyncio.create_task(api.ask("POST", "/v1/images/generations", secret, **named))
    await until(lambda: is_painting(api, 2))
    api.painter.open.set()
    images = await painting
    answers = [await task for task in (same, first, again)]
    assert images.data is not None
    assert answers[0][1]["data"][0]["id"] == str(images.data[0].id)  # type: ignore[attr-defined]
    # Which of the two comes first is not the client's to say.
    assert answers[1][1] == answers[2][1]
    assert sorted(answer[2].get("Idempotent-Replayed", "") for answer in answers[1:]) == ["", "true"]
    assert await count(api.database, "SELECT count(*) FROM jobs") == 2
    status, body, _ = await api.ask(
        "POST", "/v1/images/generations", secret, headers=named["headers"], json={"prompt": "a bird"}
    )
    assert (status, body["error"]["code"]) == (400, "idempotency_key_reused")


@pytest.mark.parametrize("cancels", [False, True])
async def test_a_reader_that_goes_away(api: RunningApi, cancels: bool) -> None:
    """The job goes on, or is cancelled where the key says so, of a stream and of an answer."""
    _, secret = await api.key(KeyOptions(name="", cancels_abandoned=cancels))
    api.painter.open.clear()
    client = api.client(secret)
    events = await client.images.generate(prompt="a cat", stream=True, partial_images=1)
    await anext(aiter(events))
    await events.close()
    waiting = asyncio.create_task(client.images.generate(prompt="a dog"))
    await until(lambda: is_painting(api, 2))
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    if cancels:
        await until(lambda: has_cancelled(api, 2))
        return
    api.painter.open.set()
    again = await client.images.generate(prompt="a dog")
    assert again.data is not None
    assert await count(api.database, "SELECT count(*) FROM jobs WHERE status <> 'cancelled'") == 2


async def is_painting(api: RunningApi, number: int) -> bool:
    """Return whether the painter was given so many jobs."""
    return len(api.painter.requests) == number


async def has_cancelled(api: RunningApi, number: int) -> bool:
    """Return whether so many jobs are cancelled."""
    return await count(api.database, "SELECT count(*) FROM jobs WHERE status = 'cancelled'") == number


async def test_a_restart_tells_who_waits_to_ask_again(api: RunningApi, secret: str) -> None:
    """The job goes on, and the client knows that it may send the same request."""
    api.painter.open.clear()
    waiting = asyncio.create_task(api.ask("POST", "/v1/images/generations", secret, json={"prompt": "a cat"}))
    await until(lambda: is_painting(api, 1))
    api.stop.set()
    status, body, headers = await waiting
    assert (status, body["error"]["code"], headers["x-should-retry"]) == (503, "restarting", "true")
    assert await count(api.database, "SELECT count(*) FROM jobs WHERE status = 'cancelled'") == 0


async def test_unsafe_pictures_are_not_handed_out(api: RunningApi, client: AsyncOpenAI, secret: str) -> None:
    """There are fewer of them, or none; their files are refused."""
    api.painter.scores = {"some": (0.1, -0.1, 0.1, -0.1), "all": (0.1,) * 4}
    images = await client.images.generate(prompt="some", n=4, extra_body={"seed": 7})
    assert images.data is not None
    assert [image.seed for image in images.data] == [8, 10]  # type: ignore[attr-defined]
    with pytest.raises(BadRequestError) as refused:
        await client.images.generate(prompt="all", n=1)
    assert refused.value.code == "content_policy_violation"
    async with api.database.begin() as connection:
        ids = (await connection.execute(sa.select(pictures.c.id))).scalars().all()
    statuses = []
    for picture_id in ids:
        address, headers = f"{api.url}/v1/pictures/{picture_id}", {"Authorization": f"Bearer {secret}"}
        async with api.http.get(address, headers=headers) as answer:
            statuses.append(answer.status)
    assert sorted(statuses) == [200] * 2 + [403] * 6


@pytest.mark.parametrize("api", ["signed"], indirect=True)
async def test_a_signed_picture_is_known_again(api: RunningApi, client: AsyncOpenAI, secret: str) -> None:
    """Whatever is handed out is signed, and a variation starts from the signed file as from the picture itself."""
    formats: tuple[Any, ...] = ("png", "webp", "jpeg")
    for output_format in formats:
        images: Any = await client.images.generate(prompt="a cat", n=1, output_format=output_format)
        content = b64decode(images.data[0].b64_json)
        assert read(content, f"image/{output_format}")["validation_state"] == "Valid"
        if output_format == "png":
            signed, picture_id = content, images.data[0].id
    address, headers = f"{api.url}/v1/pictures/{picture_id}", {"Authorization": f"Bearer {secret}"}
    async with api.http.get(address, headers=headers) as answer:
        assert read(await answer.read(), "image/png")["validation_state"] == "Valid"
    varied = await client.images.create_variation(image=("a.png", signed), n=1)
    assert varied.data is not None
    assert [request.operation for request in api.painter.requests][-1] is Operation.VARY
