"""DreamBooth: an adapter for what a few pictures show, learnt beside pictures of its kind that the model paints itself.

Source: Ruiz et al. 2023 (DreamBooth), equation 2: the loss of the pictures, and the same loss of what the model painted
before it learnt anything (prior preservation), so that the kind stays what it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from safetensors import safe_open
from torch import Tensor, nn

from engine.learn.adapter import TrainedLora, facts_from_metadata, save_atomically
from engine.learn.examples import generator_for
from engine.learn.noising import TIMESTEPS, noising_for
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.guidance import PromptEmbeds

_MAX_NORM = 1.0
_LATENTS = 1 << 31
"""Numbers of generators that draw latents; those of steps are below."""


@dataclass(frozen=True, kw_only=True)
class SubjectConfig:
    """How to learn.

    steps, pictures: optimizer steps, and pictures of the subject in each, with as many of its kind.
    rate: the highest learning rate. warmup_steps: with a rising one; it then falls to zero along a line.
    prior_weight: of the loss of the kind. rank: of the LoRA's matrices. seed: 0 to 2**31 - 1.
    """

    steps: int = 400
    pictures: int = 2
    rate: float = 3e-4
    warmup_steps: int = 10
    prior_weight: float = 1.0
    rank: int = 8
    seed: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedPictures:
    """Pictures with the one text for all of them: latents [pictures, channels, height / factor, width / factor]."""

    latents: Tensor
    embeds: PromptEmbeds


@dataclass(frozen=True, kw_only=True)
class SubjectStep:
    """What a step did: its number from 1, and the loss before it."""

    number: int
    loss: float


class SubjectDiverged(Exception):
    """The loss or the gradient of a step is no number; the weights are those of the step before."""

    def __init__(self, step: int) -> None:
        super().__init__(f"the loss of step {step} is not a number")
        self.step = step


@torch.no_grad()
def encode_shown(
    model: LoadedModel, pictures: Sequence[Image.Image], text: str, size: tuple[int, int], seed: int
) -> EncodedPictures:
    """Return pictures as the trainer reads them: their middle, at `size`, width and height in pixels.

    seed: of what the encoder draws.

    Raises: torch.OutOfMemoryError.
    """
    latents = [_latents(model, picture, size, seed, at) for at, picture in enumerate(pictures)]
    return EncodedPictures(latents=torch.cat(latents), embeds=model.encode_prompt(text))


def _latents(model: LoadedModel, picture: Image.Image, size: tuple[int, int], seed: int, at: int) -> Tensor:
    fitted = ImageOps.fit(picture.convert("RGB"), size, Image.Resampling.LANCZOS)
    pixels = torch.from_numpy(np.array(fitted)).permute(2, 0, 1)[None].float() / 127.5 - 1
    return model.encode(pixels, generator_for(seed, _LATENTS + at)).to(model.dtype)


class SubjectTrainer:
    """The state of a training: the adapter, its optimizer, and how many steps were done."""

    def __init__(
        self,
        model: LoadedModel,
        denoiser: nn.Module,
        shown: tuple[EncodedPictures, EncodedPictures],
        size: tuple[int, int],
        config: SubjectConfig,
    ) -> None:
        """`denoiser` is that of `model`, which paints with the adapter from now on.

        shown: the subject and its kind, at `size`.
        """
        self._model, self._shown, self.config = model, shown, config
        self.adapter = TrainedLora(denoiser, rank=config.rank, seed=config.seed)
        self._optimizer = torch.optim.AdamW(self.adapter.parameters.values(), lr=config.rate, weight_decay=0.0)
        self._noising = noising_for(model, *size)
        self.done = 0

    def steps(self) -> Iterator[SubjectStep]:
        """Train to the last step, and yield each.

        Raises: SubjectDiverged, torch.OutOfMemoryError.
        """
        while self.done < self.config.steps:
            yield self._take_step()

    def _take_step(self) -> SubjectStep:
        for group in self._optimizer.param_groups:
            group["lr"] = rate_of(self.done, self.config)
        self._optimizer.zero_grad(set_to_none=True)
        rng = generator_for(self.config.seed, self.done)
        subject, kind = (self._loss(shown, rng) for shown in self._shown)
        loss = subject + self.config.prior_weight * kind
        torch.autograd.backward(loss)
        norm = nn.utils.clip_grad_norm_(self.adapter.parameters.values(), _MAX_NORM)
        if not (loss.isfinite() and norm.isfinite()):
            raise SubjectDiverged(self.done + 1)
        self._optimizer.step()
        self.done += 1
        return SubjectStep(number=self.done, loss=loss.item())

    def _loss(self, shown: EncodedPictures, rng: torch.Generator) -> Tensor:
        """Return the mean squared error of what is predicted for some of the pictures, chosen by `rng`."""
        chosen = torch.randint(len(shown.latents), (self.config.pictures,), generator=rng)
        clean = shown.latents[chosen.to(shown.latents.device)]
        noise = torch.randn(clean.shape, generator=rng).to(clean)
        noised = self._noising(clean, noise, torch.randint(TIMESTEPS, (len(clean),), generator=rng))
        predicted = self._model.predict(noised.latents, noised.timesteps, [shown.embeds] * len(clean))
        return (predicted.float() - noised.target.float()).square().mean()

    def save(self, file: Path) -> None:
        """Write a checkpoint; a crash while writing leaves the previous one intact.

        Raises: OSError.
        """
        tensors: dict[str, Tensor] = {}
        for name, weight in self.adapter.parameters.items():
            kept: dict[str, Any] = {"weight": weight, **self._optimizer.state[weight]}
            tensors |= {f"{kind}:{name}": value.detach().cpu() for kind, value in kept.items()}
        save_atomically(file, tensors, {"done": str(self.done)})

    def load(self, file: Path) -> None:
        """Go on from a checkpoint of the same training."""
        with safe_open(file, "pt") as saved:
            self.done = int(facts_from_metadata(saved.metadata())["done"])
            names = set(saved.keys())
            for name, weight in self.adapter.parameters.items():
                state = {key.partition(":")[0]: saved.get_tensor(key) for key in names if key.endswith(f":{name}")}
                weight.data.copy_(state.pop("weight"))
                moments = {kind: value if kind == "step" else value.to(weight.device) for kind, value in state.items()}
                self._optimizer.state[weight] = moments


def rate_of(step: int, config: SubjectConfig) -> float:
    """Return the learning rate of the step numbered from 0: a linear rise, then a linear fall towards 0."""
    rising = min(1.0, (step + 1) / max(1, config.warmup_steps))
    return config.rate * rising * (config.steps - step) / config.steps
