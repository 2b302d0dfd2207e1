"""Whether registered ControlNets and motion adapters can be used on this machine, and their hashes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.contract.add_ons import AddOn
from engine.contract.errors import EaselError
from engine.models.files.control_fit import misfit_of
from engine.models.files.module_files import CONFIG, WEIGHTS, Module, fetch_module, module_folder, module_hash
from engine.models.files.motion_fit import motion_misfit_of
from engine.models.recorded_hashes import record_hash
from engine.models.registry.controls import ControlNet
from engine.models.registry.registry import SHIPPED, Model, Registry


@dataclass(frozen=True, kw_only=True)
class ModuleStatus:
    """The state of a registered ControlNet or motion adapter on this machine.

    path: its folder; None if it is missing. size_bytes, sha256: size and hash of its files.
    fits: the models that it was compared with and fits. misfits: why it does not fit the others of its family.
    error: why it cannot be used; None if it can.
    """

    module: Module
    path: Path | None = None
    size_bytes: int = 0
    sha256: str | None = None
    fits: tuple[str, ...] = ()
    misfits: tuple[str, ...] = ()
    error: EaselError | None = None

    @property
    def kind(self) -> AddOn:
        """Which of the two it is."""
        return AddOn.CONTROL if isinstance(self.module, ControlNet) else AddOn.MOTION


def module_statuses(registry: Registry) -> Iterator[ModuleStatus]:
    """Yield the state of each: whether its files are there, match their hash, load, and fit which models."""
    modules: tuple[Module, ...] = (*registry.controls.values(), *registry.motion_adapters.values())
    for module in modules:
        yield module_status(module, registry)


def module_named(registry: Registry, name: str) -> Module | None:
    """Return the ControlNet or motion adapter of that name; None where there is neither."""
    return registry.controls.get(name) or registry.motion_adapters.get(name)


def fetch_and_check(registry: Registry, module: Module) -> ModuleStatus:
    """Download a ControlNet or motion adapter, record its hash if there is none, and return its state.

    Raises: WeightsMissing.
    """
    fetch_module(module)
    status = module_status(module, registry)
    record_module_hash(registry, status)
    return status


def module_status(module: Module, registry: Registry) -> ModuleStatus:
    """Return the state of a ControlNet or motion adapter."""
    try:
        sha256, folder = module_hash(module), module_folder(module)
        _try(module)
    except EaselError as error:
        return ModuleStatus(module=module, error=error)
    found = {model.name: _misfit(module, model) for model in registry.models.values() if _is_for(module, model)}
    return ModuleStatus(
        module=module,
        path=folder,
        size_bytes=sum((folder / file).stat().st_size for file in (CONFIG, WEIGHTS)),
        sha256=sha256,
        fits=tuple(name for name, told in found.items() if told == ""),
        misfits=tuple(f"does not fit {name}: {told}" for name, told in found.items() if told),
    )


def record_module_hash(registry: Registry, status: ModuleStatus) -> None:
    """Write its current hash into the operator's file, unless the file has one already."""
    if status.sha256 is not None and status.module.sha256 is None and registry.path != SHIPPED:
        table = "controls" if status.kind is AddOn.CONTROL else "motion_adapters"
        record_hash(registry.path, status.module.name, status.sha256, table=table)


def _is_for(module: Module, model: Model) -> bool:
    named = None if isinstance(module, ControlNet) else module.model
    return module.family == model.family.name and named in (None, model.name)


def _misfit(module: Module, model: Model) -> str | None:
    return misfit_of(module, model) if isinstance(module, ControlNet) else motion_misfit_of(module, model)


def _try(module: Module) -> None:
    """Load it without its numbers; raises as `try_control` and `try_motion`."""
    # These import torch, which a file without any of them does not need.
    from engine.models.loading.control import try_control
    from engine.models.loading.motion import try_motion

    try_control(module) if isinstance(module, ControlNet) else try_motion(module)
