"""The parts of a prompt as a model takes them; no torch."""

from __future__ import annotations

from dataclasses import replace

from engine.contract.errors import OperatorError
from engine.contract.jobs import JobSpec, Part
from engine.contract.painting import PaintRequest
from engine.models.files.locate import local_path
from engine.models.files.vocabulary import read_vocabulary
from engine.models.registry.registry import Model
from engine.prompt import Vocabulary, joined_parts


def joined_spec(request: PaintRequest, model: Model) -> tuple[JobSpec, bool]:
    """Return the spec with the positive parts as the model takes them, and whether some of them are joined."""
    spec = request.spec
    positive = tuple(part for part in spec.parts if part.weight > 0)
    if len(positive) < 2 or not request.may_join_parts or is_interpolated(request):
        return spec, False
    joined = joined_parts(positive, _vocabulary_of(model))
    negative = tuple(part for part in spec.parts if part.weight < 0)
    return (replace(spec, parts=(*joined, *negative)), True) if len(joined) < len(positive) else (spec, False)


def _vocabulary_of(model: Model) -> Vocabulary | None:
    """Return all that a small model can paint; None for others, and for one whose files loading it will refuse."""
    try:
        return read_vocabulary(local_path(model))
    except OperatorError:
        return None


def weighed_parts(spec: JobSpec) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Return the positive and the negative parts: w_i / S and -w_i / S, where S is the sum of the positive weights."""
    parts = spec.parts or (Part(text=""),)
    total = sum(part.weight for part in parts if part.weight > 0)
    positive = tuple(Part(text=part.text, weight=part.weight / total) for part in parts if part.weight > 0)
    negative = tuple(Part(text=part.text, weight=-part.weight / total) for part in parts if part.weight < 0)
    return positive, negative


def is_interpolated(request: PaintRequest) -> bool:
    """Return whether the pictures lie between what the spec has two of, so that all start from the same noise.

    What is painted from one of them is not.
    """
    return request.edit is None and request.spec.parameters.get("interpolate") is True
