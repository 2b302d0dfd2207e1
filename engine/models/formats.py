"""The formats that models come in and that Easel does not open, and what to do about each; standard library only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

_DOWNLOAD = "Download it as a diffusers folder or as a single .safetensors file instead"
_UNPACK = "Unpack it first"
# How OpenVINO names the weights beside its .xml, which would pass for a pickle.
_OPENVINO = "openvino_"


@dataclass(frozen=True, kw_only=True)
class ForeignFormat:
    """A format of model files that Easel does not open.

    name: as in "it is NAME". files: as in "it has FILES". advice: what to do, without a full stop.
    """

    name: str
    files: str
    suffixes: frozenset[str]
    advice: str = _DOWNLOAD


def _format(name: str, files: str, suffixes: str, advice: str = _DOWNLOAD) -> ForeignFormat:
    return ForeignFormat(name=name, files=files, suffixes=frozenset(suffixes.split()), advice=advice)


ONNX = _format("an ONNX model", "ONNX models", ".onnx .onnx_data .ort")
OPENVINO = _format("an OpenVINO model", "OpenVINO models", ".xml")
TENSORRT = _format("a TensorRT engine", "TensorRT engines", ".engine .plan .trt")
GGUF = _format("a GGUF file, whose weights are quantized", "GGUF files", ".gguf .ggml")
CORE_ML = _format("a Core ML model", "Core ML models", ".mlmodel .mlmodelc .mlpackage")
FLAX = _format("a Flax checkpoint", "Flax checkpoints", ".msgpack")
TENSORFLOW = _format("a TensorFlow checkpoint", "TensorFlow checkpoints", ".h5 .hdf5 .pb .index .data-00000-of-00001")
KERAS = _format("a Keras model", "Keras models", ".keras")
TFLITE = _format("a TensorFlow Lite model", "TensorFlow Lite models", ".tflite")
NUMPY = _format("a NumPy file, as MLX has it", "NumPy files", ".npz .npy")
PADDLE = _format("a Paddle checkpoint", "Paddle checkpoints", ".pdparams .pdmodel .pdiparams")
DDUF = _format(
    "a DDUF archive", "DDUF archives", ".dduf", "Unpack it as a ZIP archive: what comes out is a diffusers folder"
)
ARCHIVE = _format("an archive", "archives", ".zip .tar .gz .tgz .7z .rar .xz .zst", _UNPACK)
PICKLE = _format(
    "a pickle, which can run code when opened",
    "pickles (.bin, .ckpt, .pt), which are not opened because they can run code",
    ".bin .ckpt .pt .pth .pkl .pickle",
)
FORMATS = (
    *(ONNX, OPENVINO, TENSORRT, GGUF, CORE_ML, FLAX, TENSORFLOW, KERAS, TFLITE, NUMPY, PADDLE),
    *(DDUF, ARCHIVE, PICKLE),
)


def format_of(path: str) -> ForeignFormat | None:
    """Return the format of a file, or of a folder that is one model, by its name; None for any other."""
    name = PurePosixPath(path.rstrip("/")).name.lower()
    if name.startswith(_OPENVINO):
        return OPENVINO
    suffix = PurePosixPath(name).suffix
    return next((kind for kind in FORMATS if suffix in kind.suffixes), None)


def formats_in(paths: Iterable[str]) -> tuple[ForeignFormat, ...]:
    """Return the formats of the files at these paths, in the order of `FORMATS`; a folder in a path counts too."""
    found = {kind for path in paths for kind in map(format_of, PurePosixPath(path).parts) if kind is not None}
    return tuple(kind for kind in FORMATS if kind in found)
