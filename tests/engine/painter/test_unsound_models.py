"""Models that load and do not work: their own requests fail, and all others are painted."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from weakref import ref

import pytest
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders.single_file_utils import SingleFileComponentError
from torch import Tensor

from engine.contract.errors import ModelBroken, NoRoom, OperatorError, PaintedNothing
from engine.models.loading.errors import result_or_error, translated_errors
from engine.models.registry.registry import Registry
from engine.models.registry.sources import WeightSource
from engine.painter.batch.options import LoopOptions
from engine.painter.in_process import create_painter
from engine.painter.phase import Phase
from engine.painter.process.messages import frame_from_error
from engine.painter.sampling.guidance import Conditioning
from tests.engine.painter.checkpoints import tiny_unet, tiny_vae
from tests.engine.painter.fakes import FlatModel
from tests.engine.painter.requests import paint_request, painted


def made_for_depth(folder: Path) -> None:
    tiny_unet(5, out_channels=4).save_pretrained(folder / "unet")


def made_for_other_texts(folder: Path) -> None:
    tiny_unet(4, cross_attention_dim=48).save_pretrained(folder / "unet")


def made_for_other_latents(folder: Path) -> None:
    tiny_vae(8).save_pretrained(folder / "vae")


def of_a_spacing_that_nobody_knows(folder: Path) -> None:
    file = folder / "scheduler" / "scheduler_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "timestep_spacing": "odd"}))


def of_numbers_that_nobody_has_a_library_for(folder: Path) -> None:
    """As four-bit models of the hub say; the library is not among ours."""
    file = folder / "unet" / "config.json"
    said = {"quant_method": "bitsandbytes", "load_in_4bit": True}
    file.write_text(json.dumps({**json.loads(file.read_text()), "quantization_config": said}))


def of_a_decoder_without_numbers(folder: Path) -> None:
    spoil(AutoencoderKL, folder / "vae", "decoder.conv_out.weight")


def of_a_denoiser_without_numbers(folder: Path) -> None:
    spoil(UNet2DConditionModel, folder / "unet", "conv_out.weight")


def spoil(kind: Any, folder: Path, name: str) -> None:
    part = kind.from_pretrained(folder)
    with torch.no_grad():
        part.get_parameter(name).fill_(float("nan"))
    part.save_pretrained(folder)


FAULTS: dict[Callable[[Path], None], type[OperatorError]] = {
    made_for_depth: ModelBroken,
    made_for_other_texts: ModelBroken,
    made_for_other_latents: ModelBroken,
    of_a_spacing_that_nobody_knows: ModelBroken,
    of_numbers_that_nobody_has_a_library_for: ModelBroken,
    of_a_decoder_without_numbers: PaintedNothing,
    of_a_denoiser_without_numbers: PaintedNothing,
}


@pytest.fixture
def both(registry: Registry, tmp_path: Path) -> Registry:
    """The tiny model and, as `bad`, a copy of it to spoil."""
    tiny = registry.model("tiny")
    shutil.copytree(tiny.source.folder or Path(), tmp_path / "bad")
    bad = replace(tiny, name="bad", source=WeightSource(folder=tmp_path / "bad"))
    return replace(registry, models=MappingProxyType({"tiny": tiny, "bad": bad}))


@pytest.mark.parametrize("width", [64, None], ids=["width known", "width measured"])
@pytest.mark.parametrize("fault", list(FAULTS))
async def test_an_unsound_model_fails_only_its_requests(
    both: Registry, tmp_path: Path, fault: Callable[[Path], None], width: int | None
) -> None:
    """Asked for twice, beside a request that is painted all the while, and after which another is."""
    fault(tmp_path / "bad")
    asked = [paint_request(model="bad", steps=2, sampler="dpmpp-2m") for _ in range(2)]
    async with create_painter(both, max_rows=width) as painter:
        *lost, fine = await asyncio.gather(
            *(painted(painter, one) for one in asked), painted(painter, paint_request(steps=20)), return_exceptions=True
        )
        after = await painted(painter, paint_request(steps=2))
    assert [type(one) for one in lost] == [FAULTS[fault]] * 2
    assert not isinstance(fine, BaseException)
    assert len(after.pictures) == 4


class Choosy(FlatModel):
    """Has no room for what comes of a text `tall` after its forward, and breaks over the text `odd` within it."""

    def predict(self, latents: Tensor, timesteps: Tensor, embeds: Sequence[Any]) -> Tensor:
        if any(one.truncated_text == "odd" for one in embeds):
            raise IndexError("index out of range")
        return super().predict(latents, timesteps, embeds)

    def encode_prompt(self, text: str) -> Any:
        return replace(super().encode_prompt(text), truncated_text=text)

    def guide(self, outputs: Tensor, conditioning: Conditioning) -> Tensor:
        if conditioning.embeds[0].truncated_text == "tall":
            raise torch.OutOfMemoryError("no room")
        return super().guide(outputs, conditioning)


@pytest.mark.parametrize(("text", "expected"), [("tall", NoRoom), ("odd", ModelBroken)])
async def test_requests_that_share_a_failing_forward_take_the_step_once(
    registry: Registry, text: str, expected: type[Exception]
) -> None:
    """Wherever it fails, within the forward or after it, the others' pictures are as they are alone."""
    others = [
        paint_request("a", seed=1, steps=9, sampler="euler-ancestral"),
        paint_request("b", seed=2, steps=9, sampler="dpmpp-2m"),
    ]
    async with create_painter(registry, max_rows=64, load=Choosy) as painter:
        alone = [await painted(painter, one) for one in others]
        first, lost, last = await asyncio.gather(
            painted(painter, others[0]),
            painted(painter, paint_request(text, steps=9)),
            painted(painter, others[1]),
            return_exceptions=True,
        )
    assert isinstance(lost, expected)
    assert [first, last] == alone


async def test_a_failed_attempt_holds_no_memory_while_it_is_repeated(registry: Registry) -> None:
    """Four pictures do not fit in the decoder; their memory is freed before the first is decoded alone."""
    held: list[ref[Tensor]] = []
    seen: list[bool] = []

    class Cramped(FlatModel):
        def decode(self, latents: Tensor) -> Tensor:
            seen.append(any(one() is not None for one in held))
            taken = torch.zeros(8)
            held.append(ref(taken))
            return super().decode(latents)

    async with create_painter(registry, max_rows=64, load=lambda model: Cramped(model, room_to_decode=1)) as painter:
        await painted(painter, paint_request(steps=2))
    assert seen == [False] * 5


async def test_large_pictures_are_decoded_one_by_one_with_a_heartbeat_each(registry: Registry) -> None:
    """Whoever watches would take four large pictures at once for a decoder that hangs."""
    heartbeats: list[Phase] = []
    decoded: list[int] = []

    class Counted(FlatModel):
        def decode(self, latents: Tensor) -> Tensor:
            decoded.append(len(latents))
            return super().decode(latents)

    for pixels in (4 * 32 * 32, 32 * 32):
        options = LoopOptions(decode_pixels=pixels)
        async with create_painter(
            registry, options=options, max_rows=64, load=Counted, heartbeat=heartbeats.append
        ) as painter:
            await painted(painter, paint_request(steps=2))
    assert decoded == [4, 1, 1, 1, 1]
    assert heartbeats.count(Phase.DECODE) == 5


class PanicException(BaseException):
    """As panics of libraries in Rust arrive: no Exception."""


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ModelBroken),
        (KeyError("attn"), ModelBroken),
        (ImportError("no module named bitsandbytes"), ModelBroken),
        (Exception("data did not match any variant"), ModelBroken),
        (StopIteration(), ModelBroken),
        (EOFError(), ModelBroken),
        (SingleFileComponentError("Failed to load AutoencoderKL."), ModelBroken),
        (PanicException("index out of bounds"), ModelBroken),
        (MemoryError(), torch.OutOfMemoryError),
        (
            RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
            torch.OutOfMemoryError,
        ),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes"),
            torch.OutOfMemoryError,
        ),
        (torch.AcceleratorError("CUDA error: out of memory"), torch.OutOfMemoryError),
        (torch.AcceleratorError("CUDA error: an illegal memory access was encountered"), torch.AcceleratorError),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), RuntimeError),
        (NoRoom(model="a"), NoRoom),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_errors_are_translated_by_who_must_act(raised: BaseException, expected: type[BaseException]) -> None:
    """Errors of the device and Easel's own pass unchanged; out of memory is recognized from any library."""
    with pytest.raises(expected), translated_errors("tiny"):
        raise raised


def test_an_error_of_a_model_is_sent_with_its_traceback() -> None:
    """Because it may be a bug of ours; for files that do not work the cause says enough."""
    raised = result_or_error("tiny", lambda: int("many"))
    plain = ModelBroken(name="tiny", cause="its folder holds a FluxPipeline")
    assert isinstance(raised, ModelBroken)
    assert "ValueError: invalid literal for int()" in frame_from_error("t", raised).facts["traceback"]
    assert "traceback" not in frame_from_error("t", plain).facts
