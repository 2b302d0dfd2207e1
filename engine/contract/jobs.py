"""Jobs: what a job asks for, its states and its result.

Members are opaque ids here; this module does not know where results are posted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from engine.contract.edits import Edit

SPEC_VERSION = 1
READABLE_SPEC_VERSIONS = frozenset({1})

MAX_SEED = 2**32 - 1

ParameterValue = str | int | float | bool | tuple[str, ...]


class Operation(StrEnum):
    """The kind of job.

    imagine: a grid from a prompt. vary: one from a picture and its prompt, in which everything is painted anew.
    inpaint: a part of a picture is painted anew. zoom, pan: what lies around a picture is painted, on all sides or one.
    upscale: one picture, larger.
    animate: a film from a prompt or a picture, with its first frame as the one picture.
    describe: prompts for a picture, as text. shorten: which words of a prompt matter, and shorter prompts, as text.
    train: an adapter from a member's own pictures. The first part of its spec is the text that is to mean what they
        show, and the second what kind of thing that is.
    """

    IMAGINE = "imagine"
    VARY = "vary"
    INPAINT = "inpaint"
    ZOOM = "zoom"
    PAN = "pan"
    UPSCALE = "upscale"
    ANIMATE = "animate"
    DESCRIBE = "describe"
    SHORTEN = "shorten"
    TRAIN = "train"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a prompt with its weight relative to the others; a negative weight steers away from it.

    `text` keeps attention weights such as `(word:1.3)`, which the painter parses.
    """

    text: str
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class ImagePrompt:
    """A picture in a prompt, with its weight relative to the other pictures.

    url: its link, or the name of one that a member has brought, such as "picture:0123456789abcdef".
    """

    url: str
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class WayEnd:
    """One of the two results that `--between` goes from and to: the parts of its prompt, and its pictures' seeds."""

    parts: tuple[Part, ...]
    seeds: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """What one job asks for, parsed from its prompt.

    prompt: the canonical prompt, which parses to this same spec.
    parts: positive and negative parts (`--no` included); the sum of their weights is greater than zero.
    parameters: canonical names to values, only those that were given or filled in: `ar` "3:2", `seed` 7, `steps` 20,
        `cfg` 4.5, `sampler` "euler", `model` "starter", `lora` ("name:0.8", ...); defaults apply to the rest.
    adapters: the ids of those adapters in `lora` that a member has trained, by name; the others are registered. Of a
        training, the one that it makes.
    ends: the two results that `between` names, as they were when the job was asked for; empty without it.
    """

    prompt: str
    parts: tuple[Part, ...]
    images: tuple[ImagePrompt, ...] = ()
    parameters: Mapping[str, ParameterValue] = field(default_factory=lambda: MappingProxyType({}))
    adapters: Mapping[str, UUID] = field(default_factory=lambda: MappingProxyType({}))
    ends: tuple[WayEnd, ...] = ()

    def __hash__(self) -> int:
        return hash((self.prompt, self.parts, self.images))


class Visibility(StrEnum):
    """Who may see a job: public: whoever sees a message that shows it. private: its owner alone, wherever it is shown.

    Nothing that lists, finds, counts for others or exports jobs has private ones.
    """

    PUBLIC = "public"
    PRIVATE = "private"


class Speed(StrEnum):
    """How soon a job is painted, as its prompt says.

    turbo: before the others. fast: as usual. relax: when no other job waits.
    """

    TURBO = "turbo"
    FAST = "fast"
    RELAX = "relax"


def speed_of(spec: JobSpec) -> Speed:
    """Return the speed that the spec asks for."""
    return next((speed for speed in Speed if spec.parameters.get(speed.value)), Speed.FAST)


TEXT_OPERATIONS = frozenset({Operation.DESCRIBE, Operation.SHORTEN})
"""Those whose result is text."""


class JobStatus(StrEnum):
    """The states of a job.

    waiting: committed and queued; a job returns here when its engine dies or stops.
    running: an engine holds its lease.
    finished: every picture is stored; the only state with pictures.
    failed: rejected by the model, tried three times, or the cause of a crash; `cause` says why.
    cancelled: by its owner or an administrator.
    The last three are final.
    """

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL = frozenset({JobStatus.FINISHED, JobStatus.FAILED, JobStatus.CANCELLED})

MAX_COUNTED_AHEAD = 100
"""The queue position from which on jobs are no longer counted: it means that so many or more are ahead."""

MAX_ATTEMPTS = 3
"""Attempts that a job may fail by itself; a crash is none, because any job in hand may have caused it."""

CRASHES_UNTIL_ALONE = 2
"""Crashes that a job may be in hand at before it is painted alone, where a crash shows whether it is the cause."""

MAX_CRASHES = 8
"""Crashes that a job may be in hand at, for those that kill the engine and leave nobody to see it."""


@dataclass(frozen=True, kw_only=True)
class JobRequest:
    """A job to submit: who asks, for what, the job and picture it starts from, and what is done to that picture.

    image_keys: object keys of the pictures in the prompt, in the order of `pictures_of(spec)`.
    max_running: how many jobs of the member may be painted at once with it; None for as many as engines take.
    """

    id: UUID
    member_id: UUID
    operation: Operation
    spec: JobSpec
    seed: int
    parent_job_id: UUID | None = None
    parent_picture_id: UUID | None = None
    edit: Edit | None = None
    image_keys: tuple[str, ...] = ()
    visibility: Visibility = Visibility.PUBLIC
    max_running: int | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job as stored.

    attempts: those that it failed by itself, and the running one.
    starts: how often it was started, for whatever reason; only the newest start may change the job.
    crashes: how many engines and painting processes were lost with it in hand.
    progress: fraction of the steps done, 0 to 1.
    cause: `{"error": class name, ...facts}` of the error that ended it; None unless failed.
    edit: what is done to the picture that it starts from; None where the operation's usual strength is all.
    image_keys: object keys of the pictures in the prompt, in the order of `pictures_of(spec)`.
    grid_key, grid_type: object key and media type of the grid image; None until finished.
    expected_at: when its training will end, as last estimated; None of other jobs.
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
    edit: Edit | None
    cause: Mapping[str, Any] | None
    grid_key: str | None
    grid_type: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    starts: int = 0
    crashes: int = 0
    image_keys: tuple[str, ...] = ()
    visibility: Visibility = Visibility.PUBLIC
    expected_at: datetime | None = None

    @property
    def is_suspect(self) -> bool:
        """Whether it may be what crashes painters, so that it is painted alone."""
        return self.crashes >= CRASHES_UNTIL_ALONE


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A stored image; `slot` 0 to 3 counts left to right, top to bottom; `recipe` is enough to paint it again.

    unsafe_score: by how much it exceeds what a classifier finds safe; None where none has looked at it.
    """

    id: UUID
    job_id: UUID
    slot: int
    object_key: str
    width: int
    height: int
    seed: int
    recipe: Mapping[str, Any]
    unsafe_score: float | None = None

    @property
    def is_unsafe(self) -> bool:
        """Whether a classifier finds it unsafe."""
        return self.unsafe_score is not None and self.unsafe_score > 0


def json_from_spec(spec: JobSpec) -> dict[str, Any]:
    """Return the spec as JSON-compatible data with its version."""
    adapters = {"adapters": {name: str(one) for name, one in spec.adapters.items()}} if spec.adapters else {}
    ends = {"ends": [{"parts": _parts_json(end.parts), "seeds": list(end.seeds)} for end in spec.ends]}
    return {
        "version": SPEC_VERSION,
        "prompt": spec.prompt,
        "parts": _parts_json(spec.parts),
        "images": [{"url": image.url, "weight": image.weight} for image in spec.images],
        "parameters": {
            name: list(value) if isinstance(value, tuple) else value for name, value in spec.parameters.items()
        },
        **adapters,
        **(ends if spec.ends else {}),
    }


def spec_from_json(data: Mapping[str, Any]) -> JobSpec:
    """Return the spec that `json_from_spec` wrote.

    Raises: ValueError for a version that this release cannot read.
    """
    version = data.get("version")
    if version not in READABLE_SPEC_VERSIONS:
        raise ValueError(f"spec version {version!r} is not readable by this release")
    return JobSpec(
        prompt=data["prompt"],
        parts=_parts_from_json(data["parts"]),
        images=tuple(ImagePrompt(**image) for image in data["images"]),
        parameters=MappingProxyType(
            {name: tuple(value) if isinstance(value, list) else value for name, value in data["parameters"].items()}
        ),
        adapters=MappingProxyType({name: UUID(one) for name, one in data.get("adapters", {}).items()}),
        ends=tuple(
            WayEnd(parts=_parts_from_json(one["parts"]), seeds=tuple(one["seeds"])) for one in data.get("ends", ())
        ),
    )


def _parts_json(parts: tuple[Part, ...]) -> list[dict[str, str | float]]:
    return [{"text": part.text, "weight": part.weight} for part in parts]


def _parts_from_json(data: Sequence[Mapping[str, Any]]) -> tuple[Part, ...]:
    return tuple(Part(**part) for part in data)
