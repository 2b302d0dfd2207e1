"""Whether a model takes the values of the settings that a request has; no torch."""

from __future__ import annotations

from engine.contract.errors import SettingUnsupported
from engine.contract.jobs import ParameterValue
from engine.models.registry.registry import Model


def check_known(model: Model, name: str, value: str, known: tuple[str, ...]) -> None:
    """Raise SettingUnsupported for a value that is not one of those known."""
    if value not in known:
        raise SettingUnsupported(name=name, value=value, model=model.name, known=known)


def bounded(model: Model, name: str, value: ParameterValue | None, default: float, low: float, high: float) -> float:
    """Return the number that a setting has, or its default; raise SettingUnsupported for one outside its range."""
    if value is None:
        return default
    if isinstance(value, int | float) and low <= value <= high:
        return float(value)
    raise SettingUnsupported(name=name, value=str(value), model=model.name, within=(f"{low:g}", f"{high:g}"))
