"""Whether registered ControlNets can be used on this machine, and their hashes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.contract.errors import EaselError
from engine.models.files.control_files import CONFIG, WEIGHTS, control_folder, control_hash, fetch_control
from engine.models.files.control_fit import misfit_of
from engine.models.recorded_hashes import record_hash
from engine.models.registry.controls import ControlNet
from engine.models.registry.registry import SHIPPED, Registry


@dataclass(frozen=True, kw_only=True)
class ControlStatus:
    """The state of a registered ControlNet on this machine.

    path: its folder; None if it is missing. size_bytes, sha256: size and hash of its files.
    fits: the models that it was compared with and fits. misfits: why it does not fit the others of its family.
    error: why it cannot be used; None if it can.
    """

    control: ControlNet
    path: Path | None = None
    size_bytes: int = 0
    sha256: str | None = None
    fits: tuple[str, ...] = ()
    misfits: tuple[str, ...] = ()
    error: EaselError | None = None


def control_statuses(registry: Registry) -> Iterator[ControlStatus]:
    """Yield the state of each ControlNet: whether its files are there, match their hash, load, and fit which models."""
    for control in registry.controls.values():
        yield control_status(control, registry)


def fetch_and_check(registry: Registry, name: str) -> ControlStatus:
    """Download a ControlNet, record its hash if there is none, and return its state.

    Raises: WeightsMissing.
    """
    fetch_control(registry.controls[name])
    status = control_status(registry.controls[name], registry)
    record_control_hash(registry, status)
    return status


def control_status(control: ControlNet, registry: Registry) -> ControlStatus:
    """Return the state of a ControlNet."""
    # Imports torch, which a file without ControlNets does not need.
    from engine.models.loading.control import try_control

    try:
        sha256, folder = control_hash(control), control_folder(control)
        try_control(control)
    except EaselError as error:
        return ControlStatus(control=control, error=error)
    models = [model for model in registry.models.values() if control in registry.controls_of(model)]
    found = {model.name: misfit_of(control, model) for model in models}
    return ControlStatus(
        control=control,
        path=folder,
        size_bytes=sum((folder / file).stat().st_size for file in (CONFIG, WEIGHTS)),
        sha256=sha256,
        fits=tuple(name for name, told in found.items() if told == ""),
        misfits=tuple(f"does not fit {name}: {told}" for name, told in found.items() if told),
    )


def record_control_hash(registry: Registry, status: ControlStatus) -> None:
    """Write the ControlNet's current hash into the operator's file, unless the file has one already."""
    if status.sha256 is not None and status.control.sha256 is None and registry.path != SHIPPED:
        record_hash(registry.path, status.control.name, status.sha256, table="controls")
