"""Whether a new adapter is better: pictures of unseen prompts with and without it, from the same seeds."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image

from engine.contract.errors import OperationUnsupported
from engine.contract.jobs import JobSpec, Part
from engine.learn.blind import paint_twice
from engine.learn.preferences import PreferenceRow
from engine.learn.reward import Comparisons, FeatureReader, accuracy, noise_ceiling, train_reward_model
from engine.models.files.clip_folder import clip_folder, clip_hash
from engine.models.files.locate import local_path
from engine.models.loading.clip import LoadedClip, load_clip
from engine.models.loading.device import best_device
from engine.models.loading.reward import RewardModel
from engine.models.loading.scorer import load_scorer
from engine.models.registry.registry import Model, Registry

RowsOfSplit = Callable[[str], Iterable[PreferenceRow]]

_SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, kw_only=True)
class Rematch:
    """A prompt painted from one seed with the adapters as they were, and with the new one: PNG files."""

    prompt: str
    old: bytes
    new: bytes


async def paint_rematches(
    registry: Registry, model: Model, adapter: Path, prompts: Sequence[str], seed: int
) -> AsyncIterator[Rematch]:
    """Yield each prompt in its order, painted with the style that the registry has, and with the adapter instead.

    seed: of the first prompt; each further one has the next.

    Raises: AdapterMismatch, WeightsMissing, and what painting raises.
    """
    specs = [JobSpec(prompt=one, parts=(Part(text=one),), parameters={"model": model.name}) for one in prompts]
    async for painted in paint_twice(registry, model, adapter, specs, seed):
        yield Rematch(prompt=painted.spec.prompt, old=painted.old.png, new=painted.new.png)


def sheet_of(rematches: Sequence[Rematch], columns: int = 4) -> Image.Image:
    """Return a contact sheet: beside each old picture, on its right, the new one of the same seed."""
    pairs = [[Image.open(io.BytesIO(data)) for data in (one.old, one.new)] for one in rematches]
    width, height = pairs[0][0].size
    sheet = Image.new("RGB", (columns * (2 * width + 8), -(-len(pairs) // columns) * (height + 4)), "white")
    for at, (old, new) in enumerate(pairs):
        left, top = at % columns * (2 * width + 8), at // columns * (height + 4)
        sheet.paste(old, (left, top))
        sheet.paste(new, (left + width, top))
    return sheet


@dataclass(frozen=True, kw_only=True)
class SecondOpinion:
    """What the registered scorer says of the same: as the fields of an Evaluation, of how people in general decide."""

    name: str
    gains: Sequence[float]
    accuracy: float

    @property
    def wins(self) -> int:
        """How many rematches the new picture won."""
        return sum(gain > 0 for gain in self.gains)


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """How an adapter did against what was there before, by a reward model of the same community.

    gains: for each rematch, the new picture's reward minus the old one's, in logits of being preferred.
    accuracy, ceiling: of the reward model on held-out preferences, and of the best of all judges; None if unknown.
    clip_sha256: hash of the CLIP whose features it is over. scorer: None where none is registered.
    """

    rematches: Sequence[Rematch]
    gains: Sequence[float]
    reward: RewardModel
    accuracy: float
    ceiling: float | None
    clip_sha256: str
    scorer: SecondOpinion | None = None

    @property
    def wins(self) -> int:
        """How many rematches the new picture won."""
        return sum(gain > 0 for gain in self.gains)


async def evaluate(
    registry: Registry, model: Model, adapter: Path, rows_of: RowsOfSplit, num_prompts: int, seed: int = 0
) -> Evaluation:
    """Return how the adapter does on prompts that were held out of its training.

    The reward model is over the features of the registered scorer, if there is one, else of the model's own CLIP.

    rows_of: returns the preferences of the split train, validation or test; it is called in another thread.

    Raises: PreferencesUnusable, OperationUnsupported for a model without a CLIP where no scorer is registered, and what
    painting raises.
    """
    judge = await asyncio.to_thread(load_judge, registry, model)
    reader = FeatureReader(judge.clip)
    splits = [await asyncio.to_thread(_comparisons, reader, rows_of, split) for split in _SPLITS]
    train, validation, test = splits
    reward = await asyncio.to_thread(train_reward_model, train, validation)
    held_out = sorted({one.caption for split in (validation, test) for one in split.preferences})
    prompts = [held_out[at % len(held_out)] for at in range(num_prompts)]
    rematches = [one async for one in paint_rematches(registry, model, adapter, prompts, seed)]
    return Evaluation(
        rematches=rematches,
        reward=reward,
        gains=await asyncio.to_thread(lambda: [_gain(reward, reader, one) for one in rematches]),
        accuracy=accuracy(reward, test),
        ceiling=noise_ceiling(one for split in splits for one in split.preferences),
        clip_sha256=judge.sha256,
        scorer=await asyncio.to_thread(_second_opinion, judge, reader, rematches, test),
    )


def _comparisons(reader: FeatureReader, rows_of: RowsOfSplit, split: str) -> Comparisons:
    return reader.comparisons(rows_of(split))


@dataclass(frozen=True, kw_only=True)
class Judge:
    """A CLIP with the hash of its files; `scorer` is the name of the scorer that it is, with its own reward."""

    clip: LoadedClip
    sha256: str
    scorer: tuple[str, RewardModel] | None = None


def load_judge(registry: Registry, model: Model) -> Judge:
    """Return the registered scorer, or else the model's own CLIP.

    Raises: OperationUnsupported for a model without one, WeightsMissing, WeightsMismatch, ModelBroken.
    """
    device, place = best_device().device, local_path(model)
    if registry.scorer is not None:
        found = load_scorer(registry.scorer, device)
        return Judge(clip=found.clip, sha256=found.sha256, scorer=(registry.scorer.name, found.reward))
    folder = clip_folder(place)
    if folder is None:
        raise OperationUnsupported(operation="evaluate", model=model.name)
    clip = load_clip(model.name, folder, device, model.clip_sha256)
    return Judge(clip=clip, sha256=str(clip_hash(place, model.clip_sha256)))


def _second_opinion(
    judge: Judge, reader: FeatureReader, rematches: Sequence[Rematch], test: Comparisons
) -> SecondOpinion | None:
    if judge.scorer is None:
        return None
    name, reward = judge.scorer
    gains = [_gain(reward, reader, one) for one in rematches]
    return SecondOpinion(name=name, gains=gains, accuracy=accuracy(reward, test))


def _gain(reward: RewardModel, reader: FeatureReader, rematch: Rematch) -> float:
    pictures = [Image.open(io.BytesIO(data)) for data in (rematch.new, rematch.old)]
    new, old = reward.rewards(torch.stack([reader.features_of(picture, rematch.prompt) for picture in pictures]))
    return float(new - old)
