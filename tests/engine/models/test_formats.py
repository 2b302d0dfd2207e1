"""Models in formats that Easel does not open are told as what they are, with what to do instead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.contract.errors import EaselError, SettingsInvalid
from engine.models.manage import model_status
from engine.models.registry.registry import read_registry

FILES = {
    "m.onnx": "an ONNX model",
    "openvino_model.bin": "an OpenVINO model",
    "m.xml": "an OpenVINO model",
    "m.engine": "a TensorRT engine",
    "m.Q4_0.GGUF": "a GGUF file",
    "m.mlpackage": "a Core ML model",
    "m.msgpack": "a Flax checkpoint",
    "m.h5": "a TensorFlow checkpoint",
    "m.keras": "a Keras model",
    "m.tflite": "a TensorFlow Lite model",
    "m.npz": "a NumPy file",
    "m.pdparams": "a Paddle checkpoint",
    "m.dduf": "a DDUF archive. Unpack it",
    "m.zip": "an archive. Unpack it",
    "m.ckpt": "a pickle, which can run code",
    "m.weights": "Only this format",
}


@pytest.mark.parametrize("table", ["models", "adapters"])
@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_format_is_told_as_what_it_is(tmp_path: Path, name: str, table: str) -> None:
    (tmp_path / "models.toml").write_text(f'[{table}.m]\nfile = "{name}"\nfamily = "sd1"\nlicence = "none"\n')
    with pytest.raises(SettingsInvalid) as refused:
        read_registry(tmp_path / "models.toml")
    told = next(str(problem) for problem in refused.value.problems if name in str(problem))
    assert FILES[name] in told and ".safetensors" in told


FOLDERS = {
    "onnx": (["unet/model.onnx", "vae/model.onnx_data"], "only ONNX models. Download"),
    "openvino": (["unet/openvino_model.xml", "unet/openvino_model.bin", "vae/openvino_model.bin"], "only OpenVINO"),
    "flax": (["unet/diffusion_flax_model.msgpack", "vae/diffusion_flax_model.msgpack"], "only Flax checkpoints"),
    "core-ml": (["unet/Unet.mlmodelc/weights/weight.bin", "vae/VAE.mlpackage/Manifest.json"], "only Core ML models"),
    "gguf": (["unet/unet-Q4_0.gguf", "vae/vae.gguf"], "only GGUF files"),
    "tensorflow": (["unet/tf_model.h5", "vae/tf_model.h5"], "only TensorFlow checkpoints"),
    "pickles": (["unet/pytorch_model.bin", "vae/pytorch_model.bin"], "only pickles (.bin, .ckpt, .pt), which are not"),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_of_another_format_is_told_as_what_it_is(tmp_path: Path, name: str) -> None:
    """Once for all its parts."""
    paths, told = FOLDERS[name]
    parts = {part: ["diffusers", "UNet2DConditionModel"] for part in ("unet", "vae")}
    index = {"_class_name": "StableDiffusionPipeline", **parts}
    error = error_of(tmp_path, "m", {"model_index.json": json.dumps(index), **dict.fromkeys(paths, "")}, parts)
    assert f"has no .safetensors file for unet, vae, {told}" in error


@pytest.mark.parametrize(
    ("folder", "paths", "told"),
    [
        ("m.mlpackage", ["Manifest.json", "Data/weights.bin"], "m.mlpackage is a Core ML model. Download it as"),
        ("m", ["saved_model.pb", "variables/variables.index"], "it is no diffusers folder, but has TensorFlow"),
        ("m", ["model.onnx"], "it is no diffusers folder, but has ONNX models. Download it as"),
        ("m", ["sd15.safetensors"], "but has sd15.safetensors. Register that with `file` instead of `folder`"),
        ("m", ["readme.md"], "it is no diffusers folder"),
    ],
)
def test_a_folder_without_an_index_is_told_as_what_it_is(
    tmp_path: Path, folder: str, paths: list[str], told: str
) -> None:
    assert told in error_of(tmp_path, folder, dict.fromkeys(paths, ""), ())


def error_of(place: Path, folder: str, files: dict[str, str], parts: dict[str, list[str]] | tuple[()]) -> str:
    """Return what is wrong with a folder of these files."""
    for path, text in (*files.items(), *((f"{part}/config.json", "{}") for part in parts)):
        (place / folder / path).parent.mkdir(parents=True, exist_ok=True)
        (place / folder / path).write_text(text)
    (place / "models.toml").write_text(f'[models.m]\nfolder = "{folder}"\nfamily = "sd1"\nlicence = "none"\n')
    status = model_status(read_registry(place / "models.toml").model())
    assert isinstance(status.error, EaselError) and status.more_errors == ()
    return str(status.error.facts["cause"])
