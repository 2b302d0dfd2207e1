"""What a job is: the spec it asks for, its states and which of them may follow which.

A person is an opaque member id here; where an answer is posted is no business of this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

SPEC_VERSION = 1
READABLE_SPEC_VERSIONS = frozenset({1})

MAX_SEED = 2**32 - 1

ParameterValue = str | int | float | bool | tuple[str, ...]


class Operation(StrEnum):
    """What is done: `imagine` paints a grid from words, `vary` one from a picture and its words."""

    IMAGINE = "imagine"
    VARY = "vary"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One concept of a prompt with its weight relative to the others; negative weights push away.

    `text` keeps attention marks such as `(word:1.3)`; the painter reads them.
    """

    text: str
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class ImagePrompt:
    """A picture given as an address, with its weight among the pictures of the prompt."""

    url: str
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """What one job asks for, as the prompt language understood it.

    prompt: the canonical prompt; it parses to this same spec.
    parts: positive and negative concepts (`--no` included); their weights sum to more than zero.
    parameters: canonical names to values, only what was given or substituted: `ar` "3:2", `seed` 7, `steps` 20,
        `cfg` 4.5, `sampler` "euler", `model` "starter", `lora` ("name:0.8", ...); the model's default for the rest.
    """

    prompt: str
    parts: tuple[Part, ...]
    images: tuple[ImagePrompt, ...] = ()
    parameters: Mapping[str, ParameterValue] = field(default_factory=lambda: MappingProxyType({}))

    def __hash__(self) -> int:
        return hash((self.prompt, self.parts, self.images))


class JobStatus(StrEnum):
    """The states of a job.

    waiting: committed and queued; returns here when its engine dies or stops.
    running: an engine holds its lease.
    finished: every picture is stored; the only state with pictures.
    failed: refused by the model, or tried three times; `cause` says why.
    cancelled: its owner or an administrator stopped it.
    The last three are final.
    """

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL = frozenset({JobStatus.FINISHED, JobStatus.FAILED, JobStatus.CANCELLED})

MAX_ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True)
class JobRequest:
    """A job to be: who asks, for what, and from which picture it descends."""

    id: UUID
    member_id: UUID
    operation: Operation
    spec: JobSpec
    seed: int
    parent_job_id: UUID | None = None
    parent_picture_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job as it stands in the store.

    progress: share of the steps done, 0 to 1.
    cause: the class name of the error that ended it, with its facts; None unless failed.
    grid_key, grid_type: object key and media type of the grid image; None until finished.
    """

    id: UUID
    member_id: UUID
    operation: Operation
    spec: JobSpec
    seed: int
    status: JobStatus
    attempts: int
    progress: float
    parent_job_id: UUID | None
    parent_picture_id: UUID | None
    cause: Mapping[str, Any] | None
    grid_key: str | None
    grid_type: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One stored image: `slot` 0 to 3 reads left to right, top to bottom; `recipe` is enough to paint it again."""

    id: UUID
    job_id: UUID
    slot: int
    object_key: str
    width: int
    height: int
    seed: int
    recipe: Mapping[str, Any]


def json_from_spec(spec: JobSpec) -> dict[str, Any]:
    """Return the spec as JSON-ready data with its version."""
    return {
        "version": SPEC_VERSION,
        "prompt": spec.prompt,
        "parts": [{"text": part.text, "weight": part.weight} for part in spec.parts],
        "images": [{"url": image.url, "weight": image.weight} for image in spec.images],
        "parameters": {
            name: list(value) if isinstance(value, tuple) else value for name, value in spec.parameters.items()
        },
    }


def spec_from_json(data: Mapping[str, Any]) -> JobSpec:
    """Return the spec that `json_from_spec` wrote.

    Raises: ValueError for a version that this release does not read.
    """
    version = data.get("version")
    if version not in READABLE_SPEC_VERSIONS:
        raise ValueError(f"spec version {version!r} is not readable by this release")
    return JobSpec(
        prompt=data["prompt"],
        parts=tuple(Part(**part) for part in data["parts"]),
        images=tuple(ImagePrompt(**image) for image in data["images"]),
        parameters=MappingProxyType(
            {name: tuple(value) if isinstance(value, list) else value for name, value in data["parameters"].items()}
        ),
    )
