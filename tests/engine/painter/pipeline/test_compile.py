"""A compiled denoiser gives the same outputs, and what it was not made ready for is painted as ever.

Code is generated once for every way to compile, here or in `test_compiled_painting`; graphs are captured for every
family, as that is where families differ.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
import torch
from diffusers import PixArtAlphaPipeline
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch._C._dynamo.eval_frame import _debug_get_cache_entry_list
from torch.profiler import ProfilerActivity, profile

from engine.models.loading.blocks import repeated_blocks
from engine.models.loading.device import Device
from engine.models.loading.pipeline import denoiser_of, load_pipeline
from engine.models.registry.registry import Model, Registry, read_registry
from engine.models.registry.speed import Compilation, Precision, SpeedSettings
from engine.painter.cache.warmup import Batch, blank
from engine.painter.families import adapted
from engine.painter.pipeline.compile import FILLED, CompiledDenoiser, sub_batches_of
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.guidance import PromptEmbeds
from engine.prompt import parse_attention
from tests.engine.painter.capture import only_captured
from tests.engine.painter.gemma_checkpoints import save_sana
from tests.engine.painter.registries import entry
from tests.engine.painter.t5_checkpoints import save_flux, save_pixart, save_sd3

# A compiler that shares its cores with other tests takes minutes.
pytestmark = pytest.mark.timeout(1200)

CPU = Device(device=torch.device("cpu"), dtype=torch.float32)
SIZE = (32, 32)
ENOUGH_DB = 50
TRANSFORMERS = ("sd3", "flux", "pixart", "sana")


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A model, and the pipeline whose own denoiser is not compiled."""

    pipe: Any
    model: LoadedModel
    speed: SpeedSettings


def opened(model: Model, how: Compilation, precision: Precision = Precision.OWN) -> Opened:
    speed = SpeedSettings(compile=how, precision=precision)
    model = replace(model, speed=speed)
    pipe, sha256 = load_pipeline(model, CPU)
    loaded = adapted(pipe, model, device=CPU.device, sha256=sha256, fragments_of=parse_attention)
    return Opened(pipe=pipe, model=loaded, speed=speed)


@contextmanager
def plain_calls(of: Opened) -> Iterator[list[object]]:
    """Yield what grows by one whenever the denoiser that is not compiled is asked.

    Its hook is there for no longer: a copy that is made meanwhile would have it too, and be compiled with it.
    """
    calls: list[object] = []
    hook = denoiser_of(of.pipe).register_forward_pre_hook(lambda *_: calls.append(None))
    yield calls
    hook.remove()


@pytest.fixture(autouse=True)
def inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def one_block(checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """The SD 1 with the fewest blocks, and an adapter for it."""
    file = tmp_path_factory.mktemp("one-block") / "registry.toml"
    ink = f'[adapters.ink]\nfile = "{checkpoints}/one-block-ink.safetensors"\nfamily = "sd1"\n'
    file.write_text(entry("tiny", "sd1", f"{checkpoints}/one-block") + ink)
    return read_registry(file)


@pytest.fixture(scope="module")
def whole(one_block: Registry) -> Opened:
    """The SD 1 of `one_block` compiled as one for batches of two and four rows."""
    made = opened(one_block.model("tiny"), Compilation.WHOLE)
    with torch.inference_mode(), only_captured():
        for rows in (2, 4):
            made.model.warm_up(*blank(made.model, SIZE, rows))
    return made


@pytest.fixture(scope="module")
def models(checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Model]:
    """A model of every family that is compiled, apart from SD 1; repeated blocks that are alike only once."""
    folder = tmp_path_factory.mktemp("transformers")
    save_sd3(folder / "sd3")
    save_flux(folder / "flux")
    save_pixart(folder / "pixart", PixArtAlphaPipeline, num_layers=1)
    save_sana(folder / "sana", num_layers=1)
    file = folder / "registry.toml"
    sdxl = entry("sdxl", "sdxl", f"{checkpoints}/one-block-sdxl")
    file.write_text("".join((sdxl, *(entry(name, name, name) for name in TRANSFORMERS))))
    return read_registry(file).models


def noisy(model: LoadedModel, rows: int, texts: Sequence[str] = ("a red cat", "")) -> Batch:
    latents, _, _ = blank(model, SIZE, rows)
    embeds = [replace(model.encode_prompt(text), guidance=3.5) for text in texts]
    generator = torch.Generator().manual_seed(rows)
    timesteps = torch.linspace(900, 20, rows)
    return (
        torch.randn(latents.shape, generator=generator),
        timesteps,
        [embeds[row % len(embeds)] for row in range(rows)],
    )


def error_of(made: Opened, batch: Batch, plain: torch.Tensor, num_runs: int = 1) -> float:
    """Return how far a batch is from what the plain denoiser gave, as a share of it.

    num_runs: how often compiled code must run for it; the plain denoiser must not be asked.
    """
    with plain_calls(made) as calls, profile(activities=[ProfilerActivity.CPU]) as seen:
        output = made.model.predict(*batch)
    regions = [event.name for event in seen.events() or () if event.name.startswith("Torch-Compiled Region")]
    assert (len(regions), len(calls)) == (num_runs, 0)
    return share_of(output - plain, plain)


def share_of(difference: torch.Tensor, whole: torch.Tensor) -> float:
    return float(difference.norm() / whole.norm())


@pytest.mark.parametrize("rows", [2, 3, 4, 5, 7])
def test_any_number_of_rows_is_painted_by_the_compiled_widths(whole: Opened, one_block: Registry, rows: int) -> None:
    """Filled up or split, every row has its own output in its own place."""
    batch = noisy(whole.model, rows)
    plain = opened(one_block.model("tiny"), Compilation.NONE).model.predict(*batch)
    assert error_of(whole, batch, plain, len(sub_batches_of(rows, (2, 4)))) < 1e-4


def test_other_sizes_and_longer_texts_are_painted_as_ever(whole: Opened) -> None:
    """Nothing is compiled while somebody waits: what was not made ready goes to the plain denoiser."""
    latents, timesteps, embeds = noisy(whole.model, 2)
    long = whole.model.encode_prompt("many words " * 12)
    with plain_calls(whole) as calls:
        whole.model.predict(torch.cat([latents, latents], dim=3), timesteps, embeds)
        whole.model.predict(latents, timesteps, [embeds[0], long])
    assert len(calls) == 2


def test_adapters_are_set_on_the_plain_denoiser_alone(one_block: Registry) -> None:
    """The compiled copy shares the weights, never the adapters: on and off, they leave no trace in it.

    Nor does a job with an adapter slow down anybody who comes after it.
    """
    made = opened(one_block.model("tiny"), Compilation.WHOLE)
    batch = noisy(made.model, 2)
    with only_captured():
        made.model.warm_up(*batch)
    bare = made.model.predict(*batch)
    made.model.set_adapters(((one_block.adapters["ink"], 1.0),))
    with plain_calls(made) as calls:
        inked = made.model.predict(*batch)
    assert len(calls) == 1
    made.model.set_adapters(())
    assert error_of(made, batch, bare) < 1e-4
    assert share_of(inked - bare, bare) > 1e-2


@pytest.mark.parametrize(
    ("name", "how", "precision"),
    [
        ("pixart", Compilation.GRAPHS, Precision.OWN),
        ("pixart", Compilation.BLOCKS, Precision.FP8),
    ],
)
def test_generated_code_gives_the_same_outputs(
    models: Mapping[str, Model], name: str, how: Compilation, precision: Precision
) -> None:
    """Whatever else its denoiser is told: pooled texts, sizes, guidance, masks; and in the numbers that were chosen."""
    made = opened(models[name], how, precision)
    made.model.warm_up(*noisy(made.model, 2))
    assert_outputs_are_those_of_plain(made, models[name])


@pytest.mark.parametrize(
    ("name", "how", "precision"),
    [
        ("sdxl", Compilation.BLOCKS, Precision.OWN),
        ("sdxl", Compilation.GRAPHS, Precision.OWN),
        *((name, how, Precision.OWN) for name in TRANSFORMERS for how in (Compilation.BLOCKS, Compilation.WHOLE)),
        ("flux", Compilation.BLOCKS, Precision.FP8),
    ],
)
def test_the_graphs_of_every_family_are_captured_whole(
    models: Mapping[str, Model], name: str, how: Compilation, precision: Precision
) -> None:
    """Nothing in a denoiser or block interrupts its graph, and blocks of one kind share their code."""
    made = opened(models[name], how, precision)
    with only_captured():
        made.model.warm_up(*noisy(made.model, 2))
    assert_outputs_are_those_of_plain(made, models[name])


def assert_outputs_are_those_of_plain(made: Opened, model: Model) -> None:
    plain = opened(model, Compilation.NONE, made.speed.precision)
    batch = noisy(made.model, 2)
    num_runs = len(repeated_blocks(denoiser_of(made.pipe))) if made.speed.compile is Compilation.BLOCKS else 1
    assert error_of(made, batch, plain.model.predict(*batch), num_runs) < 1e-4


@given(st.integers(1, 70), st.sets(st.sampled_from([1, 2, 4, 8, 16, 32]), min_size=1))
def test_every_row_is_in_one_piece_and_pieces_are_compiled_widths(rows: int, widths: set[int]) -> None:
    """In order, none left out; rows that fill up a piece repeat the last one, and are few but in the smallest."""
    sub_batches = sub_batches_of(rows, sorted(widths))
    batch = torch.arange(rows)[:, None]
    taken = torch.cat([piece.rows_of(batch) for piece in sub_batches])[:, 0].tolist()
    assert taken[:rows] == list(range(rows)) and set(taken[rows:]) <= {rows - 1}
    assert {len(piece.rows_of(batch)) for piece in sub_batches} <= widths
    last = sub_batches[-1].num_rows
    assert len(taken) - rows <= (1 - FILLED) * last or last == min(widths)
    assert len(taken) - rows < last


def test_a_batch_that_nobody_thought_of_is_painted_uncompiled() -> None:
    """Laid out otherwise in memory, it would be compiled for while somebody waits."""
    embeds = [PromptEmbeds(tokens=torch.zeros(1, 1, 1))] * 2
    denoiser = CompiledDenoiser(Scale(), Compilation.WHOLE)
    denoiser.warm_up(scaled, torch.ones(2, 3, 4, 4), torch.ones(2), embeds)
    (code,) = codes_of_twins()
    other = torch.ones(2, 3, 4, 4).to(memory_format=torch.channels_last)
    assert denoiser.predict(scaled, other, torch.ones(2), embeds).eq(3.0).all()
    assert num_compiled_of(code) == 1


class Scale(nn.Module):
    """As little as a denoiser can do."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((1,), 3.0))

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        return latents * self.weight


def test_what_was_compiled_goes_with_its_denoiser() -> None:
    """It hangs on code that is the denoiser's own: another of the same class shares none of it, and loses nothing."""
    embeds = [PromptEmbeds(tokens=torch.zeros(1, 1, 1))] * 2
    batch = torch.ones(2, 1, 1, 1), torch.ones(2), embeds
    first, second = (CompiledDenoiser(Scale(), Compilation.WHOLE) for _ in range(2))
    first.warm_up(scaled, *batch)
    second.warm_up(scaled, *batch)
    codes = codes_of_twins()
    assert num_compiled_of(Scale.forward.__code__) == 0
    assert [num_compiled_of(code) for code in codes] == [1, 1]
    del first
    gc.collect()
    assert sorted(num_compiled_of(code) for code in codes) == [0, 1]
    assert second.predict(scaled, *batch).tolist() == [[[[3.0]]]] * 2


def scaled(denoiser: nn.Module, latents: torch.Tensor, *_: object) -> torch.Tensor:
    output: torch.Tensor = denoiser(latents)
    return output


def codes_of_twins() -> list[CodeType]:
    gc.collect()
    twins = [thing for thing in gc.get_objects() if type(thing) is Scale and "forward" in vars(thing)]
    return [vars(copied)["forward"].__code__ for copied in twins]


def num_compiled_of(code: CodeType) -> int:
    return len(_debug_get_cache_entry_list(code))
