"""LoRA adapters of one loaded pipeline: put on and off by name and weight, without reloading the base."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import torch

from engine.contract.errors import AdapterMismatch, ModelBroken, WeightsMismatch
from engine.models.files.adapter_fit import BaseModules, base_modules, check_fit
from engine.models.files.locate import local_path
from engine.models.files.weights import hash_of
from engine.models.loading.errors import translated_errors
from engine.models.loading.exclusive import one_at_a_time
from engine.models.loading.offload import torch_modules
from engine.models.registry.adapters import Adapter
from engine.models.registry.registry import Model
from engine.painter.pipeline.lora_tensors import renamed_tensors

Loras = tuple[tuple[Adapter, float], ...]


@dataclass(frozen=True, kw_only=True)
class LoadedAdapter:
    """An adapter that a pipeline has loaded: its name there, the hash of its file, and the memory that it takes."""

    name: str
    sha256: str
    size_bytes: int


class LoraManager:
    """The adapters that a pipeline has loaded, most recently used last, and those that are set."""

    def __init__(self, pipe: Any, model: Model) -> None:
        self._pipe, self._model = pipe, model
        # Flux's loader widens the base for a LoRA that is wider, and it stays so; kept from that, it refuses the LoRA.
        pipe._maybe_expand_transformer_param_shape_or_error_ = lambda *_: False
        self._names = (f"adapter_{number}" for number in count())
        self._adapters: OrderedDict[Adapter, LoadedAdapter] = OrderedDict()
        # None: whatever a change that went wrong has left.
        self._active_loras: Loras | None = ()

    @property
    def is_active(self) -> bool:
        return self._active_loras != ()

    @property
    def adapters(self) -> Mapping[Adapter, int]:
        """The bytes that each loaded adapter takes, least recently used first."""
        return {adapter: loaded.size_bytes for adapter, loaded in self._adapters.items()}

    def set_adapters(self, loras: Loras) -> None:
        """Let the pipeline paint with exactly these adapters; nothing happens when it already does.

        Raises: AdapterMismatch, WeightsMissing, WeightsMismatch, torch.OutOfMemoryError; the pipeline then
        has none set, and nothing half loaded is left.
        """
        if loras == self._active_loras:
            return
        self._active_loras = None
        for adapter, _ in loras:
            if adapter not in self._adapters:
                self._load(adapter)
            self._adapters.move_to_end(adapter)
        if loras:
            self._pipe.enable_lora()
            self._pipe.set_adapters(
                [self._adapters[adapter].name for adapter, _ in loras], [weight for _, weight in loras]
            )
        else:
            self._pipe.disable_lora()
        self._active_loras = loras

    def drop(self, adapter: Adapter) -> None:
        """Unload an adapter; it is loaded again on its next use."""
        # Where one is deleted that is on, peft puts on another in its place.
        self.set_adapters(())
        self._pipe.delete_adapters(self._adapters.pop(adapter).name)

    def sha256_of(self, adapter: Adapter) -> str:
        """Return the hash of the file that the adapter was loaded from; it must be loaded."""
        return self._adapters[adapter].sha256

    def _load(self, adapter: Adapter) -> None:
        """Load an adapter and leave the pipeline with none set, whatever happens."""
        sha256 = hash_of(adapter.file)
        if adapter.sha256 not in (None, sha256):
            raise WeightsMismatch(path=adapter.file)
        place = local_path(self._model)
        check_fit(adapter, self._model, place)
        base = base_modules(place, self._model.source.variant)
        # peft takes a dot in a name for a path.
        name = next(self._names)
        try:
            size_bytes = self._put_in(adapter, name, base)
            self._adapters[adapter] = LoadedAdapter(name=name, sha256=sha256, size_bytes=size_bytes)
        finally:
            if adapter not in self._adapters:
                self._pipe.delete_adapters(name)
            self._pipe.disable_lora()

    def _put_in(self, adapter: Adapter, name: str, base: BaseModules) -> int:
        """Let the pipeline load the file under a name; return the bytes that its weights take."""
        try:
            with one_at_a_time, translated_errors(self._model.name):
                if (tensors := renamed_tensors(adapter.file, base, self._pipe)) is not None:
                    self._pipe.load_lora_weights(tensors, adapter_name=name)
                else:
                    self._pipe.load_lora_weights(
                        str(adapter.file.parent), weight_name=adapter.file.name, adapter_name=name, use_safetensors=True
                    )
        except ModelBroken as error:
            raise self._mismatch(adapter, error.cause) from error
        weights = dict(self._weights_of(name))
        if not weights:
            raise self._mismatch(adapter, "nothing in it has a name that the model knows")
        unfilled = next((weight_name for weight_name, weight in weights.items() if weight.is_meta), None)
        if unfilled is not None:
            raise self._mismatch(adapter, f"{unfilled.partition('.lora_')[0]} is not whole")
        odd = next((weight_name for weight_name, weight in weights.items() if not weight.isfinite().all()), None)
        if odd is not None:
            raise self._mismatch(adapter, f"{odd.partition('.lora_')[0]} has numbers that are not finite")
        return sum(weight.numel() * weight.element_size() for weight in weights.values())

    def _weights_of(self, name: str) -> Iterator[tuple[str, torch.nn.Parameter]]:
        for part in torch_modules(self._pipe):
            yield from ((path, weight) for path, weight in part.named_parameters() if name in path.split("."))

    def _mismatch(self, adapter: Adapter, part: str) -> AdapterMismatch:
        return AdapterMismatch(name=adapter.name, model=self._model.name, part=part)
