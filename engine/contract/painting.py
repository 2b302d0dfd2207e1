"""What the worker hands to a painter and what comes back; no torch here, so that the worker can be tested anywhere."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from engine.contract.jobs import JobSpec

NUM_PICTURES = 4


@dataclass(frozen=True, kw_only=True)
class PaintRequest:
    """One job for the painter.

    seed: 0 to 2**32 - 1; picture `slot` is painted from `seed + slot` modulo 2**32, each from a generator of its own,
        so that its content does not depend on the batch it was in.
    source: encoded image that a variation starts from; None paints from noise.
    strength: 0 to 1, how far a variation may leave its source.
    """

    job_id: UUID
    member_id: UUID
    spec: JobSpec
    seed: int
    source: bytes | None = None
    strength: float = 0.75
    num_pictures: int = NUM_PICTURES


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Steps done of steps in all, now and then with a small preview of the grid as JPEG."""

    done: int
    total: int
    preview: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class PaintedPicture:
    """A finished picture: PNG with its recipe in a `parameters` text chunk, and the same recipe as data.

    recipe: JSON-ready; the settings in force, the model's name and hash, and the library versions.
    """

    png: bytes
    width: int
    height: int
    seed: int
    recipe: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Painted:
    """The last thing a painter says of a request: its pictures by slot, and the grid as members see it.

    grid: a JPEG or WebP of the pictures, tiles 1 2 / 3 4, under 10 MiB.
    grid_type: its media type.
    """

    pictures: tuple[PaintedPicture, ...]
    grid: bytes
    grid_type: str


class Painter(Protocol):
    """Paints requests, any number at once."""

    def paint(self, request: PaintRequest) -> AsyncGenerator[Progress | Painted, None]:
        """Yield progress, then one `Painted`; closing the generator removes the request's rows at the next step.

        Raises: RequestError when the model cannot do what the spec asks, TransientError when the same request may
        succeed later, OperatorError when the operator must act.
        """
        ...
