"""Whether registered IP-Adapters can be used on this machine, and their hashes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.contract.add_ons import AddOn, errors_about
from engine.contract.errors import AdapterMismatch, EaselError, ModelUnknown, OperatorError
from engine.models.files.json_files import object_in
from engine.models.files.locate import ip_adapter_files, local_path
from engine.models.recorded_hashes import record_hash
from engine.models.registry.ip_adapters import IPAdapter
from engine.models.registry.registry import SHIPPED, Model, Registry


@dataclass(frozen=True, kw_only=True)
class IPAdapterStatus:
    """The state of a registered IP-Adapter on this machine.

    path: of its weights. fits: the models that it was checked against and fits.
    size_bytes, sha256: size and hash of its weights and its image encoder. error: why it cannot be used; None if it
    can.
    """

    adapter: IPAdapter
    path: Path | None = None
    fits: tuple[str, ...] = ()
    size_bytes: int = 0
    sha256: str | None = None
    error: EaselError | None = None


def ip_adapter_statuses(registry: Registry) -> Iterator[IPAdapterStatus]:
    """Yield the state of each IP-Adapter: whether its files are there, match their hash and fit its models."""
    for adapter in registry.ip_adapters.values():
        yield ip_adapter_status(adapter, registry)


def record_ip_adapter_hash(registry: Registry, status: IPAdapterStatus) -> None:
    """Write the IP-Adapter's current hash into the operator's file, unless the file has one already."""
    if status.sha256 is not None and status.adapter.sha256 is None and registry.path != SHIPPED:
        record_hash(registry.path, status.adapter.name, status.sha256, table="ip_adapters")


def ip_adapter_status(adapter: IPAdapter, registry: Registry) -> IPAdapterStatus:
    """Return the state of an IP-Adapter."""
    # Imports torch, which a file without IP-Adapters does not need.
    from engine.models.loading.errors import translated_errors
    from engine.models.loading.ip_adapter import read_ip_adapter

    try:
        if adapter.model is not None and adapter.model not in registry.models:
            raise ModelUnknown(name=adapter.model, known=tuple(registry.models))
        with errors_about(AddOn.IP_ADAPTER, adapter.name), translated_errors(adapter.name):
            parts, sha256 = read_ip_adapter(adapter)
        features = next(weight.shape[1] for name, weight in parts["ip_adapter"].items() if "to_k_ip" in name)
        models = [model for model in registry.models.values() if adapter in registry.ip_adapters_of(model)]
        fits = tuple(model.name for model in models if _check_fit(adapter, model, features))
        file, encoder = ip_adapter_files(adapter)
    except EaselError as error:
        return IPAdapterStatus(adapter=adapter, error=error)
    size_bytes = sum(path.stat().st_size for path in (file, *encoder.glob("*")))
    return IPAdapterStatus(adapter=adapter, path=file, fits=fits, size_bytes=size_bytes, sha256=sha256)


def _check_fit(adapter: IPAdapter, model: Model, features: int) -> bool:
    """Return whether it fits the model; False for one whose files are missing or one without folders.

    Raises: AdapterMismatch.
    """
    try:
        path = local_path(model) / "unet" / "config.json"
        expected = object_in(path).get("cross_attention_dim") if path.is_file() else None
    except (OperatorError, OSError, ValueError):
        return False
    if expected not in (None, features):
        part = f"it reads texts of {expected} features, and the IP-Adapter is made for {features}"
        raise AdapterMismatch(name=adapter.name, model=model.name, part=part)
    return expected is not None
