"""The LoRA that is trained in a denoiser, and its file; everything that peft and diffusers do of their own is here."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import save
from torch import Tensor, nn

from engine.models.loading.exclusive import one_at_a_time
from engine.models.loading.reward import FACTS

NAME = "learnt"
# Queries, keys, values and outputs of attention: those of UNets, and of transformers for both of their streams.
ATTENTION = ("to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out")
_PREFIXES = {"UNet2DConditionModel": "unet"}


class TrainedLora:
    """The LoRA of one denoiser: switched off, the denoiser is exactly the one that it was before.

    Its dropout is 0, because peft keeps dropping while pictures are painted.
    """

    def __init__(self, denoiser: Any, *, rank: int, seed: int) -> None:
        """Put a fresh LoRA in, which changes nothing until it is trained; `seed` decides its first weights."""
        self._denoiser = denoiser
        denoiser.requires_grad_(False)
        with one_at_a_time, torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            denoiser.add_adapter(_config(denoiser, rank), adapter_name=NAME)
        # peft keeps a LoRA in training mode inside a model that is not.
        denoiser.eval()
        for weight in self.parameters.values():
            # Half precision is too coarse for the small steps of an optimizer.
            weight.data = weight.data.float()

    @property
    def parameters(self) -> Mapping[str, nn.Parameter]:
        """What is trained, float32, by name."""
        return {name: weight for name, weight in self._denoiser.named_parameters() if f".{NAME}." in name}

    @contextmanager
    def switched_off(self) -> Iterator[None]:
        """Let the denoiser be the reference in this block.

        A backward pass belongs outside: in here it would give no gradients, and no error either.
        """
        self._denoiser.disable_adapters()
        try:
            yield
        finally:
            self._denoiser.enable_adapters()

    def state(self) -> Mapping[str, Tensor]:
        """Return the weights by peft's names, on the CPU."""
        weights = get_peft_model_state_dict(self._denoiser, adapter_name=NAME)
        return {name: weight.detach().cpu() for name, weight in weights.items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Put weights back that `state` returned."""
        set_peft_model_state_dict(self._denoiser, dict(state), adapter_name=NAME)

    def save(self, file: Path, facts: Mapping[str, str]) -> None:
        """Write the weights and some facts as diffusers reads LoRAs; the same ones always make the same bytes.

        Without an alpha in the file, readers scale by 1, which is this LoRA's.

        Raises: as `save_atomically`.
        """
        prefix = _PREFIXES.get(type(self._denoiser).__name__, "transformer")
        tensors = {f"{prefix}.{name}": weight.contiguous() for name, weight in self.state().items()}
        save_atomically(file, tensors, facts)


def save_atomically(file: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, str]) -> None:
    """Write a safetensors file with facts, as JSON.

    A crash, a power failure or a full disk while writing leaves the previous file intact.

    Raises: OSError, which names the file.
    """
    partial = file.with_name(f"{file.name}.partial")
    # safetensors writes several entries of metadata in another order each time, and the file's hash would differ.
    data = save(dict(tensors), metadata={FACTS: json.dumps(facts, sort_keys=True)})
    try:
        with partial.open("wb") as written:
            written.write(data)
            written.flush()
            os.fsync(written.fileno())
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(file)) from error


def facts_from_metadata(metadata: Mapping[str, str]) -> Mapping[str, str]:
    """Return the facts that `save_atomically` was given, from the metadata of its file."""
    facts: Mapping[str, str] = json.loads(metadata[FACTS])
    return facts


def _config(denoiser: nn.Module, rank: int) -> LoraConfig:
    # Alpha equal to the rank: the scale is 1, also for readers that know no alpha.
    return LoraConfig(r=rank, lora_alpha=rank, lora_dropout=0.0, target_modules=list(_targets(denoiser)))


def _targets(denoiser: nn.Module) -> Sequence[str]:
    """Return the full names of the layers to train, because peft would match a name's end in other blocks as well."""
    return [
        name
        for name, layer in denoiser.named_modules()
        if isinstance(layer, nn.Linear) and any(name.endswith(f".{end}") for end in ATTENTION)
    ]
