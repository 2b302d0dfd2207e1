"""Training of the denoiser together with its text encoder, on precomputed latents and captions.

Resuming is exact: the checkpoint holds everything that decides the next step, including the random state.
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
from engine.starter.device import TrainingDevice, best_training_device
from engine.starter.examples import Batch, Examples, batches
from engine.starter.optimizers import optimizers_for

_SHAPE_RANGE = (0.35, 0.75)
_BACKGROUND_WEIGHT = 0.25


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How to train.

    steps, batch: optimizer steps, and examples per step. rate: the highest learning rate.
    warmup_steps: with a rising learning rate. decay_share: share of all steps, at the end, with a falling one.
    caption_dropout: share of captions replaced by the empty one, for classifier-free guidance (Ho & Salimans 2022).
    ema_decay: of the exponential moving average of the weights, which is what ships.
    fixed_text: freeze the averaged text encoder, so that a CLIP model trained on it stays valid.
    """

    steps: int = 8000
    batch: int = 32
    rate: float = 2e-3
    warmup_steps: int = 200
    decay_share: float = 0.6
    caption_dropout: float = 0.12
    ema_decay: float = 0.998
    seed: int = 0
    fixed_text: bool = False


class TextConditionedDenoiser(nn.Module):
    """The text encoder and the denoiser, trained together."""

    def __init__(self, text_encoder: CLIPTextModel, denoiser: UNet2DConditionModel) -> None:
        super().__init__()
        self.text_encoder, self.denoiser = text_encoder, denoiser

    def forward(self, tokens: torch.Tensor, noisy: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
        """Return the predicted velocity, float [n, c, h, w].

        tokens: int64 [n, MAX_TOKENS]. noisy: latents, float [n, c, h, w]. timesteps: int64 [n], 0 to 999.
        """
        states = self.text_encoder(tokens).last_hidden_state
        velocity: torch.Tensor = self.denoiser(noisy, timesteps, states).sample
        return velocity


class Trainer:
    """The state of a training run: model, moving average, optimizers, random generator and step."""

    def __init__(
        self,
        model: TextConditionedDenoiser,
        config: TrainingConfig,
        empty_tokens: torch.Tensor,
        training_device: TrainingDevice | None = None,
    ) -> None:
        self.training_device = training_device or best_training_device()
        self.training_device.prepare(model)
        self.model, self.config, self.empty_tokens = model.train(), config, empty_tokens
        self._predict = torch.compile(self.model, dynamic=False) if self.training_device.compiled else self.model
        self.average = copy.deepcopy(model).requires_grad_(False).eval()
        self.optimizers = optimizers_for(model, config.rate)
        self.rng = torch.Generator().manual_seed(config.seed)
        self.step = 0
        self._freeze_text()

    def steps(self, sides: dict[tuple[int, int], Examples], until: int) -> Iterator[float]:
        """Train up to step `until` or the last of the config, and yield the loss of each step."""
        source = batches(sides, self.config.batch, self.rng)
        while self.step < min(until, self.config.steps):
            yield self._take_step(next(source))

    def _take_step(self, batch: Batch) -> float:
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate_at(self.step, self.config)
        dropped = torch.rand(len(batch.tokens), generator=self.rng) < self.config.caption_dropout
        with_dropout = replace(batch, tokens=torch.where(dropped[:, None], self.empty_tokens, batch.tokens))
        loss = velocity_loss(self._predict, with_dropout, self.rng, self.training_device)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        self._update_average()
        return loss.item()

    @torch.no_grad()
    def _update_average(self) -> None:
        share = 1 - min(self.config.ema_decay, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(list(self.average.parameters()), list(self.model.parameters()), share)

    def save(self, file: Path) -> None:
        """Write the state to a file; a crash while writing leaves the previous file intact.

        The keys are those of the first release, so that its checkpoints still load.
        """
        state = {
            "lesson": asdict(self.config),
            "pupil": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimisers": [optimizer.state_dict() for optimizer in self.optimizers],
            "rng": self.rng.get_state(),
            "step": self.step,
        }
        torch.save(state, file.with_suffix(".partial"))
        file.with_suffix(".partial").rename(file)

    def load(self, file: Path) -> None:
        """Load a state that `save` wrote; the config of this run is kept."""
        state = torch.load(file, map_location=self.training_device.device)
        self.model.load_state_dict(state["pupil"])
        self.average.load_state_dict(state["average"])
        for optimizer, kept in zip(self.optimizers, state["optimisers"], strict=True):
            optimizer.load_state_dict(kept)
        self.rng.set_state(state["rng"].cpu())
        self.step = state["step"]
        self._freeze_text()

    def _freeze_text(self) -> None:
        if self.config.fixed_text:
            self.model.text_encoder.load_state_dict(self.average.text_encoder.state_dict())
            self.model.text_encoder.requires_grad_(False)


def learning_rate_at(step: int, config: TrainingConfig) -> float:
    """Return the learning rate of a step: linear warmup, constant, then linear decay to 2 % of the highest."""
    rising = min(1.0, (step + 1) / config.warmup_steps)
    left = (config.steps - step) / max(1.0, config.decay_share * config.steps)
    return config.rate * rising * max(0.02, min(1.0, left))


Predict = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def velocity_loss(
    predict: Predict, batch: Batch, rng: torch.Generator, training_device: TrainingDevice
) -> torch.Tensor:
    """Return the weighted mean squared error of the predicted velocity at sampled timesteps, a float32 scalar.

    v = alpha_t * noise - sigma_t * latents, with alpha_t^2 = cumulative alpha and sigma_t^2 = 1 - alpha_t^2.
    Source: Salimans & Ho 2022, section 4.

    Latents away from every object weigh a quarter. A weight that does not depend on the prediction leaves the minimum
    where it is, and this one more than halves what the background adds to the gradient's noise.
    """
    signal = new_scheduler().alphas_cumprod
    timesteps = sample_timesteps(len(batch.latents), len(signal), rng)
    noise = torch.randn(batch.latents.shape, generator=rng)
    alpha = signal[timesteps].sqrt()[:, None, None, None]
    sigma = (1 - signal[timesteps]).sqrt()[:, None, None, None]
    noisy, velocity = alpha * batch.latents + sigma * noise, alpha * noise - sigma * batch.latents
    weights = torch.where(batch.covered, 1.0, _BACKGROUND_WEIGHT)[:, None]
    device = training_device.device
    with training_device.autocast():
        predicted = predict(batch.tokens.to(device), noisy.to(device), timesteps.to(device))
    errors = nn.functional.mse_loss(predicted.float(), velocity.to(device), reduction="none")
    return (weights.to(device) * errors).mean() / weights.mean().item()


def sample_timesteps(count: int, steps: int, rng: torch.Generator) -> torch.Tensor:
    """Return timesteps, int64 [count], 0 to steps - 1: two in five stratified over all, the rest over 35 to 75 %.

    That range is where the caption decides the shape: above it the caption decides colour and place, below it the
    noisy latents already show the shape. With uniform timesteps, colours and places were learnt after 2000 steps, and
    every object was still a disc.
    """
    spread = (torch.arange(count) + torch.rand(count, generator=rng)) / count
    low, high = _SHAPE_RANGE
    shaping = low + spread * (high - low)
    return (torch.where(torch.arange(count) % 5 < 2, spread, shaping) * steps).long().clamp(max=steps - 1)
