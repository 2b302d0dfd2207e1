"""The trainer: the same from the same seed, the same when broken off and gone on with, and learning at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from engine.starter.architecture import new_scheduler
from engine.starter.device import TrainingDevice
from engine.starter.examples import CAPTIONS_EACH, Batch, Examples, batches, covered_by_objects
from engine.starter.optimizers import orthogonal
from engine.starter.train_denoiser import (
    TextConditionedDenoiser,
    Trainer,
    TrainingConfig,
    learning_rate_at,
    velocity_loss,
)
from engine.starter.world import picture_from_scene, scene_from_seed

TOKENS = 6
PROCESSOR = TrainingDevice(device=torch.device("cpu"))
LESSON = TrainingConfig(steps=6, batch=4, warmup_steps=2, seed=5)


def _pupil() -> TextConditionedDenoiser:
    torch.manual_seed(1)
    text = CLIPTextConfig(
        vocab_size=20,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=TOKENS,
        bos_token_id=18,
        eos_token_id=19,
    )
    denoiser = UNet2DConditionModel(
        sample_size=8,
        in_channels=2,
        out_channels=2,
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=16,
        attention_head_dim=2,
        norm_num_groups=8,
    )
    return TextConditionedDenoiser(CLIPTextModel(text), denoiser)


def _sides() -> dict[tuple[int, int], Examples]:
    rng = torch.Generator().manual_seed(3)
    return {
        side: Examples(
            latents=torch.randn(12, 2, 1, 1, generator=rng).expand(12, 2, *side).half(),
            tokens=torch.randint(18, (12, CAPTIONS_EACH, TOKENS), generator=rng).to(torch.int16),
            covered=torch.rand(12, *side, generator=rng) < 0.5,
        )
        for side in ((8, 8), (4, 8))
    }


def _training(config: TrainingConfig = LESSON, training_device: TrainingDevice = PROCESSOR) -> Trainer:
    return Trainer(_pupil(), config, torch.full((TOKENS,), 19), training_device)


def test_the_same_seed_trains_the_same_pupil() -> None:
    """Two runs from one seed have the same losses, to the bit."""
    assert list(_training().steps(_sides(), 6)) == list(_training().steps(_sides(), 6))


def test_a_run_that_is_broken_off_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    """Losses and averages after a checkpoint are those of a run without one."""
    whole, first, second = _training(), _training(), _training()
    losses = [*whole.steps(_sides(), 3), *whole.steps(_sides(), 6)]
    before = list(first.steps(_sides(), 3))
    first.save(tmp_path / "state.pt")
    second.load(tmp_path / "state.pt")
    assert [*before, *second.steps(_sides(), 6)] == losses
    for mine, theirs in zip(whole.average.parameters(), second.average.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def _loss(model: TextConditionedDenoiser) -> float:
    """The loss on the same examples, noise and timesteps at every call."""
    examples = _sides()[8, 8]
    batch = Batch(latents=examples.latents.float(), tokens=examples.tokens[:, 0].long(), covered=examples.covered)
    rng = torch.Generator().manual_seed(9)
    with torch.no_grad():
        losses = [velocity_loss(model, batch, rng, PROCESSOR) for _ in range(20)]
    return torch.stack(losses).sum().item()


def test_training_lowers_the_loss() -> None:
    """Sixty steps on a handful of examples learn something of them."""
    training = _training(TrainingConfig(steps=60, batch=8, warmup_steps=5, rate=5e-3))
    before = _loss(training.model)
    list(training.steps(_sides(), 60))
    assert _loss(training.model) < 0.9 * before


def test_errors_beside_objects_count_a_quarter() -> None:
    """The loss is the mean of squared errors weighed by whether an object stands there."""
    side = _sides()[8, 8]
    tokens, latents = side.tokens[:, 0].long(), torch.zeros(12, 2, 8, 8)
    covered = torch.zeros(12, 8, 8, dtype=torch.bool)
    covered[:, :4] = True
    batch = Batch(latents=latents, tokens=tokens, covered=covered)

    def wrong_above(_: torch.Tensor, noisy: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
        signal = new_scheduler().alphas_cumprod[timesteps][:, None, None, None]
        velocity: torch.Tensor = signal.sqrt() * noisy / (1 - signal).sqrt()
        return velocity + covered[:, None]

    loss = velocity_loss(wrong_above, batch, torch.Generator().manual_seed(0), PROCESSOR)
    assert loss.item() == pytest.approx(1.0 / (1.0 + 0.25), rel=1e-3)


def test_covered_latents_are_where_objects_stand() -> None:
    """All but a rim of the pixels that objects change lie on covered latents, and something is left uncovered."""
    for seed in range(40):
        scene = scene_from_seed(seed, side=(144, 112))
        bare = picture_from_scene(replace(scene, objects=()))
        changed = np.abs(np.asarray(picture_from_scene(scene)).astype(int) - np.asarray(bare)).max(2) > 40
        covered = covered_by_objects(scene)
        assert covered.numpy().repeat(8, 0).repeat(8, 1)[changed].mean() > 0.95
        assert not covered.all()


def test_half_precision_trains_too() -> None:
    """With forward passes in bfloat16 the weights stay in single precision and the loss falls."""
    training_device = TrainingDevice(device=torch.device("cpu"), autocast_dtype=torch.bfloat16)
    training = _training(TrainingConfig(steps=60, batch=8, warmup_steps=5, rate=5e-3), training_device)
    before = _loss(training.model)
    list(training.steps(_sides(), 60))
    assert _loss(training.model) < 0.9 * before
    assert {weight.dtype for weight in training.model.parameters()} == {torch.float32}


def test_a_batch_is_of_one_size_and_all_sizes_come() -> None:
    """Aspect ratios are never mixed within a batch, and none is left out."""
    source = batches(_sides(), 4, torch.Generator().manual_seed(0))
    assert {tuple(next(source).latents.shape[2:]) for _ in range(20)} == {(8, 8), (4, 8)}


def test_the_rate_rises_stays_and_falls() -> None:
    """Warm-up, a level stretch and a linear end."""
    config = TrainingConfig(steps=1000, warmup_steps=100, decay_share=0.3, rate=1.0)
    assert learning_rate_at(0, config) == pytest.approx(0.01)
    assert learning_rate_at(400, config) == 1.0
    assert learning_rate_at(850, config) == pytest.approx(0.5)
    assert learning_rate_at(999, config) == pytest.approx(0.02)


def test_orthogonal_steps_have_even_singular_values() -> None:
    """Whatever the gradient's spectrum was, the step's is near one everywhere."""
    torch.manual_seed(0)
    skewed = torch.randn(12, 30) @ torch.diag(torch.linspace(0.1, 3, 30))
    values = torch.linalg.svdvals(orthogonal(skewed))
    assert values.max() < 1.4
    assert values.min() > 0.5
    assert torch.allclose(orthogonal(skewed.T), orthogonal(skewed).T)


def test_fixed_text_stays_as_it_is() -> None:
    """The denoiser learns on, the text encoder and its average do not change by a bit."""
    training = _training(replace(LESSON, fixed_text=True))
    before = {name: value.clone() for name, value in training.model.state_dict().items()}
    list(training.steps(_sides(), 3))
    changed = {
        name.split(".")[0] for name, value in training.model.state_dict().items() if not value.equal(before[name])
    }
    assert changed == {"denoiser"}
    for mine, theirs in zip(
        training.average.text_encoder.parameters(), training.model.text_encoder.parameters(), strict=True
    ):
        assert torch.equal(mine, theirs)
