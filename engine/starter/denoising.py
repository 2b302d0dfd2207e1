"""Training of the denoiser together with its text encoder, on prepared latents and captions.

Resumable to the bit: everything that decides the next step is in the checkpoint, the randomness included.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch import nn
from transformers import CLIPTextModel

from engine.starter.examples import Examples, batches
from engine.starter.optimising import optimisers_for
from engine.starter.parts import new_scheduler

_SHAPING = (0.35, 0.75)


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """How to train: `steps` in all, the last `settling` of them (a share) with a falling learning rate.

    With `fixed_text` the averaged text encoder stays as it is, so that a CLIP model taught on it stays right.
    """

    steps: int = 8000
    batch: int = 32
    rate: float = 2e-3
    warming: int = 200
    settling: float = 0.6
    dropout: float = 0.12
    decay: float = 0.998
    seed: int = 0
    fixed_text: bool = False


class Pupil(nn.Module):
    """The two modules that learn together."""

    def __init__(self, text_encoder: CLIPTextModel, denoiser: UNet2DConditionModel) -> None:
        super().__init__()
        self.text_encoder, self.denoiser = text_encoder, denoiser

    def forward(self, tokens: torch.Tensor, noisy: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
        """The velocity that the denoiser predicts for `noisy` latents under the captions `tokens`."""
        states = self.text_encoder(tokens).last_hidden_state
        velocity: torch.Tensor = self.denoiser(noisy, timesteps, states).sample
        return velocity


class Training:
    """One training run in its present state: pupil, average, optimiser, randomness, step."""

    def __init__(self, pupil: Pupil, lesson: Lesson, silence: torch.Tensor) -> None:
        self.pupil, self.lesson, self.silence = pupil.train(), lesson, silence
        self.average = copy.deepcopy(pupil).requires_grad_(False).eval()
        self.optimisers = optimisers_for(pupil, lesson.rate)
        self.dice = torch.Generator().manual_seed(lesson.seed)
        self.step = 0
        self._fix_text()

    def steps(self, sides: dict[tuple[int, int], Examples], until: int) -> Iterator[float]:
        """Train up to step `until` or the lesson's last, yielding each step's loss."""
        source = batches(sides, self.lesson.batch, self.dice)
        while self.step < min(until, self.lesson.steps):
            latents, tokens = next(source)
            yield self._take_step(latents, tokens)

    def _take_step(self, latents: torch.Tensor, tokens: torch.Tensor) -> float:
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)
            for group in optimiser.param_groups:
                group["lr"] = rate_at(self.step, self.lesson)
        dropped = torch.rand(len(tokens), generator=self.dice) < self.lesson.dropout
        tokens = torch.where(dropped[:, None], self.silence, tokens)
        loss = velocity_loss(self.pupil, latents, tokens, self.dice)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.pupil.parameters(), 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
        self.step += 1
        self._blend()
        return loss.item()

    @torch.no_grad()
    def _blend(self) -> None:
        share = 1 - min(self.lesson.decay, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(list(self.average.parameters()), list(self.pupil.parameters()), share)

    def save(self, file: Path) -> None:
        """Write the whole state; a crash while writing leaves the file that was there."""
        state = {
            "lesson": asdict(self.lesson),
            "pupil": self.pupil.state_dict(),
            "average": self.average.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "dice": self.dice.get_state(),
            "step": self.step,
        }
        torch.save(state, file.with_suffix(".partial"))
        file.with_suffix(".partial").rename(file)

    def load(self, file: Path) -> None:
        """Take up the state that `save` wrote; the lesson stays the one this run was given."""
        state = torch.load(file)
        self.pupil.load_state_dict(state["pupil"])
        self.average.load_state_dict(state["average"])
        for optimiser, kept in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)
        self.dice.set_state(state["dice"])
        self.step = state["step"]
        self._fix_text()

    def _fix_text(self) -> None:
        if self.lesson.fixed_text:
            self.pupil.text_encoder.load_state_dict(self.average.text_encoder.state_dict())
            self.pupil.text_encoder.requires_grad_(False)


def rate_at(step: int, lesson: Lesson) -> float:
    """The learning rate of a step: rising, level, then falling to a fiftieth."""
    rising = min(1.0, (step + 1) / lesson.warming)
    left = (lesson.steps - step) / max(1.0, lesson.settling * lesson.steps)
    return lesson.rate * rising * max(0.02, min(1.0, left))


def velocity_loss(pupil: Pupil, latents: torch.Tensor, tokens: torch.Tensor, dice: torch.Generator) -> torch.Tensor:
    """Mean squared error of the predicted velocity (Salimans & Ho 2022) at drawn timesteps."""
    signal = new_scheduler().alphas_cumprod
    timesteps = drawn_timesteps(len(latents), len(signal), dice)
    noise = torch.randn(latents.shape, generator=dice)
    alpha = signal[timesteps].sqrt()[:, None, None, None]
    sigma = (1 - signal[timesteps]).sqrt()[:, None, None, None]
    predicted = pupil(tokens, alpha * latents + sigma * noise, timesteps)
    return nn.functional.mse_loss(predicted, alpha * noise - sigma * latents)


def drawn_timesteps(count: int, steps: int, dice: torch.Generator) -> torch.Tensor:
    """Two in five of them spread evenly over all timesteps, the rest where the caption must tell the shape.

    Earlier the caption tells colour and place; later the shape can be seen in the noisy latents themselves. With evenly
    drawn ones alone, colours and places were learnt by 2000 steps, and all objects were still discs.
    """
    spread = (torch.arange(count) + torch.rand(count, generator=dice)) / count
    low, high = _SHAPING
    shaping = low + spread * (high - low)
    return (torch.where(torch.arange(count) % 5 < 2, spread, shaping) * steps).long().clamp(max=steps - 1)
