"""What works with models and is registered beside them, and errors that are about it and not about a model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from engine.contract.errors import ModelBroken, WeightsMismatch, WeightsMissing


class AddOn(StrEnum):
    """A kind of it, as people call it."""

    UPSCALER = "upscaler"
    SEGMENTER = "segmenter"
    CAPTIONER = "captioner"
    CLASSIFIER = "classifier"
    SCORER = "scorer"
    CONTROL = "ControlNet"
    IP_ADAPTER = "IP-Adapter"
    MOTION = "motion adapter"


@contextmanager
def errors_about(add_on: AddOn, name: str) -> Iterator[None]:
    """Add to errors of broken or missing files, as the facts `add_on` and `add_on_name`, whose they are."""
    try:
        yield
    except (ModelBroken, WeightsMissing, WeightsMismatch) as error:
        error.facts = {**error.facts, "add_on": add_on.value, "add_on_name": name}
        raise


def learned_name(sha256: str) -> str:
    """Return the name of an adapter that was trained on votes, by the hash of its file."""
    return f"learned-{sha256[:12]}"
