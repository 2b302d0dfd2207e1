"""LoRA adapters of one loaded pipeline: put on and off by name and weight, without reloading the base."""

from __future__ import annotations

from typing import Any

from engine.contract.errors import AdapterMismatch, WeightsMismatch
from engine.models.adapters import check_fit
from engine.models.places import place_of
from engine.models.registry import Adapter, Model
from engine.models.weights import hash_of

Loras = tuple[tuple[Adapter, float], ...]


class Wardrobe:
    """The adapters that a pipeline has loaded, and those that it wears."""

    def __init__(self, pipe: Any, model: Model) -> None:
        self._pipe, self._model = pipe, model
        self._names: dict[Adapter, str] = {}
        self._hashes: dict[Adapter, str] = {}
        self._worn: Loras = ()

    @property
    def is_wearing(self) -> bool:
        return bool(self._worn)

    def has_at_hand(self, loras: Loras) -> bool:
        return all(adapter in self._names for adapter, _ in loras)

    def wear(self, loras: Loras) -> None:
        """Let the pipeline paint with exactly these adapters; nothing happens when it already does.

        Raises: AdapterMismatch, WeightsMissing, WeightsMismatch; the pipeline then wears what it did.
        """
        if loras == self._worn:
            return
        for adapter, _ in loras:
            if adapter not in self._names:
                self._load(adapter)
        if loras:
            self._pipe.enable_lora()
            self._pipe.set_adapters([self._names[adapter] for adapter, _ in loras], [weight for _, weight in loras])
        else:
            self._pipe.disable_lora()
        self._worn = loras

    def sha256_of(self, adapter: Adapter) -> str:
        """Return the hash of the file that the adapter was loaded from; it must have been worn."""
        return self._hashes[adapter]

    def _load(self, adapter: Adapter) -> None:
        sha256 = hash_of(adapter.file)
        if adapter.sha256 not in (None, sha256):
            raise WeightsMismatch(path=adapter.file)
        check_fit(adapter, self._model, place_of(self._model))
        # peft takes a dot in a name for a path.
        name = f"adapter_{len(self._names)}"
        try:
            self._pipe.load_lora_weights(
                str(adapter.file.parent), weight_name=adapter.file.name, adapter_name=name, use_safetensors=True
            )
        except (ValueError, KeyError, RuntimeError) as error:
            raise AdapterMismatch(name=adapter.name, model=self._model.name, part=str(error)) from error
        self._names[adapter], self._hashes[adapter] = name, sha256
        self._restore()

    def _restore(self) -> None:
        """Take off what loading put on by itself."""
        worn, self._worn = self._worn, ()
        self._pipe.disable_lora()
        if worn:
            self.wear(worn)
