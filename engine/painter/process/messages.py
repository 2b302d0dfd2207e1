"""What a painting process and its supervisor say to each other, as frames on a socket; standard library only.

A frame is 4 bytes, big endian, with the length of a JSON header, the header, and the blobs whose lengths it lists.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import struct
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

from engine.contract.errors import AdapterMismatch, EaselError, ModelBroken, PainterLost
from engine.contract.jobs import json_from_spec, spec_from_json
from engine.contract.painting import Painted, PaintedPicture, PaintRequest, Progress


class Kind(StrEnum):
    """What a frame says.

    paint, drop: from the supervisor: take this request, take it out.
    ready, beat, line, progress, painted, failed: from the child: able to take requests, alive in this phase, a line for
        the log, and what became of a request; `failed` without a ticket means that the child cannot start.
    """

    PAINT = "paint"
    DROP = "drop"
    READY = "ready"
    BEAT = "beat"
    LINE = "line"
    PROGRESS = "progress"
    PAINTED = "painted"
    FAILED = "failed"


class Phase(StrEnum):
    """What a painting process is at; each has its own patience."""

    IDLE = "idle"
    LOAD = "load"
    STEP = "step"
    DECODE = "decode"


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One thing said.

    ticket: which call of `paint` it is about; empty when none.
    """

    kind: Kind
    ticket: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    blobs: tuple[bytes, ...] = ()


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """Return the next frame, or None when the other side is gone."""
    try:
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        header = json.loads(await reader.readexactly(length))
        blobs = tuple([await reader.readexactly(size) for size in header["blobs"]])
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return Frame(kind=Kind(header["kind"]), ticket=header["ticket"], facts=header["facts"], blobs=blobs)


def bytes_from_frame(frame: Frame) -> bytes:
    """Return the frame as it goes over the socket."""
    sizes = [len(blob) for blob in frame.blobs]
    header = {"kind": frame.kind, "ticket": frame.ticket, "facts": dict(frame.facts), "blobs": sizes}
    encoded = json.dumps(header).encode()
    return b"".join((struct.pack(">I", len(encoded)), encoded, *frame.blobs))


def frame_from_request(ticket: str, request: PaintRequest) -> Frame:
    """Return the frame that hands a request over."""
    facts = {
        "job_id": str(request.job_id),
        "member_id": str(request.member_id),
        "spec": json_from_spec(request.spec),
        "seed": request.seed,
        "strength": request.strength,
        "num_pictures": request.num_pictures,
    }
    blobs = () if request.source is None else (request.source,)
    return Frame(kind=Kind.PAINT, ticket=ticket, facts=facts, blobs=blobs)


def request_from_frame(frame: Frame) -> PaintRequest:
    """Return the request that `frame_from_request` wrote."""
    facts = frame.facts
    return PaintRequest(
        job_id=UUID(facts["job_id"]),
        member_id=UUID(facts["member_id"]),
        spec=spec_from_json(facts["spec"]),
        seed=facts["seed"],
        source=frame.blobs[0] if frame.blobs else None,
        strength=facts["strength"],
        num_pictures=facts["num_pictures"],
    )


def frame_from_event(ticket: str, event: Progress | Painted) -> Frame:
    """Return the frame that tells of a request."""
    if isinstance(event, Progress):
        blobs = () if event.preview is None else (event.preview,)
        facts: dict[str, Any] = {"done": event.done, "total": event.total}
        return Frame(kind=Kind.PROGRESS, ticket=ticket, facts=facts, blobs=blobs)
    pictures = [
        {"width": one.width, "height": one.height, "seed": one.seed, "recipe": dict(one.recipe)}
        for one in event.pictures
    ]
    return Frame(
        kind=Kind.PAINTED,
        ticket=ticket,
        facts={"pictures": pictures, "grid_type": event.grid_type},
        blobs=(*(one.png for one in event.pictures), event.grid),
    )


def event_from_frame(frame: Frame) -> Progress | Painted:
    """Return the event that `frame_from_event` wrote."""
    facts = frame.facts
    if frame.kind is Kind.PROGRESS:
        preview = frame.blobs[0] if frame.blobs else None
        return Progress(done=facts["done"], total=facts["total"], preview=preview)
    *pngs, grid = frame.blobs
    pictures = tuple(PaintedPicture(png=png, **about) for png, about in zip(pngs, facts["pictures"], strict=True))
    return Painted(pictures=pictures, grid=grid, grid_type=facts["grid_type"])


def frame_from_line(level: int, line: Mapping[str, object]) -> Frame:
    """Return the frame that tells a line for the log: its level, as `logging` counts, and its `event` with all else."""
    facts = {"level": level, "line": {name: _plain(value) for name, value in line.items()}}
    return Frame(kind=Kind.LINE, facts=facts)


# What these come from may be a mistake of our own.
_BLAMED = (ModelBroken, AdapterMismatch)


def frame_from_error(ticket: str, error: BaseException) -> Frame:
    """Return the frame that says why a request, or the child, failed.

    What nobody foresaw is told as PainterLost; its traceback goes with the frame, for the log, and so does that of what
    a model or an adapter raised.
    """
    name, known = PainterLost.__name__, {}
    if isinstance(error, EaselError):
        name, known = type(error).__name__, {name: _plain(value) for name, value in error.facts.items()}
    facts: dict[str, Any] = {"error": name, "facts": known}
    if not isinstance(error, EaselError) or (isinstance(error, _BLAMED) and error.__cause__):
        facts["traceback"] = "".join(traceback.format_exception(error)).rstrip()
    return Frame(kind=Kind.FAILED, ticket=ticket, facts=facts)


def error_from_frame(frame: Frame) -> EaselError:
    """Return the error that `frame_from_error` wrote; PainterLost for one that this release does not know."""
    known = {error.__name__: error for error in _below(EaselError)}
    kind = known.get(frame.facts["error"], PainterLost)
    facts = {name: _typed(name, value) for name, value in frame.facts["facts"].items()}
    taken = inspect.signature(kind).parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values())
    error = kind(**{name: fact for name, fact in facts.items() if takes_any or name in taken})
    error.facts = facts
    return error


def _below(error: type[EaselError]) -> list[type[EaselError]]:
    return [error, *(below for child in error.__subclasses__() for below in _below(child))]


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _typed(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return Path(value) if name == "path" else value
