"""A thread that suggests prompts with the CLIP of a job's model, so that denoising goes on meanwhile."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import torch

from engine.contract.errors import EaselError, NoRoom, OperationUnsupported
from engine.contract.jobs import Operation
from engine.contract.painting import PaintedText, PaintRequest
from engine.contract.suggestions import Suggestions, text_from_suggestions
from engine.models.files.clip_folder import clip_folder
from engine.models.files.locate import local_path
from engine.models.files.vocabulary import read_vocabulary
from engine.models.loading.clip import LoadedClip, load_clip
from engine.models.loading.device import best_device
from engine.models.loading.errors import result_or_error
from engine.models.registry.registry import Model, Registry
from engine.painter.operations.source import open_source
from engine.painter.suggesting.describe import describe
from engine.painter.suggesting.shorten import shorten
from engine.prompt import parse_attention


class SuggestionThread:
    """The thread with the CLIPs of its models, which are loaded when they are first needed and stay."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._loaded: dict[str, LoadedClip] = {}
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="suggesting")

    async def suggest(self, request: PaintRequest) -> PaintedText:
        """Return the suggestions that the request asks for.

        Raises: OperationUnsupported, ModelUnknown, ModelBroken, WeightsMissing, PictureCorrupt, NoRoom.
        """
        name = request.spec.parameters.get("model")
        model = self._registry.model(None if name is None else str(name))
        work = partial(result_or_error, model.name, partial(self._suggest, request, model))
        result = await asyncio.get_running_loop().run_in_executor(self._executor, work)
        if isinstance(result, torch.OutOfMemoryError):
            raise NoRoom(model=model.name)
        if isinstance(result, EaselError):
            raise result
        return PaintedText(text=text_from_suggestions(result))

    def close(self) -> None:
        """End the thread after what it is at."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _suggest(self, request: PaintRequest, model: Model) -> Suggestions:
        place = local_path(model)
        folder, vocabulary = clip_folder(place), read_vocabulary(place)
        if folder is None or (request.operation is Operation.DESCRIBE and vocabulary is None):
            raise OperationUnsupported(operation=request.operation.value, model=model.name)
        if model.name not in self._loaded:
            self._loaded[model.name] = load_clip(model.name, folder, best_device().device)
        clip = self._loaded[model.name]
        if vocabulary is None or request.operation is Operation.SHORTEN:
            return shorten(clip, _words_of(request))
        picture = request.source or request.images[0]
        return describe(clip, open_source(picture), tuple(vocabulary.words))


def _words_of(request: PaintRequest) -> str:
    """Return the words of the positive parts, without weights."""
    parts = (part.text for part in request.spec.parts if part.weight > 0)
    return " ".join(text.strip() for part in parts for text, _ in parse_attention(part))
