"""The messages between a painting process and its supervisor, as frames on a socket; standard library only.

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

from engine.contract.edits import edit_from_json, json_from_edit
from engine.contract.errors import AdapterMismatch, EaselError, ModelBroken, RequestLost
from engine.contract.jobs import Operation, json_from_spec, spec_from_json
from engine.contract.painting import (
    AdapterFile,
    PaintedFile,
    PaintedPicture,
    PaintedPictures,
    PaintedText,
    PaintRequest,
    PaintResult,
    Progress,
)


class FrameKind(StrEnum):
    """What a frame says.

    paint, cancel: from the supervisor: start this request, cancel it.
    ready, heartbeat, log, progress, pictures, file, text, failed: from the child: ready for requests, alive in this
        phase, a line for the log, and what became of a request; `failed` without a call id means that the child cannot
        start.
    """

    PAINT = "paint"
    CANCEL = "cancel"
    READY = "ready"
    HEARTBEAT = "heartbeat"
    LOG = "log"
    PROGRESS = "progress"
    PICTURES = "pictures"
    FILE = "file"
    TEXT = "text"
    FAILED = "failed"


# The fields of a request that are files.
_FILES = ("source", "mask")
# The fields of painted pictures that are files, beside the pictures.
_OTHER_FILES = ("grid", "mask")

RESULTS = frozenset({FrameKind.PICTURES, FrameKind.FILE, FrameKind.TEXT})


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One message.

    call_id: the call of `paint` that it is about; empty when none.
    """

    kind: FrameKind
    call_id: str = ""
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
    return Frame(kind=FrameKind(header["kind"]), call_id=header["call_id"], facts=header["facts"], blobs=blobs)


def bytes_from_frame(frame: Frame) -> bytes:
    """Return the frame as it goes over the socket."""
    sizes = [len(blob) for blob in frame.blobs]
    header = {"kind": frame.kind, "call_id": frame.call_id, "facts": dict(frame.facts), "blobs": sizes}
    encoded = json.dumps(header).encode()
    return b"".join((struct.pack(">I", len(encoded)), encoded, *frame.blobs))


def frame_from_request(call_id: str, request: PaintRequest) -> Frame:
    """Return the frame that starts a request."""
    facts = {
        "job_id": str(request.job_id),
        "member_id": str(request.member_id),
        "operation": request.operation.value,
        "spec": json_from_spec(request.spec),
        "seed": request.seed,
        "edit": request.edit and json_from_edit(request.edit),
        "num_pictures": request.num_pictures,
        "may_join_parts": request.may_join_parts,
        "may_read_images": request.may_read_images,
        "upscaler": request.upscaler,
        "adapters": [{**vars(one), "path": str(one.path)} for one in request.adapters],
    }
    files = {name: file for name in _FILES if (file := getattr(request, name)) is not None}
    return Frame(
        kind=FrameKind.PAINT,
        call_id=call_id,
        facts={**facts, "files": list(files)},
        blobs=(*files.values(), *request.images),
    )


def request_from_frame(frame: Frame) -> PaintRequest:
    """Return the request that `frame_from_request` wrote."""
    facts, num_files = frame.facts, len(frame.facts["files"])
    files = dict(zip(facts["files"], frame.blobs[:num_files], strict=True))
    return PaintRequest(
        job_id=UUID(facts["job_id"]),
        member_id=UUID(facts["member_id"]),
        operation=Operation(facts["operation"]),
        spec=spec_from_json(facts["spec"]),
        seed=facts["seed"],
        **files,
        images=frame.blobs[num_files:],
        edit=facts["edit"] and edit_from_json(facts["edit"]),
        num_pictures=facts["num_pictures"],
        may_join_parts=facts["may_join_parts"],
        may_read_images=facts["may_read_images"],
        upscaler=facts["upscaler"],
        adapters=tuple(AdapterFile(**{**one, "path": Path(one["path"])}) for one in facts["adapters"]),
    )


def frame_from_event(call_id: str, event: Progress | PaintResult) -> Frame:
    """Return the frame that reports on a request."""
    match event:
        case Progress():
            blobs = () if event.preview is None else (event.preview,)
            facts = {"done": event.done, "total": event.total}
            return Frame(kind=FrameKind.PROGRESS, call_id=call_id, facts=facts, blobs=blobs)
        case PaintedPictures():
            return _frame_from_pictures(call_id, event)
        case PaintedFile():
            about = {"media_type": event.media_type}
            return Frame(kind=FrameKind.FILE, call_id=call_id, facts=about, blobs=(event.content,))
        case PaintedText():
            return Frame(kind=FrameKind.TEXT, call_id=call_id, facts={"text": event.text})


def _frame_from_pictures(call_id: str, result: PaintedPictures) -> Frame:
    pictures = [
        {
            "width": one.width,
            "height": one.height,
            "seed": one.seed,
            "recipe": dict(one.recipe),
            "unsafe_score": one.unsafe_score,
        }
        for one in result.pictures
    ]
    others = {name: file for name in _OTHER_FILES if (file := getattr(result, name)) is not None}
    return Frame(
        kind=FrameKind.PICTURES,
        call_id=call_id,
        facts={"pictures": pictures, "grid_type": result.grid_type, "files": list(others)},
        blobs=(*(one.png for one in result.pictures), *others.values()),
    )


def event_from_frame(frame: Frame) -> Progress | PaintResult:
    """Return the event that `frame_from_event` wrote."""
    facts, blobs = frame.facts, frame.blobs
    match frame.kind:
        case FrameKind.PROGRESS:
            return Progress(done=facts["done"], total=facts["total"], preview=blobs[0] if blobs else None)
        case FrameKind.FILE:
            return PaintedFile(content=blobs[0], media_type=facts["media_type"])
        case FrameKind.TEXT:
            return PaintedText(text=facts["text"])
        case _:
            return _pictures_from_frame(frame)


def _pictures_from_frame(frame: Frame) -> PaintedPictures:
    facts, num_pictures = frame.facts, len(frame.facts["pictures"])
    pngs, others = frame.blobs[:num_pictures], dict(zip(facts["files"], frame.blobs[num_pictures:], strict=True))
    pictures = tuple(PaintedPicture(png=png, **one) for png, one in zip(pngs, facts["pictures"], strict=True))
    return PaintedPictures(pictures=pictures, grid_type=facts["grid_type"], **others)


def frame_from_log(level: int, line: Mapping[str, object]) -> Frame:
    """Return the frame of a log line: its level as a number of `logging`, and its fields with `event`."""
    facts = {"level": level, "line": {name: _plain(value) for name, value in line.items()}}
    return Frame(kind=FrameKind.LOG, facts=facts)


# These may come from a mistake of our own.
_WITH_TRACEBACK = (ModelBroken, AdapterMismatch)


def frame_from_error(call_id: str, error: BaseException) -> Frame:
    """Return the frame that says why a request, or the child, failed.

    An unexpected error becomes RequestLost with its traceback for the log; errors of a model or an adapter carry theirs
    too.
    """
    name, known = RequestLost.__name__, {}
    if isinstance(error, EaselError):
        name, known = type(error).__name__, {name: _plain(value) for name, value in error.facts.items()}
    facts: dict[str, Any] = {"error": name, "facts": known}
    if not isinstance(error, EaselError) or (isinstance(error, _WITH_TRACEBACK) and error.__cause__):
        facts["traceback"] = "".join(traceback.format_exception(error)).rstrip()
    return Frame(kind=FrameKind.FAILED, call_id=call_id, facts=facts)


def error_from_frame(frame: Frame) -> EaselError:
    """Return the error that `frame_from_error` wrote; RequestLost for one that this release does not know."""
    known = {error.__name__: error for error in _below(EaselError)}
    kind = known.get(frame.facts["error"], RequestLost)
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
