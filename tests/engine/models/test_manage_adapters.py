"""How registered adapters stand: each for itself, and against the models that they are registered for."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.contract.errors import AdapterMismatch, EaselError, WeightsMismatch, WeightsMissing
from engine.models.files.adapter_fit import incompatible_adapters
from engine.models.files.weights import hash_of
from engine.models.manage import AdapterStatus, adapter_statuses, record_adapter_hash
from engine.models.registry.registry import read_registry
from engine.prompt import Code, sentence
from tests.engine.painter.checkpoints import ONE_BLOCK, save_lora, save_sd1

MODELS = """# mine
default = "here"
[models.here]
family = "sd1"
folder = "sd1"
[models.gone]
family = "sd1"
folder = "nowhere"
[models.broken]
family = "sd1"
file = "cut.safetensors"
[models.large]
family = "sdxl"
folder = "nowhere"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model, a LoRA for it, and a file that was cut short."""
    folder = tmp_path_factory.mktemp("adapters")
    save_sd1(folder / "sd1")
    save_lora(folder / "ink.safetensors", folder / "sd1", seed=1)
    (folder / "cut.safetensors").write_bytes((folder / "ink.safetensors").read_bytes()[:-1])
    return folder


def status(folder: Path, *lines: str) -> AdapterStatus:
    (folder / "models.toml").write_text("\n".join([MODELS, "[adapters.ink]", *lines]))
    (only,) = adapter_statuses(read_registry(folder / "models.toml"))
    return only


def test_an_adapter_is_held_against_its_models_that_are_here(folder: Path) -> None:
    """Models that are missing or damaged are told of themselves, and keep no adapter from being usable."""
    sound = status(folder, 'file = "ink.safetensors"', 'family = "sd1"')
    assert (sound.error, sound.fits, sound.sha256) == (None, ("here",), hash_of(folder / "ink.safetensors"))
    assert sound.size_bytes == (folder / "ink.safetensors").stat().st_size
    assert status(folder, 'file = "ink.safetensors"', 'family = "sd1"', 'model = "gone"').fits == ()


@pytest.mark.parametrize(
    ("lines", "error", "told"),
    [
        (('file = "no.safetensors"', 'family = "sd1"'), WeightsMissing, "no.safetensors"),
        (('file = "cut.safetensors"', 'family = "sd1"'), WeightsMismatch, "cut.safetensors"),
        (('file = "ink.safetensors"', 'family = "sd1"', 'sha256 = "0"'), WeightsMismatch, "ink.safetensors"),
        (('file = "ink.safetensors"', 'family = "sd1"', 'model = "nobody"'), AdapterMismatch, "no model has that name"),
        (('file = "ink.safetensors"', 'family = "sdxl"', 'model = "here"'), AdapterMismatch, "for family sdxl"),
    ],
)
def test_what_is_wrong_with_an_adapter_is_told(
    folder: Path, lines: tuple[str, ...], error: type[EaselError], told: str
) -> None:
    found = status(folder, *lines)
    assert isinstance(found.error, error) and told in str(found.error)
    assert found.sha256 is None


def test_each_model_that_an_adapter_does_not_fit_is_told_with_its_reason(folder: Path) -> None:
    """Once for a reason that several have."""
    save_sd1(folder / "one-block", seed=8, **ONE_BLOCK)
    more = {f"unet.zzz.lora_{half}.weight": torch.ones(4, 4) for half in "AB"}
    save_file({**load_file(folder / "ink.safetensors"), **more}, folder / "sketch.safetensors")
    models = [f'[models.{name}]\nfamily = "sd1"\nfolder = "{place}"' for name, place in OTHERS.items()]
    found = status(folder, 'file = "sketch.safetensors"', 'family = "sd1"', *models)
    errors = [error for error in (found.error, *found.more_errors) if isinstance(error, AdapterMismatch)]
    told = {error.model: error.part for error in errors}
    assert told["here"] == "unet.zzz, nor twin for the same reason"
    assert set(told) == {"here", "short"} and told["short"].startswith("unet.mid_block.")


OTHERS = {"twin": "sd1", "short": "one-block"}


def test_its_hash_is_recorded_once(folder: Path) -> None:
    """In its own entry, and never in place of one that is there."""
    found = status(folder, 'file = "ink.safetensors"', 'family = "sd1"')
    file = folder / "models.toml"
    before = file.read_text()
    record_adapter_hash(read_registry(file), found)
    assert file.read_text().replace(f'sha256 = "{found.sha256}"\n', "") == before
    recorded = read_registry(file)
    assert recorded.adapters["ink"].sha256 == found.sha256 and recorded.model().sha256 is None
    (again,) = adapter_statuses(recorded)
    record_adapter_hash(recorded, again)
    assert read_registry(file) == recorded


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"modelspec.prediction_type": "epsilon"}, ()),
        ({"modelspec.prediction_type": "None"}, ()),
        ({"ss_v_parameterization": "True"}, ("ss_v_parameterization says v_prediction", "predicts epsilon")),
        ({"modelspec.encoder_layer": "2", "ss_clip_skip": "None"}, ("encoder_layer asks for layer 2",)),
        ({"modelspec.prediction_type": "cosine"}, ('modelspec.prediction_type is "cosine"',)),
    ],
)
def test_an_adapter_for_another_prediction_is_told(
    folder: Path, metadata: dict[str, str], told: tuple[str, ...]
) -> None:
    """It works all the same: many for noise are used with models for v."""
    save_file(load_file(folder / "ink.safetensors"), folder / "said.safetensors", metadata)
    found = status(folder, 'file = "said.safetensors"', 'family = "sd1"')
    assert (found.error, found.fits, bool(found.warnings)) == (None, ("here",), bool(told))
    assert [words for words in told if words not in "".join(found.warnings)] == []


@pytest.mark.parametrize("prediction", ["flow", "sample"])
def test_an_adapter_for_a_prediction_that_is_nothing_like_its_models_is_refused(folder: Path, prediction: str) -> None:
    """Also before a job is queued. A model that predicts the same can use it."""
    save_file(
        load_file(folder / "ink.safetensors"), folder / "said.safetensors", {"modelspec.prediction_type": prediction}
    )
    found = status(folder, 'file = "said.safetensors"', 'family = "sd1"')
    assert isinstance(found.error, AdapterMismatch)
    assert f"says {prediction}" in found.error.part and "predicts epsilon" in found.error.part
    told = incompatible_adapters(read_registry(folder / "models.toml"), lambda _: folder / "sd1")
    assert told["here"]["ink"] == sentence(Code.OTHER_PREDICTION)
    same = '[models.here.scheduler]\nprediction_type = "sample"'
    found = status(folder, 'file = "said.safetensors"', 'family = "sd1"', same)
    assert (found.error is None) is (prediction == "sample")


LAYER = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e5m2])
@pytest.mark.parametrize("number", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("tensor", ["alpha", "lora_A.weight", "lora_B.weight"])
def test_a_number_that_is_not_finite_is_told(folder: Path, tensor: str, number: float, dtype: torch.dtype) -> None:
    """Wherever it is: pictures painted with it are black or noise."""
    save_with(folder, {f"{LAYER}.{tensor}": number}, dtype)
    found = status(folder, 'file = "odd.safetensors"', 'family = "sd1"')
    assert isinstance(found.error, AdapterMismatch), tensor
    assert LAYER in found.error.part and "not finite" in found.error.part


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e5m2])
def test_large_numbers_are_finite(folder: Path, dtype: torch.dtype) -> None:
    save_with(folder, {f"{LAYER}.lora_A.weight": torch.finfo(dtype).max, f"{LAYER}.alpha": -4.0}, dtype)
    assert status(folder, 'file = "odd.safetensors"', 'family = "sd1"').error is None


def save_with(folder: Path, numbers: dict[str, float], dtype: torch.dtype) -> None:
    tensors = load_file(folder / "ink.safetensors")
    for name, number in numbers.items():
        tensor = tensors.get(name, torch.ones(())).to(dtype).clone()
        tensor.view(-1)[-1] = number
        tensors[name] = tensor
    save_file(tensors, folder / "odd.safetensors")


@pytest.mark.parametrize("tensor", ["alpha", "both"])
def test_a_layer_without_numbers_is_told(folder: Path, tensor: str) -> None:
    tensors = load_file(folder / "ink.safetensors")
    down, up = (tensors[f"{LAYER}.lora_{half}.weight"] for half in "AB")
    empty = {f"{LAYER}.lora_A.weight": down[:0].clone(), f"{LAYER}.lora_B.weight": up[:, :0].clone()}
    odd = {f"{LAYER}.alpha": torch.ones(0)} if tensor == "alpha" else empty
    save_file({**tensors, **odd}, folder / "odd.safetensors")
    found = status(folder, 'file = "odd.safetensors"', 'family = "sd1"')
    assert isinstance(found.error, AdapterMismatch) and found.error.part.startswith(LAYER)


SETTINGS = {"unet.r": 4, "unet.lora_alpha": 2, "unet.target_modules": ["to_k", "to_q", "to_v", "to_out.0"]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"unet.r": 4', "not JSON"),
        ("[1]", "must be a JSON object"),
        ("{}", "says nothing about the unet"),
        (json.dumps({**SETTINGS, "unet.lora_alpha": math.nan}), "NaN"),
        (json.dumps({**SETTINGS, "unet.lora_alpha": math.inf}), "unet.lora_alpha to Infinity"),
        (json.dumps({**SETTINGS, "unet.lora_alpha": "2"}), "unet.lora_alpha"),
        (json.dumps({**SETTINGS, "unet.alpha_pattern": {"to_q": math.inf}}), "unet.alpha_pattern"),
        (json.dumps({**SETTINGS, "unet.rank_pattern": None}), "unet.rank_pattern"),
        (json.dumps({**SETTINGS, "unet.r": 16}), "layers of rank"),
        (json.dumps({**SETTINGS, "unet.r": "4"}), "unet.r"),
        (json.dumps({**SETTINGS, "unet.target_modules": None}), "unet.target_modules"),
        (json.dumps({**SETTINGS, "unet.use_dora": True}), "no magnitudes"),
        (json.dumps({**SETTINGS, "unet.bias": "some"}), "unet.bias"),
        (json.dumps({**SETTINGS, "unet.lora_dropout": 5}), "unet.lora_dropout"),
        (json.dumps({**SETTINGS, "unet.later": 1}), "sets unet.later, which the installed peft does not know"),
        (json.dumps(SETTINGS), None),
    ],
)
def test_metadata_that_peft_would_fail_on_is_told(folder: Path, text: str, told: str | None) -> None:
    """Or that it would paint with what is not finite."""
    save_file(load_file(folder / "ink.safetensors"), folder / "said.safetensors", {"lora_adapter_metadata": text})
    found = status(folder, 'file = "said.safetensors"', 'family = "sd1"')
    if told is None:
        assert found.error is None
    else:
        assert isinstance(found.error, AdapterMismatch) and told in found.error.part


def test_metadata_that_is_no_text_is_told(folder: Path) -> None:
    """No library opens such a file."""
    data = (folder / "ink.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = {**json.loads(data[8 : 8 + length]), "__metadata__": {"ss_network_dim": 4}}
    text = json.dumps(header).encode()
    (folder / "odd.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])
    found = status(folder, 'file = "odd.safetensors"', 'family = "sd1"')
    assert isinstance(found.error, EaselError) and "ss_network_dim" in str(found.error)
