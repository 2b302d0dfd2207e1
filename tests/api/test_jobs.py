"""Easel's own jobs over HTTP, and the description of all addresses."""

from __future__ import annotations

import asyncio
import io
import json
from base64 import b64encode
from typing import Any

from jsonschema import Draft202012Validator
from PIL import Image

from api.routes import ROUTES
from engine.contract.edits import CALM, FAITHFUL, SUBTLE, Edit
from engine.contract.jobs import Operation
from tests.api.conftest import RunningApi
from tests.fakes import SIZE


async def ended(api: RunningApi, secret: str, job: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the events of the job up to its end."""
    headers = {"Authorization": f"Bearer {secret}"}
    async with api.http.get(f"{api.url}/v1/jobs/{job['id']}/events", headers=headers) as answer:
        assert answer.content_type == "text/event-stream"
        lines = [line.decode() async for line in answer.content]
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


async def started(api: RunningApi, secret: str, **body: object) -> dict[str, Any]:
    """Start a job, wait for its end, and return it."""
    status, job, headers = await api.ask("POST", "/v1/jobs", secret, json=body)
    assert (status, headers["Location"]) == (202, f"/v1/jobs/{job['id']}"), job
    await ended(api, secret, job)
    return (await api.ask("GET", f"/v1/jobs/{job['id']}", secret))[1]


async def test_every_operation(api: RunningApi, secret: str) -> None:
    """From a prompt, then on its picture: a variation, a region, an upscale; the picture is the original."""
    job = await started(api, secret, prompt="a cat --seed 3")
    assert (job["status"], job["seed"], job["progress"], len(job["pictures"])) == ("finished", 3, 1.0, 4)
    picture = job["pictures"][0]
    async with api.http.get(picture["url"], headers={"Authorization": f"Bearer {secret}"}) as answer:
        original = Image.open(io.BytesIO(await answer.read()))
    assert original.size == (picture["width"], picture["height"]) == (SIZE, SIZE)

    hole = io.BytesIO()
    Image.new("LA", (SIZE, SIZE), (255, 0)).save(hole, "PNG")
    mask = b64encode(hole.getvalue()).decode()
    await started(api, secret, operation="vary", picture=picture["id"], strength="subtle")
    await started(api, secret, operation="inpaint", picture=picture["id"], mask=mask, prompt="a dog")
    upscaled_job = await started(api, secret, operation="upscale", picture=picture["id"], factor=4)
    varied, inpainted, upscaled = api.painter.requests[1:]
    assert varied.edit is not None and (varied.operation, varied.edit.strength) == (Operation.VARY, SUBTLE)
    assert inpainted.mask is not None and inpainted.spec.prompt == "a dog"
    assert upscaled.edit is not None and upscaled.edit.canvas is not None
    assert (upscaled.edit.strength, upscaled.edit.canvas.width) == (FAITHFUL, 4 * SIZE)
    larger = upscaled_job["pictures"][0]
    await started(api, secret, operation="vary", picture=larger["id"])
    of_larger = api.painter.requests[-1].edit
    assert of_larger is not None and of_larger.canvas is not None
    for body, sentence in (
        (
            {"operation": "inpaint", "picture": picture["id"], "mask": mask, "prompt": "a --model narrow"},
            "cannot paint",
        ),
        ({"operation": "vary"}, "`picture` is missing"),
        ({"operation": "imagine"}, "`prompt` is missing"),
        ({"operation": "inpaint", "picture": picture["id"]}, "send a `mask`"),
        ({"operation": "inpaint", "picture": picture["id"], "words": "the hat"}, "Send a `mask`"),
        ({"operation": "inpaint", "picture": picture["id"], "mask": "?"}, "in base64"),
        ({"operation": "inpaint", "picture": picture["id"], "mask": "aGk="}, "not a PNG"),
        ({"prompt": "a cat", "picture": picture["id"]}, "takes no picture"),
        ({"operation": "vary", "picture": picture["id"], "prompt": "a cat --model other"}, "cannot do this"),
    ):
        status, refused, _ = await api.ask("POST", "/v1/jobs", secret, json=body)
        assert status == 400 and sentence in refused["error"]["message"], refused


async def test_a_film_is_made_of_a_prompt_or_a_picture(api: RunningApi, secret: str) -> None:
    """Its picture is the first frame, and the film has an address of its own, which other jobs have not."""
    job = await started(api, secret, operation="animate", prompt="a cat --frames 12", motion="low")
    (still,) = job["pictures"]
    headers = {"Authorization": f"Bearer {secret}"}
    async with api.http.get(job["film"], headers=headers) as answer:
        assert (answer.status, answer.content_type) == (200, "image/webp")
        assert getattr(Image.open(io.BytesIO(await answer.read())), "n_frames", 1) == 2
    grid = await started(api, secret, prompt="a cat")
    assert grid["film"] is None
    assert (await api.ask("GET", f"/v1/jobs/{grid['id']}/film", secret))[0] == 404
    await started(api, secret, operation="animate", picture=still["id"], motion="low")
    first, _, second = api.painter.requests
    assert (first.operation, first.spec.prompt) == (Operation.ANIMATE, "a cat --motion low --frames 12")
    assert second.operation is Operation.ANIMATE and second.edit == Edit(strength=CALM)
    status, refused, _ = await api.ask("POST", "/v1/jobs", secret, json={"operation": "animate"})
    assert status == 400 and "`prompt` is missing" in refused["error"]["message"]


async def test_a_job_is_followed_and_cancelled(api: RunningApi, secret: str) -> None:
    """Its events come until it has ended, with previews; who hangs up changes nothing, and a second end is refused."""
    api.painter.open.clear()
    _, job, _ = await api.ask("POST", "/v1/jobs", secret, json={"prompt": "a cat"})
    headers = {"Authorization": f"Bearer {secret}"}
    async with api.http.get(f"{api.url}/v1/jobs/{job['id']}/events", headers=headers) as answer:
        while b"preview" not in await answer.content.readline():
            pass
    following = asyncio.create_task(ended(api, secret, job))
    status, cancelled, _ = await api.ask("POST", f"/v1/jobs/{job['id']}/cancel", secret)
    assert (status, cancelled["status"]) == (200, "cancelled")
    events = await following
    assert events[-1]["job"]["status"] == "cancelled"
    assert {event["job"]["id"] for event in events if event["type"] == "job"} == {job["id"]}
    status, again, _ = await api.ask("POST", f"/v1/jobs/{job['id']}/cancel", secret)
    assert status == 400 and "has ended (cancelled)" in again["error"]["message"]


async def test_the_description_is_whole(api: RunningApi) -> None:
    """Every address of the table is in it, all references lead somewhere, and every schema is one."""
    described = api.description.data
    operations = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert operations == {(route.method, route.path) for route in ROUTES}
    schemas = described["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    references = {text.split("/")[-1] for text in _references(described)}
    assert references and references <= schemas.keys()
    assert described["openapi"].startswith("3.1") and described["info"]["version"]
    files = described["paths"]["/v1/images/edits"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert {"image", "mask", "prompt"} <= files["properties"].keys() and {"image", "prompt"} <= set(files["required"])


def _references(data: object) -> list[str]:
    if isinstance(data, dict):
        own = [data["$ref"]] if isinstance(data.get("$ref"), str) else []
        return own + [found for value in data.values() for found in _references(value)]
    return [found for value in data for found in _references(value)] if isinstance(data, list) else []
