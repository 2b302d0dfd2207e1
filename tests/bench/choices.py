"""What each way of painting faster gains and changes, by itself: `python -m tests.bench.choices`.

The measure is one forward of a grid with guidance (8 rows, two texts), over the denoiser as diffusers runs it. Both
take turns, and the shortest of several runs counts: CPU time of one thread on a CPU, the clock on a CUDA device. The
starter is measured everywhere, the large architectures, with random weights, where there is a CUDA device. Below each
table stands what a cache of embedded texts could save at most, and at the end what the judge makes of the starter's
pictures by the choices that paint others.
"""

from __future__ import annotations

import asyncio
import copy
import gc
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import diffusers
import torch
from torch import Tensor

from engine.contract.errors import SpeedUnsupported
from engine.models.loading.device import Device, best_device
from engine.models.loading.fp8 import quantize_linears
from engine.models.loading.pipeline import denoiser_of, load_pipeline
from engine.models.registry.registry import Model, read_registry
from engine.models.registry.speed import Compilation, Precision, SpeedSettings
from engine.painter.cache.warmup import Batch, blank
from engine.painter.families import adapted
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.guidance import PromptEmbeds
from engine.prompt import parse_attention
from tests.bench.judged import judged_lines
from tests.bench.painter_cuda import FLUX, SD15, SDXL, Case, registry_of

TEXT = "a red circle on a blue background"
ROUNDS = 12
ROWS = 8
PICTURES = 4


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A model to measure with; `build` makes its pipeline anew, with the same weights each time."""

    name: str
    model: Model
    build: Callable[[], Any]


# Changes a freshly built pipeline, and returns how its forward is called.
Choice = Callable[[Subject, Any, Device], Callable[[Batch], Tensor]]


def main() -> None:
    """Print a table and a line for each subject, and the judge's table of the starter."""
    diffusers.utils.logging.disable_progress_bar()
    device = best_device()
    # Threads that wait for each other spin, which would count as CPU time.
    torch.set_num_threads(1)
    for subject in subjects(device):
        print(f"\n{subject.name}, {device.device}, {str(device.dtype).removeprefix('torch.')}\n")
        print("| choice | speed over stock | first call | difference |\n|---|---|---|---|", flush=True)
        for what, choice in CHOICES.items():
            print(f"| {what} | {_if_possible(partial(_measured, subject, choice, device), ' | |')} |", flush=True)
        print(f"\nA cache of texts: {_if_possible(partial(share_of_texts, subject, device))}", flush=True)
    print("\nThe starter by the choices that paint other pictures, as the judge sees them\n")
    for line in asyncio.run(judged_lines()):
        print(line, flush=True)


def subjects(device: Device) -> Iterator[Subject]:
    """Yield the starter, and the architectures that only a card can run in reasonable time."""
    starter = read_registry().model("starter")
    yield Subject(name="starter", model=starter, build=lambda: load_pipeline(starter, device)[0])
    if device.device.type == "cuda":
        for name, case in (("SD 1.5", SD15), ("SDXL", SDXL), ("Flux-dev", FLUX)):
            yield Subject(name=name, model=registry_of(case).model(), build=_builder(case, device))


def _builder(case: Case, device: Device) -> Callable[[], Any]:
    def build() -> Any:
        torch.manual_seed(0)
        return case.build(device)

    return build


def as_stock(subject: Subject, pipe: Any, device: Device) -> Callable[[Batch], Tensor]:
    """The denoiser as diffusers has it: its own attention, its own layout, nothing compiled."""
    plain = copy.deepcopy(denoiser_of(pipe))
    model = _adapted(subject, pipe, device, SpeedSettings())
    return lambda batch: model.forward(plain, *batch)


def channels_last(subject: Subject, pipe: Any, device: Device) -> Callable[[Batch], Tensor]:
    """The layout alone."""
    plain = copy.deepcopy(denoiser_of(pipe)).to(memory_format=torch.channels_last)
    model = _adapted(subject, pipe, device, SpeedSettings())
    return lambda batch: model.forward(plain, *batch)


def fused_projections(subject: Subject, pipe: Any, device: Device) -> Callable[[Batch], Tensor]:
    """Queries, keys and values of each attention by one product, with diffusers' own processor for it."""
    fused = copy.deepcopy(denoiser_of(pipe))
    fused.fuse_qkv_projections()
    model = _adapted(subject, pipe, device, SpeedSettings())
    return lambda batch: model.forward(fused, *batch)


def with_speed(**choices: Any) -> Choice:
    """The painter as it paints with these choices of the models file."""

    def choose(subject: Subject, pipe: Any, device: Device) -> Callable[[Batch], Tensor]:
        model = _adapted(subject, pipe, device, SpeedSettings(**choices))

        def call(batch: Batch) -> Tensor:
            model.warm_up(*batch)
            output: Tensor = model.predict(*batch)
            return output

        return call

    return choose


CHOICES: dict[str, Choice] = {
    "stock again, for the noise": as_stock,
    "channels last": channels_last,
    "queries, keys and values by one product": fused_projections,
    "as shipped": with_speed(),
    'compile = "none"': with_speed(compile=Compilation.NONE),
    'compile = "blocks"': with_speed(compile=Compilation.BLOCKS),
    'compile = "whole"': with_speed(compile=Compilation.WHOLE),
    'compile = "graphs"': with_speed(compile=Compilation.GRAPHS),
    'precision = "half"': with_speed(precision=Precision.HALF),
    'precision = "fp8"': with_speed(precision=Precision.FP8),
    'precision = "fp8", compile = "blocks"': with_speed(precision=Precision.FP8, compile=Compilation.BLOCKS),
    'precision = "fp8", compile = "whole"': with_speed(precision=Precision.FP8, compile=Compilation.WHOLE),
}


def _adapted(subject: Subject, pipe: Any, device: Device, speed: SpeedSettings) -> Any:
    model = replace(subject.model, speed=speed)
    if speed.precision is Precision.FP8:
        quantize_linears(denoiser_of(pipe), model.name, device.device)
    if speed.precision is Precision.HALF:
        _halve(pipe, model.name, device)
    return adapted(pipe, model, device=device.device, sha256="", fragments_of=parse_attention)


def _halve(pipe: Any, name: str, device: Device) -> None:
    """Give all parts but the decoder 16 bits, as loading does where there is no bfloat16."""
    if device.device.type == "cpu" or device.dtype != torch.float32:
        cause = "it is for CUDA devices without bfloat16"
        raise SpeedUnsupported(name=name, setting='precision = "half"', cause=cause)
    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module) and part is not pipe.vae:
            part.half()


def _if_possible(measure: Callable[[], str], cells: str = "") -> str:
    """Return what was measured, or why it could not be, with empty cells of a table after it."""
    try:
        return measure()
    except torch.OutOfMemoryError:
        return f"no room on this device{cells}"
    except SpeedUnsupported as error:
        return f"not here: {error.cause}{cells}"
    finally:
        gc.collect()
        torch.compiler.reset()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


@torch.inference_mode()
def _measured(subject: Subject, choice: Choice, device: Device) -> str:
    clock = _clock_of(device)
    stock_pipe, pipe = subject.build(), subject.build()
    ways = (as_stock(subject, stock_pipe, device), choice(subject, pipe, device))
    # Adapting a pipeline changes its denoiser, so that the stock one must be copied before.
    batch = _batch(subject, stock_pipe, device)
    stock = ways[0](batch)
    began = time.perf_counter()
    ours = ways[1](batch).clone()
    first = time.perf_counter() - began
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for way, seconds in zip(ways, spent, strict=True):
            start = clock()
            way(batch).sum().item()
            seconds.append(clock() - start)
    ratio = min(spent[0]) / min(spent[1])
    return f"{ratio:.2f} ({min(spent[1]) * 1000:.1f} ms) | {first:.1f} s | {_difference(stock, ours)}"


@torch.inference_mode()
def share_of_texts(subject: Subject, device: Device) -> str:
    """Return how much of a grid, painted as shipped, it is to encode its texts: no cache of them could save more."""
    model = _adapted(subject, subject.build(), device, SpeedSettings())
    steps = subject.model.defaults.steps
    latents, timesteps, embeds = _grid(subject, model)
    encode = _shortest(lambda: torch.cat([one.tokens for one in _texts(model)]), device)
    forward = _shortest(lambda: model.predict(latents, timesteps, embeds), device)
    decode = _shortest(lambda: model.decode(latents[:PICTURES]), device)
    share = encode / (encode + steps * forward + decode)
    spent = f"encoding {encode * 1000:.1f} ms, {steps} steps of {forward * 1000:.1f}, decoding {decode * 1000:.1f}"
    return f"saves {share:.2%} of a grid at most ({spent})"


def _grid(subject: Subject, model: LoadedModel) -> Batch:
    """Return a forward of a whole grid: a row for each text of each picture."""
    texts = _texts(model)
    defaults = subject.model.defaults
    latents, timesteps, _ = blank(model, (defaults.width, defaults.height), PICTURES * len(texts))
    return latents, timesteps, texts * PICTURES


def _texts(model: LoadedModel) -> list[PromptEmbeds]:
    """Return the texts of a grid, encoded: what is shown, and what guidance leads away from where rows make it."""
    shown = [model.encode_prompt(TEXT)]
    return shown if model.has_embedded_guidance else [*shown, model.encode_negative()]


def _shortest(work: Callable[[], Tensor], device: Device) -> float:
    """Return the seconds of the shortest of several runs, the first of which brings kernels and memory."""
    clock, best = _clock_of(device), math.inf
    for _ in range(ROUNDS + 1):
        start = clock()
        work().sum().item()
        best = min(best, clock() - start)
    return best


def _clock_of(device: Device) -> Callable[[], float]:
    return time.process_time if device.device.type == "cpu" else time.perf_counter


def _batch(subject: Subject, pipe: Any, device: Device) -> Batch:
    model = _adapted(subject, copy.copy(pipe), device, SpeedSettings())
    defaults = subject.model.defaults
    latents, _, _ = blank(model, (defaults.width, defaults.height), ROWS)
    texts = [model.encode_prompt(TEXT), model.encode_negative()]
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(latents.shape, generator=generator).to(latents.device, latents.dtype)
    return noise, torch.full((ROWS,), 500.0, device=latents.device), [texts[row % 2] for row in range(ROWS)]


def _difference(stock: Tensor, ours: Tensor) -> str:
    """Return how far the output is from the stock one, in decibels below its power."""
    error = float((ours.float() - stock.float()).norm() / stock.float().norm())
    return "none" if error == 0 else f"{20 * math.log10(error):.0f} dB"


if __name__ == "__main__":
    main()
