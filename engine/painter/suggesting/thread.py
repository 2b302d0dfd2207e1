"""A thread that suggests prompts with a captioner or the CLIP of a job's model, so that denoising goes on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch
from PIL import Image
from torch import Tensor

from engine.contract.errors import EaselError, NoRoom, OperationUnsupported, SettingUnsupported, WeightsMismatch
from engine.contract.jobs import Operation
from engine.contract.painting import PaintedText, PaintRequest
from engine.contract.suggestions import Suggestions, text_from_suggestions
from engine.models.files.clip_folder import clip_folder
from engine.models.files.locate import local_path
from engine.models.files.vocabulary import read_vocabulary
from engine.models.loading.captioner import LoadedCaptioner, load_captioner
from engine.models.loading.clip import LoadedClip, load_clip
from engine.models.loading.device import best_device
from engine.models.loading.errors import result_or_error
from engine.models.loading.reward import RewardModel, features_of, load_reward_model
from engine.models.loading.scorer import LoadedScorer, load_scorer
from engine.models.registry.folders import ModelFolder
from engine.models.registry.registry import Model, Registry
from engine.painter.operations.source import open_source
from engine.painter.suggesting.describe import NUM_PROMPTS, describe
from engine.painter.suggesting.shorten import shorten, words_of

T = TypeVar("T")


class SuggestionThread:
    """The thread with captioner, scorer and the models' CLIPs, which are loaded when they are first needed and stay."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._loaded: dict[str, LoadedClip] = {}
        self._rewards: dict[Path, RewardModel] = {}
        self._captioner: LoadedCaptioner | None = None
        self._scorer: LoadedScorer | None = None
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="suggesting")

    async def suggest(self, request: PaintRequest) -> PaintedText:
        """Return the suggestions that the request asks for.

        Raises: OperationUnsupported, ModelUnknown, ModelBroken, WeightsMissing, WeightsMismatch, PictureCorrupt,
            NoRoom.
        """
        name = request.spec.parameters.get("model")
        model = self._registry.model(None if name is None else str(name))
        captioner = self._registry.captioner
        if request.operation is Operation.DESCRIBE and captioner is not None:
            found = await self._do(captioner.name, partial(self._caption, request, captioner))
        else:
            found = await self._do(model.name, partial(self._suggest, request, model))
        return PaintedText(text=text_from_suggestions(found))

    async def scores(
        self, request: PaintRequest, model: Model, reward: Path | None, pictures: Sequence[Tensor]
    ) -> list[float]:
        """Return how near each picture is to the words: the cosine of their embeddings, -1 to 1.

        Where the file of what the community likes is given, or else a scorer is registered, return instead how likely
        each would be preferred to the average of them, 0 to 1.

        pictures: uint8 [height, width, 3].
        Source: Radford et al. 2021 (CLIP), figure 3; Bradley and Terry 1952.

        Raises: SettingUnsupported for a model without a CLIP, ModelBroken, WeightsMissing, WeightsMismatch, NoRoom.
        """
        return await self._do(model.name, partial(self._score, request, model, reward, pictures))

    async def _do(self, name: str, work: Callable[[], T]) -> T:
        guarded = partial(result_or_error, name, work)
        result = await asyncio.get_running_loop().run_in_executor(self._executor, guarded)
        if isinstance(result, torch.OutOfMemoryError):
            raise NoRoom(model=name)
        if isinstance(result, EaselError):
            raise result
        return result

    def close(self) -> None:
        """End the thread after what it is at."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _caption(self, request: PaintRequest, captioner: ModelFolder) -> Suggestions:
        if self._captioner is None:
            self._captioner = load_captioner(captioner, best_device().device)
        return Suggestions(prompts=self._captioner.captions(_picture_of(request), NUM_PROMPTS))

    def _suggest(self, request: PaintRequest, model: Model) -> Suggestions:
        place = local_path(model)
        folder, vocabulary = clip_folder(place), read_vocabulary(place)
        if folder is None or (request.operation is Operation.DESCRIBE and vocabulary is None):
            raise OperationUnsupported(operation=request.operation.value, model=model.name)
        clip = self._clip(model, folder)
        if vocabulary is None or request.operation is Operation.SHORTEN:
            return shorten(clip, request.spec.parts)
        return describe(clip, _picture_of(request), tuple(vocabulary.words))

    def _score(
        self, request: PaintRequest, model: Model, reward: Path | None, pictures: Sequence[Tensor]
    ) -> list[float]:
        judge = self._judge(model, reward)
        if judge is None:
            raise SettingUnsupported(name="best", value=str(len(pictures)), model=model.name)
        clip, liked = judge
        text = " ".join(word.text for word in words_of(request.spec.parts))
        (words,) = clip.embed_texts([text])
        seen = [clip.look_at(Image.fromarray(picture.numpy())) for picture in pictures]
        if liked is None:
            scores = torch.stack([one.vector for one in seen]) @ words
        else:
            rewards = liked.rewards(torch.stack([features_of(one, words) for one in seen]))
            scores = torch.sigmoid(rewards - rewards.mean())
        return [round(score, 4) for score in scores.tolist()]

    def _judge(self, model: Model, reward: Path | None) -> tuple[LoadedClip, RewardModel | None] | None:
        """Return what judges pictures, and by what reward of its features; None where nothing can."""
        scorer = self._scorer_of_registry()
        if scorer is not None and (reward is None or self._is_of(scorer, reward)):
            return scorer.clip, scorer.reward if reward is None else self._reward(reward, scorer.clip)
        folder = clip_folder(local_path(model))
        if folder is None:
            return None
        clip = self._clip(model, folder)
        return clip, None if reward is None else self._reward(reward, clip)

    def _is_of(self, scorer: LoadedScorer, reward: Path) -> bool:
        """Return whether what the community likes was learnt over the features of the scorer."""
        return load_reward_model(reward)[1].get("clip_sha256") == scorer.sha256

    def _scorer_of_registry(self) -> LoadedScorer | None:
        if self._scorer is None and self._registry.scorer is not None:
            self._scorer = load_scorer(self._registry.scorer, best_device().device)
        return self._scorer

    def _reward(self, file: Path, clip: LoadedClip) -> RewardModel:
        if file not in self._rewards:
            reward, _ = load_reward_model(file)
            config = clip.model.config
            older = 2 * config.projection_dim
            if len(reward.weights) not in (older, older + 2 * config.vision_config.hidden_size):
                raise WeightsMismatch(path=file)
            self._rewards[file] = reward
        return self._rewards[file]

    def _clip(self, model: Model, folder: Path) -> LoadedClip:
        if model.name not in self._loaded:
            self._loaded[model.name] = load_clip(model.name, folder, best_device().device, model.clip_sha256)
        return self._loaded[model.name]


def _picture_of(request: PaintRequest) -> Image.Image:
    return open_source(request.source or request.images[0])
