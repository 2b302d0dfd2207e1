"""What the denoising loop reports about a request; no torch at run time, so that reading a recipe stays quick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Stepped:
    """The request has moved on by a step.

    done, total: model calls of each of its pictures.
    preview: uint8 [pictures, height, width, 3] on the CPU from time to time, else None.
    """

    done: int
    total: int
    preview: Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The request's pictures, with what its recipe records.

    pictures: by slot, each uint8 [height, width, 3] on the CPU; of an interpolation, with the frames between them; of a
        film, its frames.
    film: what was to be seen after each step, uint8 [pictures, height, width, 3] and small; empty unless it is filmed.
    sha256: hash of the model's files.
    lora_sha256: hash of each adapter's file, in the order of the request's `loras`.
    reference_sha256: hash of each IP-Adapter's files, in the order of the request's `references`.
    control_sha256: hash of the ControlNet's files; None without one.
    motion_sha256: hash of the motion adapter's files, of a film; else None.
    clip_sha256: hash of the files of the CLIP that steered them; None without.
    truncated_texts: ends of the texts that did not fit the text encoder.
    """

    pictures: tuple[Tensor, ...]
    sha256: str
    lora_sha256: tuple[str, ...] = ()
    reference_sha256: tuple[str, ...] = ()
    control_sha256: str | None = None
    motion_sha256: str | None = None
    clip_sha256: str | None = None
    truncated_texts: tuple[str, ...] = ()
    film: tuple[Tensor, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The request ended with an error."""

    error: Exception


Event = Stepped | Finished | Failed
