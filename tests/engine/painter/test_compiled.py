"""A compiled denoiser paints the same pictures, and what it was not made ready for is painted as ever."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import CodeType

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch._C._dynamo.eval_frame import _debug_get_cache_entry_list

from engine.contract.errors import SpeedUnsupported
from engine.models.loading import Device, denoiser_of, pipeline_of
from engine.models.registry import Model, Registry, read_registry
from engine.models.speed import Compilation, Speed
from engine.painter.families import adapted
from engine.painter.families.compiled import FILLED, CompiledDenoiser, pieces_of
from engine.painter.families.protocol import LoadedModel
from engine.painter.local import create_painter
from engine.painter.process import Setting
from engine.painter.rows import Words
from engine.painter.supervisor import supervise
from engine.painter.widths import Batch, blank
from engine.prompt import attention
from tests.engine.painter.orders import all_painted, order, painted, pixels_of, psnr
from tests.engine.painter.stock import stock_pictures

CPU = Device(device=torch.device("cpu"), dtype=torch.float32)
SIZE = (32, 32)
ENOUGH_DB = 50


class Opened:
    """A model with a count of the calls of the denoiser that is not compiled."""

    def __init__(self, model: Model, how: Compilation) -> None:
        self.pipe, sha256 = pipeline_of(model, CPU)
        self.num_plain = 0
        self.model: LoadedModel = adapted(
            self.pipe,
            replace(model, speed=Speed(compile=how)),
            device=CPU.device,
            sha256=sha256,
            fragments_of=attention,
        )
        denoiser_of(self.pipe).register_forward_pre_hook(self._count)

    def _count(self, *_: object) -> None:
        self.num_plain += 1


@pytest.fixture(autouse=True)
def inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def whole(registry: Registry) -> Opened:
    """The tiny SD 1 compiled as one for batches of two and four rows."""
    opened = Opened(registry.model("tiny"), Compilation.WHOLE)
    with torch.inference_mode():
        for rows in (2, 4):
            opened.model.make_ready(*blank(opened.model, SIZE, rows))
    return opened


def noisy(model: LoadedModel, rows: int, texts: Sequence[str] = ("a red cat", "")) -> Batch:
    latents, _, _ = blank(model, SIZE, rows)
    words = [model.words(text) for text in texts]
    generator = torch.Generator().manual_seed(rows)
    timesteps = torch.linspace(900, 20, rows)
    return torch.randn(latents.shape, generator=generator), timesteps, [words[row % len(words)] for row in range(rows)]


def error_of(opened: Opened, batch: Batch, plain: torch.Tensor) -> float:
    """Return how far a batch is from what the plain denoiser gave, as a share of it."""
    before = opened.num_plain
    output = opened.model.predict(*batch)
    assert opened.num_plain == before, "the denoiser that is not compiled was asked"
    return float((output - plain).norm() / plain.norm())


@pytest.mark.parametrize("rows", [2, 3, 4, 5, 7])
def test_any_number_of_rows_is_painted_by_the_compiled_widths(whole: Opened, registry: Registry, rows: int) -> None:
    """Filled up or split, every row has its own output in its own place."""
    batch = noisy(whole.model, rows)
    plain = Opened(registry.model("tiny"), Compilation.NONE).model.predict(*batch)
    assert error_of(whole, batch, plain) < 1e-4


def test_other_sizes_and_longer_texts_are_painted_as_ever(whole: Opened) -> None:
    """Nothing is compiled while somebody waits: what was not made ready goes to the plain denoiser."""
    latents, timesteps, words = noisy(whole.model, 2)
    long = whole.model.words("many words " * 12)
    before = whole.num_plain
    whole.model.predict(torch.cat([latents, latents], dim=3), timesteps, words)
    whole.model.predict(latents, timesteps, [words[0], long])
    assert whole.num_plain == before + 2


def test_adapters_are_worn_by_the_plain_denoiser_alone(registry: Registry) -> None:
    """The compiled twin shares the weights, never the adapters: put on and off, they leave no trace in it."""
    opened = Opened(registry.model("tiny"), Compilation.WHOLE)
    batch = noisy(opened.model, 2)
    opened.model.make_ready(*batch)
    bare = opened.model.predict(*batch)
    opened.model.wear(((registry.adapters["ink"], 1.0),))
    before = opened.num_plain
    inked = opened.model.predict(*batch)
    assert opened.num_plain == before + 1
    opened.model.wear(())
    assert error_of(opened, batch, bare) == 0
    assert (inked - bare).norm() / bare.norm() > 1e-2


@pytest.mark.parametrize("how", [Compilation.BLOCKS, Compilation.GRAPHS])
def test_every_way_of_compiling_gives_the_same_outputs(registry: Registry, how: Compilation) -> None:
    """SDXL, whose UNet is also told pooled texts and sizes."""
    plain, opened = (Opened(registry.model("sdxl"), way) for way in (Compilation.NONE, how))
    batch = noisy(opened.model, 2)
    opened.model.make_ready(*batch)
    assert error_of(opened, batch, plain.model.predict(*batch)) < 1e-4


async def test_pictures_of_a_compiled_model_are_those_of_the_stock_pipeline(checkpoints: Path, tmp_path: Path) -> None:
    """Alone and in a mixed batch of 11 rows whose samplers, steps and texts are all different."""
    file = tmp_path / "models.toml"
    file.write_text(f'[models.tiny]\nfamily = "sd1"\nfolder = "{checkpoints / "sd1"}"\n{TINY}compile = "whole"\n')
    wanted = order("a blue house", sampler="dpmpp-2m", steps=5, cfg=6.5, seed=3)
    others = (
        order("a red cat", sampler="euler-ancestral", steps=4, cfg=1.0, pictures=3),
        order(("a", 2.0), ("b", 1.0), sampler="unipc", steps=6, cfg=9.0, pictures=2),
        order("fog", sampler="heun", steps=3, pictures=2),
    )
    async with create_painter(read_registry(file), width=4) as painter:
        mixed, *_ = await all_painted(painter, (wanted, *others))
        alone = await painted(painter, wanted)
    stock = stock_pictures(
        checkpoints / "sd1", sampler="dpmpp-2m", seed=3, prompt="a blue house", num_inference_steps=5,
        guidance_scale=6.5, height=32, width=32,
    )  # fmt: skip
    for result in (mixed, alone):
        assert min(psnr(*pair) for pair in zip(pixels_of(result), stock, strict=True)) > ENOUGH_DB


TINY = """
[models.tiny.defaults]
width = 32
height = 32
[models.tiny.abilities]
multiple = 8
min_side = 16
max_side = 64
[models.tiny.speed]
"""


@given(st.integers(1, 70), st.sets(st.sampled_from([1, 2, 4, 8, 16, 32]), min_size=1))
def test_every_row_is_in_one_piece_and_pieces_are_compiled_widths(rows: int, widths: set[int]) -> None:
    """In order, none left out; rows that fill up a piece repeat the last one, and are few but in the smallest."""
    pieces = pieces_of(rows, sorted(widths))
    batch = torch.arange(rows)[:, None]
    taken = torch.cat([piece.taken_of(batch) for piece in pieces])[:, 0].tolist()
    assert taken[:rows] == list(range(rows)) and set(taken[rows:]) <= {rows - 1}
    assert {len(piece.taken_of(batch)) for piece in pieces} <= widths
    last = pieces[-1].width
    assert len(taken) - rows <= (1 - FILLED) * last or last == min(widths)
    assert len(taken) - rows < last


def test_a_batch_that_nobody_thought_of_is_painted_uncompiled() -> None:
    """Laid out otherwise in memory, it would be compiled for while somebody waits."""
    words = [Words(tokens=torch.zeros(1, 1, 1))] * 2
    denoiser = CompiledDenoiser(Scale(), Compilation.WHOLE)
    denoiser.make_ready(scaled, torch.ones(2, 3, 4, 4), torch.ones(2), words)
    (code,) = codes_of_twins()
    other = torch.ones(2, 3, 4, 4).to(memory_format=torch.channels_last)
    assert denoiser.predict(scaled, other, torch.ones(2), words).eq(3.0).all()
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
    words = [Words(tokens=torch.zeros(1, 1, 1))] * 2
    batch = torch.ones(2, 1, 1, 1), torch.ones(2), words
    first, second = (CompiledDenoiser(Scale(), Compilation.WHOLE) for _ in range(2))
    first.make_ready(scaled, *batch)
    second.make_ready(scaled, *batch)
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
    return [vars(twin)["forward"].__code__ for twin in twins]


def num_compiled_of(code: CodeType) -> int:
    return len(_debug_get_cache_entry_list(code))


async def test_what_cannot_be_compiled_is_refused_with_the_reason(
    checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without a C++ compiler: the model is refused while it is loaded, and no order ever waits for it."""
    file = tmp_path / "models.toml"
    file.write_text(f'[models.tiny]\nfamily = "sd1"\nfolder = "{checkpoints / "sd1"}"\n{TINY}compile = "whole"\n')
    monkeypatch.setenv("CXX", "no-compiler")
    with pytest.raises(SpeedUnsupported) as refused:
        async with supervise(Setting(registry=file, width=2, threads=1, cache=tmp_path / "cache")):
            pass
    assert refused.value.setting == 'compile = "whole"'
    assert "compiler" in refused.value.cause


async def test_what_was_compiled_is_kept_for_the_next_start(checkpoints: Path, tmp_path: Path) -> None:
    """With the cache on disk, a second start needs no C++ compiler."""
    file = tmp_path / "models.toml"
    file.write_text(f'[models.tiny]\nfamily = "sd1"\nfolder = "{checkpoints / "sd1"}"\n{TINY}compile = "whole"\n')
    setting = Setting(registry=file, width=2, threads=1, cache=tmp_path / "cache")
    async with supervise(setting):
        pass
    built = compiled_files(tmp_path / "cache")
    async with supervise(setting) as painter:
        await painted(painter, order(steps=2))
    assert built and compiled_files(tmp_path / "cache") == built


def compiled_files(folder: Path) -> set[Path]:
    return set(folder.rglob("*.so"))
