"""What goes over the socket arrives as it was sent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from engine.contract.errors import EaselError, ModelUnknown, PainterLost, PictureUnknown, WeightsMismatch
from engine.contract.painting import (
    PaintedFile,
    PaintedPicture,
    PaintedPictures,
    PaintedText,
    PaintResult,
    Progress,
)
from engine.painter.process.messages import (
    Frame,
    FrameKind,
    bytes_from_frame,
    error_from_frame,
    event_from_frame,
    frame_from_error,
    frame_from_event,
    frame_from_request,
    read_frame,
    request_from_frame,
)
from tests.engine.painter.requests import paint_request

PICTURE = PaintedPicture(png=b"\x89PNG", width=3, height=2, seed=2**32 - 1, recipe={"loras": [["ink", 0.5]]})


async def sent(frame: Frame) -> Frame:
    reader = asyncio.StreamReader()
    reader.feed_data(bytes_from_frame(frame))
    message = await read_frame(reader)
    assert message is not None
    return message


@pytest.mark.parametrize("source", [None, b"\x00\xff picture"])
async def test_requests_arrive(source: bytes | None) -> None:
    wanted = paint_request(
        ("ein (Fuchs:1.2), 狐", 2.0), ("no", -0.5), source=source, lora=("ink:0.5",), steps=3, cfg=4.5
    )
    assert request_from_frame(await sent(frame_from_request("t", wanted))) == wanted


@pytest.mark.parametrize(
    "event",
    [
        Progress(done=1, total=2),
        Progress(done=2, total=2, preview=b"jpeg"),
        PaintedPictures(pictures=(PICTURE, PICTURE), grid=b"webp", grid_type="image/webp"),
    ],
)
async def test_events_arrive(event: Progress | PaintedPictures) -> None:
    assert event_from_frame(await sent(frame_from_event("t", event))) == event


@pytest.mark.parametrize(
    "error", [PainterLost(), ModelUnknown(name="a", known=("b", "c")), WeightsMismatch(path=Path("/models/a"))]
)
async def test_errors_arrive_with_their_facts(error: EaselError) -> None:
    message = error_from_frame(await sent(frame_from_error("t", error)))
    assert (type(message), message.facts) == (type(error), error.facts)


async def test_facts_that_json_cannot_represent_arrive_as_text() -> None:
    frame = frame_from_error("t", PictureUnknown(job_id=UUID(int=1)))
    assert error_from_frame(await sent(frame)).facts == {"job_id": str(UUID(int=1))}


async def test_facts_beyond_an_errors_own_arrive_too() -> None:
    error = WeightsMismatch(path=Path("/models/a"))
    error.facts = {**error.facts, "cause": "truncated"}
    assert error_from_frame(await sent(frame_from_error("t", error))).facts["cause"] == "truncated"


@pytest.mark.parametrize("cut", [0, 2, 6, -1])
async def test_half_a_frame_is_the_end(cut: int) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(bytes_from_frame(Frame(kind=FrameKind.PROGRESS, blobs=(b"abc",)))[:cut])
    reader.feed_eof()
    assert await read_frame(reader) is None


@pytest.mark.parametrize(
    "result",
    [
        PaintedPictures(pictures=()),
        PaintedPictures(pictures=(PaintedPicture(png=b"png", width=1, height=2, seed=3, recipe={"steps": 4}),)),
        PaintedFile(content=b"bytes", media_type="video/mp4"),
        PaintedText(text="a red circle"),
    ],
)
def test_results_without_a_grid_arrive_as_they_were_sent(result: PaintResult) -> None:
    assert event_from_frame(frame_from_event("call", result)) == result
