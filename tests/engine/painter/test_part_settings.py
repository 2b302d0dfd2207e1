"""Configurations of parts that do not fit their files, or nothing at all: refused before anything large is built."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import StableDiffusionPipeline
from torch.nn.modules.module import register_module_parameter_registration_hook

from engine.contract.errors import ModelBroken
from engine.models.files.part_numbers import check_numbers
from engine.models.files.part_settings import check_layers
from engine.models.loading.device import Dtypes, best_device
from engine.models.loading.parts import load_parts
from engine.models.loading.pipeline import load_pipeline
from engine.models.loading.trial import try_loading
from engine.models.manage import model_status, with_trial
from engine.models.registry.registry import Registry
from engine.models.registry.sources import WeightSource
from tests.engine.models.original_layout import save_single_file
from tests.engine.painter.edits import setting

# The tiny SD 1 has some 400 tensors.
FEW = 10_000

FAR_TOO_LARGE = [
    ("text_encoder", "num_hidden_layers", 1_000_000, "sets num_hidden_layers to 1000000, which must be a whole number"),
    ("text_encoder", "num_hidden_layers", 0, "sets num_hidden_layers to 0, which must be a whole number from 1 to"),
    ("text_encoder", "hidden_size", 1_000_000, "its hidden_size is 1000000"),
    ("text_encoder", "vocab_size", 1_000_000_000, "its vocab_size is 1000000000"),
    ("text_encoder", "max_position_embeddings", 1_000_000_000, "its max_position_embeddings is 1000000000"),
    ("unet", "layers_per_block", 100_000, "sets layers_per_block to 100000, which must be a whole number from 0 to"),
    ("unet", "layers_per_block", 100, "its layers_per_block is 100"),
    ("unet", "transformer_layers_per_block", [1, -1], "sets transformer_layers_per_block to -1"),
    ("unet", "block_out_channels", [1_000_000, 1_000_000], "its block_out_channels is 1000000"),
    ("vae", "block_out_channels", [100_000_000, 100_000_000], "its block_out_channels is 100000000"),
    ("vae", "latent_channels", 100_000_000, "its latent_channels is 100000000"),
]
OF_ANOTHER_KIND = [
    ("text_encoder", "hidden_size", "32", "cannot be loaded with its text_encoder/config.json"),
    ("text_encoder", "num_hidden_layers", "2", 'sets num_hidden_layers to "2", which must be a whole number'),
    ("unet", "norm_num_groups", "all", 'sets norm_num_groups to "all", which must be a number'),
    ("unet", "act_fn", 7, "sets act_fn to 7, which must be a string"),
    ("unet", "flip_sin_to_cos", "yes", 'sets flip_sin_to_cos to "yes", which must be true or false'),
    ("unet", "in_channels", None, "its unet cannot be loaded with its unet/config.json (TypeError: "),
    ("unet", "quantization_config", 5, "its unet cannot be loaded with its unet/config.json (AttributeError: "),
    *(
        ("vae", "scaling_factor", value, "which must be a number over 0 and at most 100")
        for value in (0, -0.2, None, 1e30)
    ),
    ("text_encoder", "eos_token_id", None, "its text_encoder/config.json sets eos_token_id to null, which must be 513"),
    (
        "text_encoder",
        "num_attention_heads",
        -1,
        "sets num_attention_heads to -1, which must be a whole number",
    ),
    ("vae", "scaling_factor", float("nan"), "cannot read vae/config.json: scaling_factor is NaN"),
]


@contextmanager
def few_weights() -> Iterator[None]:
    """Fail once more weights are built than a tiny model can have."""
    count = itertools.count()

    def note(*_: object) -> None:
        assert next(count) < FEW

    hook = register_module_parameter_registration_hook(note)
    try:
        yield
    finally:
        hook.remove()


@pytest.mark.parametrize(("part", "name", "value", "cause"), [*FAR_TOO_LARGE, *OF_ANOTHER_KIND])
def test_a_setting_that_cannot_be_is_refused(
    registry: Registry, checkpoints: Path, tmp_path: Path, part: str, name: str, value: Any, cause: str
) -> None:
    """By a check and by loading, in the same words, which name the setting and its file."""
    folder = Path(shutil.copytree(checkpoints / "sd1", tmp_path / "sd1"))
    setting(f"{part}/config.json", **{name: value})(folder)
    faulty = replace(registry.model("tiny"), source=WeightSource(folder=folder))
    with few_weights(), pytest.raises(ModelBroken) as checked:
        try_loading(faulty)
    assert cause in checked.value.cause and f"{part}/config.json" in checked.value.cause
    with few_weights(), pytest.raises(ModelBroken) as refused:
        load_pipeline(faulty, best_device())
    assert refused.value.cause == checked.value.cause


FAULTY_FILES: list[tuple[str, Any, str]] = [
    ("model_index.json", {"_class_name": None}, "its model_index.json sets _class_name to null, which must be Stable"),
    (
        "model_index.json",
        {"unet": "UNet2DConditionModel"},
        'sets unet to "UNet2DConditionModel", which must be a library',
    ),
    ("model_index.json", {"unet": ["diffusers"]}, 'its model_index.json sets unet to ["diffusers"], which must be'),
    ("model_index.json", {"scheduler": ["diffusers", 5]}, "its scheduler is 5, which is no class of one"),
    (
        "model_index.json",
        {"requires_safety_checker": "no"},
        'requires_safety_checker to "no", which must be true or false',
    ),
    ("scheduler/scheduler_config.json", {"_class_name": None}, "its scheduler is null, which is no class of one"),
    ("scheduler/scheduler_config.json", {"beta_end": float("nan")}, "scheduler_config.json: beta_end is NaN"),
    ("tokenizer/tokenizer_config.json", "[1]", "tokenizer/tokenizer_config.json: it must be a JSON object, not [1]"),
    (
        "tokenizer/tokenizer_config.json",
        {"pad_token": 5},
        "its tokenizer cannot be loaded with its tokenizer/tokenizer_c",
    ),
    ("tokenizer/tokenizer.json", "{}", "its tokenizer cannot be loaded with its tokenizer/tokenizer_config.json"),
    ("unet/config.json", "null", "cannot read unet/config.json: it must be a JSON object, not null"),
    ("unet/config.json", "[" * 100_000, "cannot read unet/config.json: it is nested too deeply"),
    ("unet/model.safetensors.index.json", "{}", "its unet/model.safetensors.index.json has no weight_map"),
    *(
        ("tokenizer/tokenizer_config.json", {"model_max_length": value}, "tokenizer has a model_max_length of ")
        for value in ("77", [77], -1, 0, 77.5, True)
    ),
]


@pytest.mark.parametrize(("file", "edit", "cause"), FAULTY_FILES, ids=lambda value: str(value)[:60])
def test_a_file_that_is_not_what_it_must_be_is_refused(
    registry: Registry, checkpoints: Path, tmp_path: Path, file: str, edit: dict[str, Any] | str, cause: str
) -> None:
    """In words that name it, and the key."""
    folder = Path(shutil.copytree(checkpoints / "sd1", tmp_path / "sd1"))
    if isinstance(edit, str):
        (folder / file).write_text(edit)
    else:
        setting(file, **edit)(folder)
    status = with_trial(model_status(replace(registry.model("tiny"), source=WeightSource(folder=folder))))
    assert isinstance(status.error, ModelBroken) and cause in status.error.cause


@pytest.mark.parametrize("length", [1e30, 10**30, None])
def test_a_tokenizer_without_a_length_takes_what_its_encoder_takes(
    registry: Registry, checkpoints: Path, tmp_path: Path, length: float | None
) -> None:
    folder = Path(shutil.copytree(checkpoints / "sd1", tmp_path / "sd1"))
    setting("tokenizer/tokenizer_config.json", model_max_length=length)(folder)
    sound = replace(registry.model("tiny"), source=WeightSource(folder=folder))
    parts = load_parts(
        StableDiffusionPipeline, sound, folder, Dtypes(decoder=torch.float32, others=torch.float32), is_trial=True
    )
    assert parts.components["tokenizer"].model_max_length == 77


def test_so_is_one_beside_a_single_file(registry: Registry, checkpoints: Path, tmp_path: Path) -> None:
    file = save_single_file(checkpoints / "sd1", tmp_path / "sd1.safetensors")
    folder = Path(shutil.copytree(checkpoints / "sd1", tmp_path / "sd1"))
    setting("text_encoder/config.json", num_hidden_layers=1_000_000)(folder)
    faulty = replace(registry.model("tiny"), source=WeightSource(file=file, config=str(folder)))
    with few_weights(), pytest.raises(ModelBroken) as checked:
        try_loading(faulty)
    assert "text_encoder/config.json sets num_hidden_layers to 1000000" in checked.value.cause


@pytest.mark.parametrize(
    ("part", "settings", "words"),
    [("unet", {"norm_eps": value}, "a number over 0 and at most 0.1") for value in (0, -1, 1.5, 1e30, None, "0.1")]
    + [
        ("text_encoder_3", {"layer_norm_epsilon": 1e30}, "a number over 0 and at most 0.1"),
        ("text_encoder_3", {"relative_attention_max_distance": 0}, "a whole number over 0"),
        ("transformer", {"pos_embed_max_size": None}, "a whole number over 0"),
        ("transformer", {"sample_size": -1}, "a whole number over 0"),
        ("transformer", {"axes_lens": [1024, 0]}, "whole numbers over 0"),
        ("transformer", {"t_scale": 0}, "a number over 0 and at most 1e6"),
        ("transformer", {"interpolation_scale": -1}, "a number over 0, or null"),
        ("text_encoder", {"rope_theta": None}, "a number over 0 and at most 1e12"),
        ("unet", {"attention_head_dim": [8, -1]}, "a whole number of at least 0"),
        ("unet", {"norm_num_groups": -1}, "a whole number of at least 0"),
        ("unet", {"downsample_padding": 4}, "0 or 1"),
        ("unet", {"downsample_padding": None}, "0 or 1"),
        ("unet", {"freq_shift": 1e30}, "0 or 1"),
        ("unet", {"mid_block_scale_factor": 0}, "a number over 0 and at most 100"),
        ("vae", {"layers_per_block": 0}, "a whole number over 0"),
        ("vae", {"shift_factor": -1e30}, "a number from -100 to 100, or null"),
    ],
)
def test_a_number_that_only_spoils_pictures_is_refused(part: str, settings: dict[str, Any], words: str) -> None:
    ((name, _),) = settings.items()
    with pytest.raises(ValueError, match=rf"^{part}/config\.json sets {name} to .+, which must be {words}$"):
        check_numbers(Path(part) / "config.json", settings, part)


def test_numbers_of_real_models_are_accepted() -> None:
    """Null stands for what a part does not have."""
    settings = {
        "norm_eps": 1e-12, "rms_norm_eps": 0.01, "shift_factor": None, "scaling_factor": 1.5305, "freq_shift": 0,
        "attention_head_dim": [5, 10, 20, 20], "downsample_padding": 1, "norm_num_groups": None, "layers_per_block": 2,
        "mid_block_scale_factor": 1, "attention_head_dims": None, "num_key_value_heads": 2, "eps_of_nothing": "x",
        "rope_theta": 1e6, "t_scale": 1000.0, "interpolation_scale": None, "axes_lens": [1536, 512, 512],
        "sample_size": None,
    }  # fmt: skip
    for part in ("unet", "vae", "transformer", "text_encoder"):
        check_numbers(Path(part) / "config.json", settings, part)


@pytest.mark.parametrize(
    ("settings", "is_refused"),
    [
        ({"sample_size": 1_000_000}, True),
        ({"text_config": {"num_hidden_layers": 51}}, True),
        ({"vision_config": {"depth": 51}}, True),
        ({"sample_size": 128, "num_layers": 50, "num_decoder_layers": None, "num_single_layers": 0}, False),
        ({"max_window_layers": 70, "dual_attention_layers": [0, 70], "image_token_id": 151655}, False),
        ({"transformer_layers_per_block": [0, [2, 10]]}, False),
    ],
)
def test_layers_are_counted_wherever_they_are_named(settings: dict[str, Any], is_refused: bool) -> None:
    file = Path("transformer/config.json")
    if not is_refused:
        check_layers(file, settings, 50, "transformer")
        return
    with pytest.raises(ValueError, match=r"transformer/config\.json sets"):
        check_layers(file, settings, 50, "transformer")
