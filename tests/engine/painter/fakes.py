"""A model without weights that fails on demand in the ways that models fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from weakref import WeakSet

import torch
from PIL import Image
from torch import Tensor

from engine.contract.jobs import Part
from engine.models.registry.clips import GuidingClip
from engine.models.registry.controls import ControlNet
from engine.models.registry.ip_adapters import IPAdapter
from engine.models.registry.registry import Model
from engine.painter.pipeline.ip_adapters import ReferenceImages
from engine.painter.pipeline.loras import Loras
from engine.painter.pipeline.protocol import Addition
from engine.painter.sampling.films import FilmParams
from engine.painter.sampling.guidance import Conditioning, PromptEmbeds, apply_guidance
from engine.painter.sampling.steering import Steering


class FlatModel:
    """Paints flat colours; the text `poison` gives NaN, and batches of more than `room` rows do not fit."""

    is_flow = False
    has_embedded_guidance = False
    takes_masks = False
    reads_stills = False
    frames_together = 1
    dtype = torch.float32
    device = torch.device("cpu")
    sha256 = "0" * 64
    additions: Mapping[Addition, int] = MappingProxyType({})

    def __init__(self, model: Model, *, room: int = 1000, room_to_decode: int = 4, size_bytes: int = 100) -> None:
        self.scheduler_config: Mapping[str, Any] = {"beta_start": 0.00085, "beta_end": 0.012}
        self.name, self.room, self.size_bytes = model.name, room, size_bytes
        self.room_to_decode = room_to_decode
        self.batch_sizes: list[int] = []

    def latent_shape(self, width: int, height: int) -> tuple[int, int, int]:
        return 4, height // 4, width // 4

    def encode_prompt(self, text: str) -> PromptEmbeds:
        return PromptEmbeds(tokens=torch.full((1, 1, 1), float("nan") if text == "poison" else 0.0))

    def encode_negative(self, text: str = "") -> PromptEmbeds:
        return self.encode_prompt(text)

    def guide(self, outputs: Tensor, conditioning: Conditioning) -> Tensor:
        return apply_guidance(outputs, conditioning)

    def set_adapters(self, loras: Loras) -> None:
        return None

    def check_film(self, film: FilmParams) -> None:
        raise NotImplementedError

    def read_still(self, picture: Image.Image, generator: torch.Generator) -> PromptEmbeds:
        raise NotImplementedError

    def load_control(self, control: ControlNet) -> None:
        return None

    def clip_words(self, clip: GuidingClip, parts: Sequence[Part]) -> Tensor:
        return torch.ones(1, 1)

    def clip_gradient(self, estimate: Tensor, steering: Steering, turn: int) -> Tensor:
        return torch.ones_like(estimate)

    def sha256_of(self, addition: Addition | IPAdapter) -> str:
        return "1" * 64

    def has_loaded(self, additions: Iterable[Addition]) -> bool:
        return not [*additions]

    def with_references(
        self, conditioning: Conditioning, ip_adapters: Sequence[IPAdapter], images: Sequence[ReferenceImages]
    ) -> Conditioning:
        return conditioning

    def drop(self, addition: Addition) -> None:
        return None

    def timesteps(self, scheduler: Any, steps: int, width: int, height: int) -> None:
        scheduler.set_timesteps(steps)

    def warm_up(self, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> None:
        return None

    def predict(self, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        self.batch_sizes.append(len(latents))
        if len(latents) > self.room:
            raise torch.OutOfMemoryError("no room")
        return latents * 0.1 + torch.cat([one.tokens for one in embeds]).view(-1, 1, 1, 1)

    def encode(self, pictures: Tensor, generator: torch.Generator) -> Tensor:
        return torch.zeros(1, 4, pictures.shape[2] // 4, pictures.shape[3] // 4)

    def decode(self, latents: Tensor) -> Tensor:
        if len(latents) > self.room_to_decode:
            raise torch.OutOfMemoryError("no room")
        return self.preview(latents).repeat_interleave(4, 1).repeat_interleave(4, 2)

    def preview(self, latents: Tensor) -> Tensor:
        return latents[:, :3].clamp(0, 1).mul(255).to(torch.uint8).movedim(1, -1).contiguous()


def joining(there: WeakSet[FlatModel], model: FlatModel) -> FlatModel:
    """Add the model to those on the device, until it is freed, and return it."""
    there.add(model)
    return model
