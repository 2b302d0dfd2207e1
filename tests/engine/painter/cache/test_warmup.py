"""What is measured and compiled before a model's first request."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from engine.models.registry.registry import Model, Registry
from engine.models.registry.speed import Compilation, SpeedSettings
from engine.painter.cache.warmup import preparation, shortest
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.guidance import PromptEmbeds
from tests.engine.painter.fakes import FlatModel

Made = list[tuple[int, ...]]


class Ready(FlatModel):
    """Records the batches that it is compiled for; those of more than `room` rows do not fit."""

    def __init__(self, model: Model, *, room: int = 1000) -> None:
        super().__init__(model, room=room)
        self.made: Made = []

    def warm_up(self, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> None:
        if len(latents) > self.room:
            raise torch.OutOfMemoryError("no room")
        self.made.append(tuple(latents.shape))


def compiled(registry: Registry, *ratios: str) -> Model:
    return replace(registry.model(), speed=SpeedSettings(compile=Compilation.WHOLE, ratios=ratios))


def prepared(model: Model, loaded: LoadedModel, known: int | None) -> tuple[int, int]:
    """Return the batch size that pays, and the number of pieces of work; the last one repeats it."""
    *pieces, last = preparation(model, loaded, known)
    return last, len(pieces)


def test_every_batch_size_that_pays_is_compiled_at_every_size(registry: Registry) -> None:
    """The model's own size and the operator's ratios, no batch size larger than pays, one piece of work each."""
    model = compiled(registry, "2:1")
    loaded = Ready(model)
    assert prepared(model, loaded, 8) == (8, 6)
    assert loaded.made == [(rows, 4, *sides) for sides in ((8, 8), (6, 12)) for rows in (2, 4, 8)]


def test_a_model_without_guidance_is_compiled_for_one_row(registry: Registry) -> None:
    """One picture of it is one row, which must not be padded to two."""
    model = compiled(registry)
    model = replace(model, defaults=replace(model.defaults, guidance=1.0))
    loaded = Ready(model)
    prepared(model, loaded, 2)
    assert [shape[0] for shape in loaded.made] == [1, 2]


def test_a_batch_size_that_does_not_fit_is_not_compiled(registry: Registry) -> None:
    """The model is used nevertheless, and larger ones are not tried."""
    model = compiled(registry)
    loaded = Ready(model, room=4)
    assert prepared(model, loaded, 16)[0] == 16
    assert [shape[0] for shape in loaded.made] == [2, 4]


def test_a_batch_size_that_does_not_fit_does_not_pay(registry: Registry) -> None:
    """Neither when a forward does not fit, nor when its texts do not."""
    assert prepared(registry.model(), FlatModel(registry.model(), room=4), None)[0] <= 4

    class Wordless(FlatModel):
        def encode_negative(self, text: str = "") -> PromptEmbeds:
            raise torch.OutOfMemoryError("no room")

    assert prepared(registry.model(), Wordless(registry.model()), None)[0] == 2


@pytest.mark.parametrize(("seconds", "num_runs"), [(0.01, 3), (0.6, 2), (30.0, 1)])
def test_a_long_forward_is_not_repeated(seconds: float, num_runs: int) -> None:
    """A large model on a CPU would be measured for minutes, while requests wait."""
    clock = itertools.count(step=seconds)
    runs: list[int] = []

    def forward() -> Tensor:
        runs.append(1)
        return torch.zeros(1)

    assert shortest(forward, lambda: next(clock)) == pytest.approx(seconds)
    assert len(runs) == num_runs
