"""DreamBooth on tiny checkpoints: what is learnt, what stays, and that an interruption makes no difference."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

from engine.learn.subjects import SubjectConfig, SubjectDiverged, SubjectTrainer, encode_shown, rate_of
from engine.painter.pipeline.protocol import LoadedModel
from tests.engine.learn.subject_pictures import picture
from tests.engine.learn.test_training import FAMILIES, loaded

CONFIG = SubjectConfig(steps=6, rate=2e-3, warmup_steps=2, rank=4)
SIZE = (32, 32)


@pytest.fixture(params=sorted(FAMILIES.keys() - {"sd1", "sdxl", "chroma", "qwen-image"}))
def any_family(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[LoadedModel, Any]:
    return loaded(tmp_path, request.param)


def trainer_of(model: LoadedModel, denoiser: Any) -> SubjectTrainer:
    pictures = [Image.open(io.BytesIO(picture(shade))) for shade in (20, 120, 220)]
    kinds = [Image.new("RGB", SIZE, (shade, shade, shade)) for shade in (10, 200)]
    shown = (
        encode_shown(model, pictures, "zorkle ring", SIZE, seed=1),
        encode_shown(model, kinds, "ring", SIZE, seed=1),
    )
    return SubjectTrainer(model, denoiser, shown, SIZE, CONFIG)


def weights_of(trainer: SubjectTrainer) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in trainer.adapter.parameters.items()}


def test_every_kind_of_model_learns_and_its_base_stays_what_it_was(any_family: tuple[LoadedModel, Any]) -> None:
    """Noise, velocity and flows: the adapter moves; switched off, the prediction is the untouched one, bit for bit."""
    model, denoiser = any_family
    latents = torch.randn(1, *model.latent_shape(*SIZE), generator=torch.Generator().manual_seed(0))
    asked = (latents, torch.full((1,), 500.0), [model.encode_prompt("zorkle ring")])
    before = model.predict(*asked)
    trainer = trainer_of(model, denoiser)
    first = weights_of(trainer)
    assert [step.number for step in trainer.steps()] == [1, 2, 3, 4, 5, 6]
    assert any(not torch.equal(weight, first[name]) for name, weight in weights_of(trainer).items())
    assert not torch.equal(model.predict(*asked), before)
    with trainer.adapter.switched_off():
        assert torch.equal(model.predict(*asked), before)


def test_a_training_that_goes_on_ends_like_one_that_was_never_interrupted(tmp_path: Path) -> None:
    """Bit for bit, in another process's model; the optimizer's moments are kept too."""
    whole = trainer_of(*loaded(tmp_path / "whole", "sd2"))
    losses = [step.loss for step in whole.steps()]
    first = trainer_of(*loaded(tmp_path / "first", "sd2"))
    for step in first.steps():
        if step.number == 3:
            break
    first.save(tmp_path / "checkpoint.safetensors")
    second = trainer_of(*loaded(tmp_path / "second", "sd2"))
    second.load(tmp_path / "checkpoint.safetensors")
    assert [step.loss for step in second.steps()] == losses[3:]
    other = weights_of(second)
    assert all(torch.equal(weight, other[name]) for name, weight in weights_of(whole).items())


def test_a_loss_that_is_no_number_stops_before_it_does_harm(tmp_path: Path) -> None:
    """The weights are those of the last good step."""
    model, denoiser = loaded(tmp_path, "sd2")
    trainer = trainer_of(model, denoiser)
    steps = trainer.steps()
    next(steps)
    kept = weights_of(trainer)
    trainer._shown[0].latents.fill_(float("nan"))
    with pytest.raises(SubjectDiverged) as caught:
        next(steps)
    assert caught.value.step == 2
    assert all(torch.equal(weight, kept[name]) for name, weight in weights_of(trainer).items())


def test_the_rate_rises_and_falls() -> None:
    rates = [rate_of(step, SubjectConfig(steps=10, rate=1.0, warmup_steps=2)) for step in range(10)]
    assert rates[0] == 0.5 and max(rates) == rates[1] and rates == [rates[0], *sorted(rates[1:], reverse=True)]
