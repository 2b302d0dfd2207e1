"""What was measured of a model on this device, kept in a folder for the next start.

A file that is missing, damaged or of something else is ignored, and written again once it has been measured.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import platform
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.models.registry.registry import Model
from engine.painter.cache.warmup import BATCH_SIZES
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.pipeline.vae import fit_preview_weights

Key = Mapping[str, Any]

_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Measurements:
    """The measurements in a folder; without one every start measures anew."""

    folder: Path | None = None

    def read_max_rows(self, model: Model, loaded: LoadedModel) -> int | None:
        """Return the most forward rows worth running at once, if they were measured for this model on this CPU.

        On other devices they also depend on the memory that other models leave, and are measured at every start.
        """
        if self.folder is None or loaded.device.type != "cpu":
            return None
        max_rows = self._read(_max_rows_key(model, loaded))
        return max_rows if type(max_rows) is int and max_rows in (1, *BATCH_SIZES) else None

    def write_max_rows(self, model: Model, loaded: LoadedModel, max_rows: int) -> None:
        """Keep the most forward rows worth running at once."""
        if self.folder is not None and loaded.device.type == "cpu":
            self._write(_max_rows_key(model, loaded), max_rows)

    def preview_weights(
        self, sha256: str, device: torch.device, vae: Any, latent_shape: tuple[int, int, int]
    ) -> Tensor:
        """Return what `fit_preview_weights` returns, from the folder if it is there; equal to the last bit.

        sha256: hash over the model's weights and configurations.
        """
        if self.folder is None:
            return fit_preview_weights(vae, latent_shape)
        key = {"what": "preview", "sha256": sha256, "dtype": str(vae.dtype), **_machine(device)}
        weights = _tensor_from_json(self._read(key), (latent_shape[0] + 1, 3))
        if weights is None:
            weights = fit_preview_weights(vae, latent_shape)
            self._write(key, weights.tolist())
        return weights

    def _read(self, key: Key) -> Any:
        try:
            stored = json.loads(self._path(key).read_bytes())
            return stored["value"] if stored["key"] == key else None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def _write(self, key: Key, value: Any) -> None:
        path = self._path(key)
        whole = path.with_name(f"{path.name}.{os.getpid()}")
        # A folder that cannot be written to costs the next start its time, and this one nothing.
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            whole.write_text(json.dumps({"key": key, "value": value}))
            whole.replace(path)

    def _path(self, key: Key) -> Path:
        assert self.folder is not None
        return self.folder / f"{hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]}.json"


def _max_rows_key(model: Model, loaded: LoadedModel) -> Key:
    return {
        "what": "max_rows",
        "sha256": loaded.sha256,
        "dtype": str(loaded.dtype),
        "bytes_on_device": loaded.size_bytes,
        "size": [model.defaults.width, model.defaults.height],
        "guidance": model.defaults.guidance,
        "speed": repr(model.speed),
        "openvino": importlib.util.find_spec("openvino") is not None,
        **_machine(loaded.device),
    }


def _machine(device: torch.device) -> Key:
    """Return what decides how fast this device is and how it rounds, apart from the model."""
    return {
        "version": _VERSION,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "device": f"{device.type} {_device_name(device)}",
    }


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return f"{line.partition(':')[2].strip()} x {os.cpu_count()}"
    return f"{platform.machine()} x {os.cpu_count()}"


def _tensor_from_json(value: Any, shape: tuple[int, int]) -> Tensor | None:
    try:
        weights = torch.tensor(value, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError):
        return None
    return weights if weights.shape == shape and bool(weights.isfinite().all()) else None
