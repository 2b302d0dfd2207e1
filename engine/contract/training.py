"""Adapters that members train from pictures of their own: what a trainer is given, what comes back, what is stored.

No torch here, so that the worker can be tested anywhere.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from engine.contract.errors import RequestError

MIN_PICTURES, MAX_PICTURES = 3, 20
"""How many pictures of one thing an adapter is trained from."""

MIN_SIDE = 64
"""In pixels, of such a picture: what is smaller shows nothing that could be learnt."""

PROFILE = "@profile"
"""The name of a member's own style, which is trained from their votes; no other adapter can be called so."""

PROFILE_VOTES = 100
"""How many votes a member's own style is trained from at least."""

TRAINING_DISK = "training"
"""The `place` of StorageFull for the disk on which an engine keeps what it has learnt so far."""

ADAPTER_SUFFIX = ".safetensors"
"""Of an adapter's file in the picture store."""


@dataclass(frozen=True, kw_only=True)
class TrainingRequest:
    """One job for the trainer.

    subject: the text that is to mean what the pictures show, such as "zork cat". kind: what kind of thing that is,
    such as "cat". model: which one it is trained for; None for the default. seed: 0 to 2**32 - 1.
    pictures: encoded, of any size.
    """

    job_id: UUID
    subject: str
    kind: str
    model: str | None
    seed: int
    pictures: tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True)
class TrainingProgress:
    """Steps done of all steps, and how long the rest takes; None while that is not known."""

    done: int
    total: int
    seconds_left: float | None = None


@dataclass(frozen=True, kw_only=True)
class TrainedAdapter:
    """The adapter's file, safetensors as diffusers reads them."""

    file: bytes


class AdapterTrainer(Protocol):
    """Trains adapters, one at a time; what it has learnt of a job it keeps until the job is dropped."""

    def train(self, request: TrainingRequest) -> AsyncGenerator[TrainingProgress | TrainedAdapter, None]:
        """Yield progress, then the adapter; closing the generator ends the training after its step.

        The same job goes on where it was ended, and its adapter is the same as without the interruption.

        Raises: RequestError when the model cannot learn from these pictures, TransientError when the same request may
        succeed later, OperatorError when the operator must act.
        """
        ...

    def job_ids(self) -> tuple[UUID, ...]:
        """Return the jobs of which something is kept."""
        ...

    async def drop(self, job_id: UUID) -> None:
        """Delete what is kept of the job."""
        ...


@dataclass(frozen=True, kw_only=True)
class OwnAdapter:
    """An adapter that a member trains or has trained, as stored.

    name: by which `--lora` names it. subject, kind: as of its request. model: the one that it is for.
    object_key: of its file; None while it is trained.
    """

    id: UUID
    member_id: UUID
    name: str
    subject: str
    kind: str
    model: str
    job_id: UUID | None
    object_key: str | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class UsableAdapter:
    """An adapter that a member may use where they ask: their own, or one that is shared there."""

    id: UUID
    name: str
    model: str
    is_own: bool


class TrainingDiverged(RequestError):
    """The loss of the fact `step` is no number: nothing can be learnt from these pictures."""


class PicturesUnsafe(RequestError):
    """The registered classifier finds some of the pictures unsafe; the fact `number` says how many."""


class NoRoomToTrain(RequestError):
    """The disk of the engine filled up during the training, of which nothing is kept."""


class AdapterNameTaken(RequestError):
    """There is an adapter called `name` already, of the member's or of the service's."""

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)
        self.name = name


class AdapterUnknown(RequestError):
    """The member has no adapter called `name`, and none of that name is shared with them."""

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)
        self.name = name
