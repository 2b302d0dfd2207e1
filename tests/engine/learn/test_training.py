"""Training on tiny checkpoints: what changes, what must not, and that an interruption makes no difference."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from torch import Tensor

from engine.learn.adapter import TrainedLora
from engine.learn.examples import EncodedPreferences, PreferenceDraws, batch_of, encode_examples, generator_for
from engine.learn.noising import TIMESTEPS, noising_for
from engine.learn.opening import open_to_train
from engine.learn.preferences import Preference, PreferenceRow, read_preferences
from engine.learn.runs import train_in_folder
from engine.learn.training import LearningConfig, LossNotFinite, PreferenceTrainer, Step, drawn_positions
from engine.models.loading.device import Device
from engine.models.registry.registry import read_registry
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.guidance import PromptEmbeds
from tests.engine.learn.pickapic_folder import png, row, save_rows, warm_rows
from tests.engine.painter.checkpoints import save_sd1, save_sdxl
from tests.engine.painter.gemma_checkpoints import save_lumina2
from tests.engine.painter.qwen_checkpoints import save_flux2_klein, save_qwen_image, save_z_image
from tests.engine.painter.registries import entry
from tests.engine.painter.t5_checkpoints import save_auraflow, save_chroma, save_flux, save_sd3

CPU = Device(device=torch.device("cpu"), dtype=torch.float32)
CONFIG = LearningConfig(steps=6, pairs=4, rate=2e-3, rank=4)
FAMILIES: dict[str, Callable[[Path], Any]] = {
    "sd1": save_sd1,
    "sd2": lambda folder: save_sd1(folder, prediction="v_prediction"),
    "sdxl": save_sdxl,
    "sd3": save_sd3,
    "flux": save_flux,
    "flux2-klein": save_flux2_klein,
    "chroma": save_chroma,
    "auraflow": save_auraflow,
    "lumina2": save_lumina2,
    "qwen-image": save_qwen_image,
    "z-image": save_z_image,
}


@pytest.fixture(params=FAMILIES)
def any_family(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[LoadedModel, Any]:
    return loaded(tmp_path, request.param)


@pytest.fixture
def sd2(tmp_path: Path) -> tuple[LoadedModel, Any]:
    return loaded(tmp_path, "sd2")


def loaded(folder: Path, family: str) -> tuple[LoadedModel, Any]:
    FAMILIES[family](folder / "weights")
    (folder / "registry.toml").write_text(f'default = "tiny"\n{entry("tiny", family, "weights")}')
    model = read_registry(folder / "registry.toml").model()
    return open_to_train(model, CPU)


def examples_for(model: LoadedModel, folder: Path, count: int = 20) -> EncodedPreferences:
    return encode_examples(read_preferences(save_rows(folder / "rows", warm_rows(count))), model, 8)


def weights_of(trainer: PreferenceTrainer) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in trainer.adapter.parameters.items()}


def test_every_family_learns_and_its_reference_stays_what_it_was(
    any_family: tuple[LoadedModel, Any], tmp_path: Path
) -> None:
    """All weights of the adapter move; switched off, the prediction is that of the untouched model, bit for bit."""
    model, denoiser = any_family
    examples = examples_for(model, tmp_path)
    of_first_step = generator_for(0, 0)
    batch = PreferenceDraws(examples).batch(4, of_first_step)
    timesteps = torch.full((len(batch.winners),), 500.0)
    before = model.predict(batch.winners, timesteps, batch.embeds)
    trainer = PreferenceTrainer(model, denoiser, examples, CONFIG)
    assert torch.equal(model.predict(batch.winners, timesteps, batch.embeds), before)
    first = weights_of(trainer)
    steps = list(trainer.steps())
    assert [step.number for step in steps] == [1, 2, 3, 4, 5, 6]
    # Before anything is learnt both pictures are as likely as they were: -log sigmoid(0).
    assert steps[0].loss == pytest.approx(math.log(2), abs=1e-4)
    assert trainer.loss_of(batch, of_first_step).value < math.log(2)
    unmoved = [name for name, weight in weights_of(trainer).items() if torch.equal(weight, first[name])]
    # What the last block makes of the text is read by nothing after it.
    assert all(name.startswith("transformer_blocks.1.attn") and "add_" in name for name in unmoved), unmoved
    assert not torch.equal(model.predict(batch.winners, timesteps, batch.embeds), before)
    with trainer.adapter.switched_off():
        assert torch.equal(model.predict(batch.winners, timesteps, batch.embeds), before)


def test_a_run_that_goes_on_ends_like_one_that_was_never_interrupted(tmp_path: Path) -> None:
    """Bit for bit, from a checkpoint in the middle, in another process's model."""
    whole = trainer_in(tmp_path / "whole")
    losses = [step.loss for step in whole.steps()]
    first = trainer_in(tmp_path / "first")
    for step in first.steps():
        if step.number == 3:
            break
    first.save(tmp_path / "checkpoint.safetensors")
    second = trainer_in(tmp_path / "second")
    second.load(tmp_path / "checkpoint.safetensors")
    assert [step.loss for step in second.steps()] == losses[3:]
    other = weights_of(second)
    assert all(torch.equal(weight, other[name]) for name, weight in weights_of(whole).items())


def trainer_in(folder: Path) -> PreferenceTrainer:
    folder.mkdir()
    model, denoiser = loaded(folder, "sd2")
    return PreferenceTrainer(model, denoiser, examples_for(model, folder), CONFIG)


def test_the_file_paints_as_the_trained_model_does(sd2: tuple[LoadedModel, Any], tmp_path: Path) -> None:
    """Loaded by diffusers alone, at weight 1."""
    model, denoiser = sd2
    examples = examples_for(model, tmp_path)
    trainer = PreferenceTrainer(model, denoiser, examples, replace(CONFIG, steps=3))
    list(trainer.steps())
    trainer.adapter.save(tmp_path / "adapter.safetensors", {"model": "tiny"})
    pipe = diffusers.StableDiffusionPipeline.from_pretrained(tmp_path / "weights", safety_checker=None)
    pipe.load_lora_weights(str(tmp_path), weight_name="adapter.safetensors")
    batch = PreferenceDraws(examples).batch(2, generator_for(0, 0))
    timesteps = torch.full((len(batch.winners),), 300.0)
    tokens = torch.cat([one.tokens for one in batch.embeds])
    with torch.no_grad():
        stock = pipe.unet(batch.winners, timesteps, tokens).sample
        ours = model.predict(batch.winners, timesteps, batch.embeds)
    assert torch.allclose(stock, ours, atol=1e-5)
    pipe.unload_lora_weights()
    assert not torch.allclose(pipe.unet(batch.winners, timesteps, tokens).sample, ours, atol=1e-4)


def test_a_loss_that_is_no_number_stops_before_it_does_harm(sd2: tuple[LoadedModel, Any], tmp_path: Path) -> None:
    """The checkpoint has the weights of the last good step, and the error the prompts of the batch."""
    model, denoiser = sd2
    examples = examples_for(model, tmp_path)
    trainer = PreferenceTrainer(model, denoiser, examples, CONFIG)
    kept = dict[str, Tensor]()

    def damage(step: Step) -> None:
        if step.number == 2:
            kept.update(weights_of(trainer))
            for latents in examples.latents.values():
                latents.fill_(float("nan"))

    with pytest.raises(LossNotFinite) as caught:
        train_in_folder(tmp_path, trainer, damage)
    assert (caught.value.step, caught.value.captions) == (3, ["a cat", "a dog"])
    assert all(torch.equal(weight, kept[name]) for name, weight in weights_of(trainer).items())
    for weight in trainer.adapter.parameters.values():
        weight.data.zero_()
    trainer.load(tmp_path / "checkpoint.safetensors")
    assert trainer.done == 2 and all(torch.equal(weight, kept[name]) for name, weight in weights_of(trainer).items())


def test_a_full_disk_leaves_the_checkpoint_before(sd2: tuple[LoadedModel, Any], tmp_path: Path) -> None:
    """And nothing half written beside it."""
    model, denoiser = sd2
    trainer = PreferenceTrainer(model, denoiser, examples_for(model, tmp_path), CONFIG)
    file = tmp_path / "run" / "checkpoint.safetensors"
    file.parent.mkdir()
    next(trainer.steps())
    trainer.save(file)
    kept = file.read_bytes()
    next(trainer.steps())
    file.with_name(f"{file.name}.partial").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as caught:
        trainer.save(file)
    assert caught.value.filename == str(file)
    assert file.read_bytes() == kept and list(file.parent.iterdir()) == [file]
    trainer.save(file)
    assert file.read_bytes() != kept


def test_a_backward_pass_while_switched_off_would_teach_nothing(sd2: tuple[LoadedModel, Any]) -> None:
    """Which is why the loss is made of what was predicted outside of it."""
    model, denoiser = sd2
    adapter = TrainedLora(denoiser, rank=4, seed=0)
    latents = torch.randn(1, *model.latent_shape(32, 32), generator=torch.Generator().manual_seed(0))
    embeds = [model.encode_prompt("a cat")]
    model.predict(latents, torch.full((1,), 300.0), embeds).sum().backward()  # type: ignore[no-untyped-call]
    assert any(weight.grad is not None and weight.grad.any() for weight in adapter.parameters.values())


@pytest.mark.parametrize(("family", "target"), [("sd1", "noise"), ("sd2", "velocity"), ("sd3", "flow")])
def test_what_is_predicted_is_what_the_model_was_trained_for(tmp_path: Path, family: str, target: str) -> None:
    """Noisy latents and target make the clean latents again, and the noisiest position is nearly noise alone."""
    model, _ = loaded(tmp_path, family)
    rng = torch.Generator().manual_seed(0)
    clean, noise = (torch.randn(3, *model.latent_shape(32, 32), generator=rng) for _ in range(2))
    positions = torch.tensor([0, 500, TIMESTEPS - 1])
    noised = noising_for(model, 32, 32)(clean, noise, positions)
    assert list(noised.timesteps) == sorted(noised.timesteps)
    if target == "flow":
        sigma = (noised.timesteps / 1000)[:, None, None, None]
        again = noised.latents - sigma * noised.target
    else:
        signal = diffusers.DDPMScheduler.from_config(model.scheduler_config).alphas_cumprod[positions]
        alpha, sigma = signal.sqrt()[:, None, None, None], (1 - signal).sqrt()[:, None, None, None]
        if target == "noise":
            again = (noised.latents - sigma * noised.target) / alpha
        else:
            again = alpha * noised.latents - sigma * noised.target
    assert torch.allclose(again, clean, atol=1e-3)
    assert (noised.latents[0] - clean[0]).abs().mean() < 0.2 < 0.7 < (noised.latents[2] - clean[2]).abs().mean()


def test_preferences_that_members_agree_on_are_drawn_more_often() -> None:
    """In proportion to the square of their weight; each at most once in a batch, and the same from the same step."""
    some = [Preference(caption="a cat", winner=f"w{weight}", loser="l", weight=weight) for weight in (0.5, 1.0, 2.0)]
    latents = {name: torch.zeros(1, 1, 2, 2) for name in ("w0.5", "w1.0", "w2.0", "l")}
    examples = EncodedPreferences(
        by_size={(16, 16): some}, latents=latents, embeds={"a cat": PromptEmbeds(tokens=torch.zeros(1, 1, 1))}
    )
    draws = PreferenceDraws(examples)
    drawn = Counter(draws.batch(1, generator_for(0, step)).preferences[0].weight for step in range(2000))
    assert [drawn[weight] / 2000 for weight in (0.5, 1.0, 2.0)] == pytest.approx([1 / 21, 4 / 21, 16 / 21], abs=0.04)
    assert sorted(one.weight for one in draws.batch(9, generator_for(0, 0)).preferences) == [0.5, 1.0, 2.0]
    again = [draws.batch(2, generator_for(1, step)).preferences for step in (7, 7)]
    assert again[0] == again[1]
    assert generator_for(1, 2).initial_seed() != generator_for(2, 1).initial_seed()


def test_a_batch_has_all_kinds_of_noise_and_more_of_much() -> None:
    """Positions are at equal distances by their cumulative share, t^2, in no order; over many steps, all are drawn."""
    many = [drawn_positions(4, generator_for(0, step)) for step in range(500)]
    shares = (torch.stack(many).sort(dim=1).values / TIMESTEPS).square()
    assert torch.allclose(shares.diff(dim=1), torch.full((500, 3), 1 / 4), atol=0.003)
    assert any(some.tolist() != sorted(some.tolist()) for some in many)
    drawn = torch.cat(many)
    assert (drawn >= TIMESTEPS // 2).float().mean().item() == pytest.approx(0.75, abs=0.01)
    assert int(drawn.min()) < TIMESTEPS // 10 and TIMESTEPS * 0.99 < int(drawn.max()) < TIMESTEPS


def test_pictures_are_read_once_however_many_preferences_they_are_in(
    sd2: tuple[LoadedModel, Any], tmp_path: Path
) -> None:
    """Votes of several members on the same two pictures are one preference of all of them."""
    read = list[str]()

    def counted(one: PreferenceRow) -> PreferenceRow:
        return replace(one, read=lambda sha256: read.append(sha256) or one.read(sha256))  # type: ignore[func-returns-value]

    rows = [row(png(1, 2), png(side, 4), user_id=rater) for rater in (1, 2) for side in (3, 5)]
    source = map(counted, read_preferences(save_rows(tmp_path / "rows", rows)))
    examples = encode_examples(source, sd2[0], 8)
    assert len(read) == len(set(read)) == 3
    # The winner has won 4 of 4, and each loser lost 2 of 2, beside a weight of 2 that says nothing.
    assert [one.weight for one in examples.preferences] == pytest.approx([4 / (4 + 2) + 2 / (2 + 2)] * 2)
    assert examples.raters == {1, 2}


def test_what_cannot_be_learnt_from_is_left_out_and_counted(sd2: tuple[LoadedModel, Any], tmp_path: Path) -> None:
    rows = [
        row(png(1, 2), png(3, 4)),
        *[row(*files) for files in ((png(9, 9), png(7, 8)), (png(7, 8), png(9, 9)))],
        row(png(1, 2), png(1, 2)),
        row(png(1, 2), png(3, 4, side=64)),
        row(png(1, 2, side=36), png(3, 4, side=36)),
        row(png(1, 2), b"not a picture"),
        row(png(5, 6, side=64), png(3, 4, side=64)),
    ]
    examples = encode_examples(read_preferences(save_rows(tmp_path / "rows", rows)), sd2[0], 8)
    assert {size: len(some) for size, some in examples.by_size.items()} == {(32, 32): 1, (64, 64): 1}
    assert examples.left_out == {
        "the same picture twice": 1,
        "pictures of different sizes": 1,
        "a size that the model cannot paint": 1,
        "a damaged picture": 1,
        "as much weight for the one picture as for the other": 2,
    }
    assert batch_of(examples, (64, 64), examples.by_size[64, 64]).winners.shape[2:] == (16, 16)
