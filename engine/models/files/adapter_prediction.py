"""Compares what the metadata of an adapter says about the prediction of its model with the model's own."""

from __future__ import annotations

from pathlib import Path

from engine.contract.errors import ModelBroken, WeightsMissing
from engine.models.files.prediction import EPSILON, FLOW, V, told_by_file
from engine.models.files.scheduler_check import scheduler_of
from engine.models.files.weights import header_of
from engine.models.registry.registry import Model

# Adapters for one of these are used with models of the other, and keep much of what they do.
_ALIKE = frozenset({EPSILON, V})


def prediction_mismatch(file: Path, model: Model, place: Path) -> str | None:
    """Return why an adapter for models that predict something else cannot be used with this one, or None.

    Models of flow families are all alike: nothing that the metadata says matters there.

    place: the model's folder or file.

    Raises: WeightsMissing, WeightsMismatch for the adapter.
    """
    says = told_by_file(header_of(file))
    if model.family.is_flow or says.prediction is None or says.prediction in _ALIKE:
        return None
    predicts = _prediction_of(model, place)
    if says.prediction == predicts:
        return None
    return f"its {says.evidence} says {says.prediction}, but the model predicts {predicts}"


def prediction_warnings(file: Path, model: Model, place: Path) -> tuple[str, ...]:
    """Return what the metadata of an adapter says about the prediction that does not hold for this model.

    Raises: as `prediction_mismatch`.
    """
    says, predicts = told_by_file(header_of(file)), _prediction_of(model, place)
    unknown = tuple(f"its {told}, which Easel does not know and ignores" for told in says.unknown)
    if says.prediction in (None, predicts):
        return unknown
    told = f"its {says.evidence} says {says.prediction}, but model {model.name} predicts {predicts}"
    return (*unknown, f"{told}. Its effect may be weak or spoil pictures")


def _prediction_of(model: Model, place: Path) -> str:
    if model.family.is_flow:
        return FLOW
    try:
        saved = scheduler_of(model, place)
    except (ModelBroken, WeightsMissing):  # Told of the model itself.
        saved = None
    settings = {**(saved.settings if saved else {}), **model.scheduler.overrides}
    return str(settings.get("prediction_type", EPSILON))
