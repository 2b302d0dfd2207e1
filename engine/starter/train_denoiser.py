"""Training of the denoiser together with its text encoder, on prepared latents and captions.

Resumable to the bit: everything that decides the next step is in the checkpoint, the randomness included.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch import nn
from transformers import CLIPTextModel

from engine.starter.architecture import new_scheduler
from engine.starter.device import Machine, best_machine
from engine.starter.examples import Batch, Examples, batches
from engine.starter.optimizers import optimisers_for

_SHAPING = (0.35, 0.75)
_BESIDE = 0.25


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

    def __init__(self, pupil: Pupil, lesson: Lesson, silence: torch.Tensor, machine: Machine | None = None) -> None:
        self.machine = machine or best_machine()
        self.machine.prepare(pupil)
        self.pupil, self.lesson, self.silence = pupil.train(), lesson, silence
        self._predict = torch.compile(self.pupil, dynamic=False) if self.machine.compiled else self.pupil
        self.average = copy.deepcopy(pupil).requires_grad_(False).eval()
        self.optimisers = optimisers_for(pupil, lesson.rate)
        self.dice = torch.Generator().manual_seed(lesson.seed)
        self.step = 0
        self._fix_text()

    def steps(self, sides: dict[tuple[int, int], Examples], until: int) -> Iterator[float]:
        """Train up to step `until` or the lesson's last, yielding each step's loss."""
        source = batches(sides, self.lesson.batch, self.dice)
        while self.step < min(until, self.lesson.steps):
            yield self._take_step(next(source))

    def _take_step(self, batch: Batch) -> float:
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)
            for group in optimiser.param_groups:
                group["lr"] = rate_at(self.step, self.lesson)
        dropped = torch.rand(len(batch.tokens), generator=self.dice) < self.lesson.dropout
        spoken = replace(batch, tokens=torch.where(dropped[:, None], self.silence, batch.tokens))
        loss = velocity_loss(self._predict, spoken, self.dice, self.machine)
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
        state = torch.load(file, map_location=self.machine.device)
        self.pupil.load_state_dict(state["pupil"])
        self.average.load_state_dict(state["average"])
        for optimiser, kept in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)
        self.dice.set_state(state["dice"].cpu())
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


Predict = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def velocity_loss(predict: Predict, batch: Batch, dice: torch.Generator, machine: Machine) -> torch.Tensor:
    """Squared error of the predicted velocity (Salimans & Ho 2022) at drawn timesteps, its weighted mean.

    Latents that no object is near count a quarter, which leaves the minimum where it is (a weight that is the same for
    every prediction at a place moves no expectation) and more than halves what they add to a step's noise.
    """
    signal = new_scheduler().alphas_cumprod
    timesteps = drawn_timesteps(len(batch.latents), len(signal), dice)
    noise = torch.randn(batch.latents.shape, generator=dice)
    alpha = signal[timesteps].sqrt()[:, None, None, None]
    sigma = (1 - signal[timesteps]).sqrt()[:, None, None, None]
    noisy, velocity = alpha * batch.latents + sigma * noise, alpha * noise - sigma * batch.latents
    weights = torch.where(batch.covered, 1.0, _BESIDE)[:, None]
    device = machine.device
    with machine.autocast():
        predicted = predict(batch.tokens.to(device), noisy.to(device), timesteps.to(device))
    errors = nn.functional.mse_loss(predicted.float(), velocity.to(device), reduction="none")
    return (weights.to(device) * errors).mean() / weights.mean().item()


def drawn_timesteps(count: int, steps: int, dice: torch.Generator) -> torch.Tensor:
    """Two in five of them spread evenly over all timesteps, the rest where the caption must tell the shape.

    Earlier the caption tells colour and place; later the shape can be seen in the noisy latents themselves. With evenly
    drawn ones alone, colours and places were learnt by 2000 steps, and all objects were still discs.
    """
    spread = (torch.arange(count) + torch.rand(count, generator=dice)) / count
    low, high = _SHAPING
    shaping = low + spread * (high - low)
    return (torch.where(torch.arange(count) % 5 < 2, spread, shaping) * steps).long().clamp(max=steps - 1)
