"""Whether a registered model can be loaded: all of it is there, whole, and what was recorded; no tensors."""

from __future__ import annotations

from pathlib import Path

from engine.contract.errors import ModelBroken
from engine.models.files.selection import Choice
from engine.models.files.weights import Watch, check_whole, choice_of, recognise, unwatched
from engine.models.registry.registry import Model


def sound_hash(model: Model, place: Path, watch: Watch = unwatched) -> str:
    """Return the hash of the model's files at `place`; see `recognise` for which.

    Raises: WeightsMissing, WeightsMismatch for files that are damaged or other than those recorded, ModelBroken for a
    folder whose files make no pipeline.
    """
    variant = model.source.variant
    if not place.is_file():
        check_choice(model, str(place), choice_of(place, variant))
    check_whole(place, variant)
    return recognise(place, model.sha256, variant, watch)


def check_choice(model: Model, where: str, choice: Choice) -> None:
    """Return when the files that were chosen are enough; `where` is the folder or repository that they are in.

    Raises: ModelBroken.
    """
    if choice.faults:
        raise ModelBroken(name=model.name, cause=f"{where} {'; it '.join(choice.faults)}")
