"""Training an adapter: one step after another, each of which depends on the seed, its number and the weights alone.

A step's preferences, noise and timesteps are drawn from its number, so that a run that goes on from a checkpoint ends
with the same weights as one that was never interrupted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor, nn

from engine.learn.adapter import TrainedLora, facts_from_metadata, save_atomically
from engine.learn.crew import ALONE, Crew
from engine.learn.examples import EncodedPreferences, PairBatch, PreferenceDraws, Size, generator_for
from engine.learn.losses import LOSSES, Loss, PairErrors
from engine.learn.noising import TIMESTEPS, Noised, Noising, noising_for
from engine.painter.pipeline.protocol import LoadedModel

_MAX_NORM = 1.0


@dataclass(frozen=True, kw_only=True)
class LearningConfig:
    """How to learn.

    loss: a name in LOSSES. steps, pairs: optimizer steps, and preferences in each.
    rate: the highest learning rate; it rises during a tenth of the steps and then falls to zero along a line.
    beta: how far the model may go from the one that it starts from; the higher, the less.
    rank: of the LoRA's matrices.
    """

    loss: str = "dpo"
    steps: int = 600
    pairs: int = 16
    rate: float = 3e-4
    beta: float = 300.0
    rank: int = 16
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a step did: its number from 1, the loss before it, the implicit accuracy from 0 to 1, the learning rate."""

    number: int
    loss: float
    accuracy: float
    rate: float


class LossNotFinite(Exception):
    """A batch's loss or gradient is no number; the weights are those of the step before.

    step: its number. batch: the preferences. captions: theirs.
    """

    def __init__(self, step: int, batch: PairBatch) -> None:
        super().__init__(f"the loss of step {step} is not a number")
        self.step, self.batch = step, batch
        self.captions = sorted({one.caption for one in batch.preferences})


class PreferenceTrainer:
    """The state of a run: the adapter, its optimizer, and how many steps were done."""

    def __init__(
        self,
        model: LoadedModel,
        denoiser: nn.Module,
        examples: EncodedPreferences,
        config: LearningConfig,
        crew: Crew = ALONE,
    ) -> None:
        """`denoiser` is that of `model`, which paints with the adapter from now on."""
        self._model, self._draws, self.config, self._crew = model, PreferenceDraws(examples), config, crew
        self.adapter = TrainedLora(denoiser, rank=config.rank, seed=config.seed)
        self._optimizer = torch.optim.AdamW(self.adapter.parameters.values(), lr=config.rate, weight_decay=0.0)
        self._loss = LOSSES[config.loss]
        self._noisings: dict[Size, Noising] = {}
        self.done = 0

    def steps(self) -> Iterator[Step]:
        """Train to the last step, and yield each.

        Raises: LossNotFinite, torch.OutOfMemoryError.
        """
        while self.done < self.config.steps:
            yield self._take_step(generator_for(self.config.seed, self.done))

    def _take_step(self, rng: torch.Generator) -> Step:
        rate = rate_at(self.done, self.config)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.zero_grad(set_to_none=True)
        batch = self._draws.batch(self.config.pairs, rng)
        loss = self.loss_of(batch, rng)
        if loss.value.requires_grad:
            torch.autograd.backward(loss.value)
        self._crew.sum_gradients(self.adapter.parameters.values())
        norm = nn.utils.clip_grad_norm_(self.adapter.parameters.values(), _MAX_NORM)
        if not (loss.value.isfinite() and norm.isfinite()):
            raise LossNotFinite(self.done + 1, batch)
        self._optimizer.step()
        self.done += 1
        return Step(number=self.done, loss=loss.value.item(), accuracy=loss.accuracy, rate=rate)

    def loss_of(self, batch: PairBatch, rng: torch.Generator) -> Loss:
        """Return the loss of a batch; both pictures of a pair get the same noise and timestep.

        It is that of the whole batch in each process of a crew, which learns from its own share of it.
        """
        count = len(batch.preferences)
        share = self._crew.share_of(count)
        noise = torch.randn(batch.winners.shape, generator=rng).to(batch.winners)
        positions = drawn_positions(count, rng)
        errors = self._pair_errors(batch.part(share), noise[share], positions[share])
        joined = PairErrors(**{name: self._crew.joined(own, count) for name, own in vars(errors).items()})
        return self._loss(joined, self.config.beta)

    def _pair_errors(self, batch: PairBatch, noise: Tensor, positions: Tensor) -> PairErrors:
        if not batch.preferences:
            nothing = noise.new_zeros(0, dtype=torch.float32)
            return PairErrors(winner=nothing, loser=nothing, reference_winner=nothing, reference_loser=nothing)
        noised = self._noised(batch, noise, positions)
        embeds = [*batch.embeds, *batch.embeds]
        with torch.no_grad(), self.adapter.switched_off():
            reference_winner, reference_loser = self._errors(noised, embeds).chunk(2)
        winner, loser = self._errors(noised, embeds).chunk(2)
        return PairErrors(
            winner=winner, loser=loser, reference_winner=reference_winner, reference_loser=reference_loser
        )

    def _noised(self, batch: PairBatch, noise: Tensor, positions: Tensor) -> Noised:
        if batch.size not in self._noisings:
            self._noisings[batch.size] = noising_for(self._model, *batch.size)
        clean = torch.cat([batch.winners, batch.losers])
        return self._noisings[batch.size](clean, torch.cat([noise, noise]), torch.cat([positions, positions]))

    def _errors(self, noised: Noised, embeds: Any) -> Tensor:
        """Return the mean squared error of each picture's prediction, float32 [pictures]."""
        predicted = self._model.predict(noised.latents, noised.timesteps, embeds)
        return (predicted.float() - noised.target.float()).square().flatten(1).mean(1)

    def save(self, file: Path) -> None:
        """Write a checkpoint; a crash while writing leaves the previous one intact."""
        tensors = {f"weight:{name}": weight.detach().cpu() for name, weight in self.adapter.parameters.items()}
        for name, weight in self.adapter.parameters.items():
            for key, value in self._optimizer.state[weight].items():
                tensors[f"{key}:{name}"] = value.detach().cpu()
        save_atomically(file, tensors, {"done": str(self.done)})

    def load(self, file: Path) -> None:
        """Go on from a checkpoint of the same run."""
        with safe_open(file, "pt") as saved:
            self.done = int(facts_from_metadata(saved.metadata())["done"])
            states: dict[str, dict[str, Tensor]] = {}
            names = saved.keys()
            for key in names:
                kind, name = key.split(":", 1)
                states.setdefault(name, {})[kind] = saved.get_tensor(key)
        for name, weight in self.adapter.parameters.items():
            state = states[name]
            weight.data.copy_(state.pop("weight"))
            moments = {kind: value if kind == "step" else value.to(weight.device) for kind, value in state.items()}
            self._optimizer.state[weight] = moments


def drawn_positions(count: int, rng: torch.Generator) -> Tensor:
    """Return positions in the schedule, int64 [count]: the noisier, the likelier, in proportion.

    What people see first, colours and where things are, is decided while there is much noise; with little of it, what
    the winner's error differs in from the loser's says hardly anything of taste. A batch has all kinds of noise: the
    positions are at equal distances of their cumulative share, so that its gradient varies less.
    Source: Kingma et al. 2021 (variational diffusion models), appendix I.1, for the equal distances.
    """
    shares = (torch.rand(1, generator=rng) + torch.randperm(count, generator=rng) / count) % 1
    return (shares.sqrt() * TIMESTEPS).long().clamp(max=TIMESTEPS - 1)


def rate_at(step: int, config: LearningConfig) -> float:
    """Return the learning rate of the step numbered from 0: a linear rise, then a linear fall towards 0."""
    rising = min(1.0, (step + 1) / max(1, config.steps // 10))
    return config.rate * rising * (config.steps - step) / config.steps


def facts_of(config: LearningConfig) -> Mapping[str, str]:
    """Return the config as text, for files."""
    return {name: str(value) for name, value in asdict(config).items()}
