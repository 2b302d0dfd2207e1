"""What the worker gives a painter and what comes back; no torch here, so that the worker can be tested anywhere."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from engine.contract.edits import Edit
from engine.contract.jobs import JobSpec, Operation

NUM_PICTURES = 4


_OF_ONE = frozenset({Operation.UPSCALE, Operation.ANIMATE})


def num_pictures_of(operation: Operation) -> int:
    """Return how many pictures a job of the operation makes."""
    return 1 if operation in _OF_ONE else NUM_PICTURES


@dataclass(frozen=True, kw_only=True)
class AdapterFile:
    """An adapter that a member has trained, as `--lora name` names it: its file, and the model that it is for."""

    name: str
    path: Path
    sha256: str
    model: str


@dataclass(frozen=True, kw_only=True)
class PaintRequest:
    """One job for the painter.

    seed: 0 to 2**32 - 1; picture `slot` is painted from `seed + slot` modulo 2**32, each from a generator of its own,
        so that its content does not depend on the batch it was in.
    source: encoded image that the operation starts from; None for operations that start from noise.
    edit: what is done to the source; None for operations that start from noise.
    mask: the file of the mask that the edit names; None where it names none.
    images: the encoded pictures in the prompt, in the order of `pictures_of(spec)`; operations on a source may do
        without them.
    may_join_parts: whether a model that needs it may take the prompt's parts as one text; False for pictures of older
        releases, which gave each part a row.
    may_read_images: whether the model's IP-Adapters may read the images; False for pictures that were painted without.
    upscaler: name of what makes an upscaled picture larger; None for what is used for new ones.
    adapters: those of the spec that a member has trained.
    """

    job_id: UUID
    member_id: UUID
    operation: Operation
    spec: JobSpec
    seed: int
    source: bytes | None = None
    edit: Edit | None = None
    mask: bytes | None = None
    images: tuple[bytes, ...] = ()
    num_pictures: int = NUM_PICTURES
    may_join_parts: bool = True
    may_read_images: bool = True
    upscaler: str | None = None
    adapters: tuple[AdapterFile, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Steps done of all steps, from time to time with a small preview of the grid as JPEG."""

    done: int
    total: int
    preview: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class PaintedPicture:
    """A finished picture: PNG with its recipe in a `parameters` text chunk, and the same recipe as data.

    recipe: JSON-ready; the settings in force, the model's name and hash, and the library versions.
    unsafe_score: by how much it exceeds what the registered classifier finds safe, so that it is unsafe over 0; None
        where none has looked at it.
    """

    png: bytes
    width: int
    height: int
    seed: int
    recipe: Mapping[str, Any]
    unsafe_score: float | None = None


@dataclass(frozen=True, kw_only=True)
class PaintedPictures:
    """A result of pictures, by slot, with the grid that members see where the operation makes one.

    grid: a JPEG or WebP of the pictures, tiles 1 2 / 3 4, or a film of them or of which they are the first frame as an
        animated WebP, under 10 MiB; None for pictures without a grid.
    grid_type: its media type; None without a grid.
    mask: the file of the mask that was found for the words of the request's edit, which the recipes name; None without.
    """

    pictures: tuple[PaintedPicture, ...]
    grid: bytes | None = None
    grid_type: str | None = None
    mask: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class PaintedFile:
    """A result that is one file."""

    content: bytes
    media_type: str


@dataclass(frozen=True, kw_only=True)
class PaintedText:
    """A result that is text."""

    text: str


PaintResult = PaintedPictures | PaintedFile | PaintedText


class Painter(Protocol):
    """Paints requests, any number at once."""

    def paint(self, request: PaintRequest) -> AsyncGenerator[Progress | PaintResult, None]:
        """Yield progress, then one result; closing the generator removes the request's rows at the next step.

        Raises: RequestError when the model cannot do what the request asks, TransientError when the same request may
        succeed later, OperatorError when the operator must act.
        """
        ...
