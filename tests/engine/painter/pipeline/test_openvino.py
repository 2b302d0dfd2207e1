"""The forward by OpenVINO is torch's within rounding, and torch paints whatever OpenVINO does not."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.contract.painting import PaintedPictures, PaintRequest
from engine.models.loading.device import Device
from engine.models.loading.pipeline import denoiser_of, load_pipeline
from engine.models.registry.registry import Model, Registry, read_registry
from engine.models.registry.speed import Compilation, SpeedSettings
from engine.painter.cache.warmup import Batch
from engine.painter.families import adapted
from engine.painter.in_process import create_painter
from engine.painter.pipeline.fast_denoiser import ForwardFailed, Shape
from engine.painter.pipeline.forward_graph import graph_path, read_graph
from engine.painter.pipeline.openvino_denoiser import OpenVINODenoiser, open_openvino_denoiser
from engine.painter.pipeline.openvino_graph import OpenVINOGraph, compile_graph, import_openvino
from engine.painter.pipeline.protocol import LoadedModel
from engine.prompt import parse_attention
from engine.starter.trace import trace_unet
from tests.engine.painter.checkpoints import ONE_BLOCK, save_lora, tiny_unet
from tests.engine.painter.requests import paint_request, painted, pixels_of, psnr
from tests.engine.painter.stock import EQUAL_DB, OTHER_DB

CPU = Device(device=torch.device("cpu"), dtype=torch.float32)
# Of the power of the prediction; float32 has 24 bits, and each layer loses a little.
ROUNDING = 1e-4

needs_openvino = pytest.mark.skipif(import_openvino() is None, reason="OpenVINO is not installed")


@pytest.fixture(autouse=True)
def _inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


def starter() -> Model:
    return read_registry().model("starter")


def opened(how: Compilation) -> LoadedModel:
    model = replace(starter(), speed=SpeedSettings(compile=how))
    pipe, sha256 = load_pipeline(model, CPU)
    return adapted(pipe, model, device=CPU.device, sha256=sha256, fragments_of=parse_attention)


@pytest.fixture(scope="module")
def plain() -> LoadedModel:
    """The starter by torch alone."""
    return opened(Compilation.NONE)


@pytest.fixture(scope="module")
def fast() -> LoadedModel:
    """The starter as it is painted by itself."""
    return opened(Compilation.AUTO)


def batch(model: LoadedModel, rows: int, size: tuple[int, int], *texts: str) -> Batch:
    generator = torch.Generator().manual_seed(rows)
    latents = torch.randn(rows, *model.latent_shape(*size), generator=generator)
    embeds = [model.encode_prompt(texts[row % len(texts)]) for row in range(rows)]
    return latents, torch.linspace(1, 999, rows), embeds


def difference(one: Tensor, other: Tensor) -> float:
    return float((one - other).norm() / other.norm())


def rows_by_torch(model: LoadedModel, given: Batch) -> int:
    """Return how many rows of a batch the denoiser itself is asked for."""
    unet: Any = model._denoiser  # type: ignore[attr-defined]
    calls: list[int] = []
    hook = unet.register_forward_pre_hook(lambda _, inputs: calls.append(len(inputs[0])))
    model.predict(*given)
    hook.remove()
    return sum(calls)


def test_a_graph_of_the_starter_is_shipped_and_takes_its_weights() -> None:
    """Without it nothing would fail, and everything would be slower."""
    pipe, _ = load_pipeline(starter(), CPU)
    unet = denoiser_of(pipe)
    graph, weights = read_graph(graph_path(unet.config)), unet.state_dict()
    assert set(graph.weights.values()) == set(weights)
    filled = graph.filled(weights)
    at, name = next((at, name) for at, name in graph.weights.items() if name == "conv_in.weight")
    assert filled[at : at + weights[name].nbytes].tobytes() == weights[name].contiguous().numpy().tobytes()


def test_a_denoiser_of_another_architecture_has_no_graph() -> None:
    assert not graph_path(tiny_unet(4).config).exists()
    assert open_openvino_denoiser(tiny_unet(4), (4, 8, 8), 77) is None


@needs_openvino
@pytest.mark.parametrize(
    ("rows", "size", "by_torch"),
    [
        (8, (128, 128), 0),
        (6, (128, 128), 0),
        (5, (128, 128), 5),
        (10, (128, 128), 2),
        (15, (128, 128), 0),
        (8, (112, 144), 8),
    ],
)
def test_whole_grids_are_those_of_torch_which_paints_the_rest(
    plain: LoadedModel, fast: LoadedModel, rows: int, size: tuple[int, int], by_torch: int
) -> None:
    given = batch(fast, rows, size, "a red circle", "")
    assert difference(fast.predict(*given), plain.predict(*given)) < ROUNDING
    assert rows_by_torch(fast, given) == by_torch


@needs_openvino
@pytest.mark.parametrize("texts", [("a red circle", "a red circle " * 20), ("a red circle " * 20,)])
def test_longer_texts_are_left_to_torch(plain: LoadedModel, fast: LoadedModel, texts: tuple[str, ...]) -> None:
    given = batch(fast, 8, (128, 128), *texts)
    assert difference(fast.predict(*given), plain.predict(*given)) < ROUNDING
    assert rows_by_torch(fast, given) == 8


@needs_openvino
async def test_an_adapter_changes_pictures_as_ever_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Adapters change modules, of which the graph has a copy: torch paints with them, and OpenVINO again without."""
    folder = starter().source.folder
    assert folder is not None
    save_lora(tmp_path / "ink.safetensors", folder, seed=4)
    bare = paint_request("a red circle", steps=3)
    inked = paint_request("a red circle", steps=3, lora=("ink",))
    ours, theirs = [
        await painted_in_turn(with_adapter(tmp_path, how), (bare, inked, bare))
        for how in (Compilation.AUTO, Compilation.NONE)
    ]
    assert all(nearness(*pair) > EQUAL_DB for pair in zip(ours, theirs, strict=True))
    before, with_ink, after = ours
    assert nearness(before, with_ink) < OTHER_DB
    assert [one.png for one in before.pictures] == [one.png for one in after.pictures]


def with_adapter(folder: Path, how: Compilation) -> Registry:
    file = folder / f"{how}.toml"
    weights = starter().source.folder
    file.write_text(
        f'[models.starter]\nfamily = "sd1"\nfolder = "{weights}"\nlicence = "none"\n'
        "[models.starter.defaults]\nwidth = 128\nheight = 128\nguidance = 4.0\n"
        "[models.starter.abilities]\nmultiple = 16\nmin_side = 64\nmax_side = 256\n"
        f'[models.starter.speed]\ncompile = "{how}"\n'
        '[adapters.ink]\nfile = "ink.safetensors"\nfamily = "sd1"\n'
    )
    return read_registry(file)


async def painted_in_turn(registry: Registry, requests: Sequence[PaintRequest]) -> list[PaintedPictures]:
    async with create_painter(registry, max_rows=8) as painter:
        return [await painted(painter, request) for request in requests]


def nearness(one: PaintedPictures, other: PaintedPictures) -> float:
    return min(psnr(*pair) for pair in zip(pixels_of(one), pixels_of(other), strict=True))


def test_without_the_package_torch_paints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    model = opened(Compilation.AUTO)
    assert rows_by_torch(model, batch(model, 8, (128, 128), "a red circle")) == 8


@needs_openvino
def test_nobody_is_told_that_the_package_is_imported() -> None:
    """It requires a package for that, which is so installed; once imported, that would tell."""
    assert "openvino_telemetry" not in sys.modules


def test_models_that_load_at_once_do_not_disturb_the_import() -> None:
    """Each puts something in the way of that package and takes it away again."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(lambda _: import_openvino(), range(20_000)))
    finally:
        sys.setswitchinterval(usual)
    assert len(found) == 1


@needs_openvino
def test_torch_paints_where_it_is_told_to_and_in_other_precisions(plain: LoadedModel) -> None:
    assert rows_by_torch(plain, batch(plain, 8, (128, 128), "a red circle")) == 8
    pipe, _ = load_pipeline(starter(), CPU)
    assert open_openvino_denoiser(denoiser_of(pipe).to(torch.bfloat16), (6, 16, 16), 32) is None


@needs_openvino
def test_a_forward_that_fails_is_not_tried_again(plain: LoadedModel) -> None:
    """A graph for two rows, given eight: these are left to torch, and so are all others."""
    openvino: Any = import_openvino()
    shapes = ([2, 6, 16, 16], [2], [2, 32, 128])
    inputs = [openvino.opset13.parameter(shape, openvino.Type.f32) for shape in shapes]
    model = openvino.Model([openvino.opset13.relu(inputs[0])], inputs, "narrow")
    narrow = OpenVINOGraph(openvino.Core().compile_model(model, "CPU"))
    denoiser = OpenVINODenoiser(narrow, Shape((6, 16, 16), (32, 128), False), None)
    latents, timesteps, embeds = batch(plain, 8, (128, 128), "a red circle")
    assert denoiser.batch_sizes(latents, embeds) == (8,)
    with pytest.raises(ForwardFailed):
        denoiser.predict(plain.forward, latents, timesteps, embeds)  # type: ignore[attr-defined]
    assert not denoiser.batch_sizes(latents, embeds)


@needs_openvino
def test_a_traced_graph_is_the_denoiser_it_was_traced_from_with_other_weights(tmp_path: Path) -> None:
    """Traced with weights at random and of sides that are odd, filled with a model's own, at two sizes."""
    torch.manual_seed(5)
    unet = tiny_unet(4, **ONE_BLOCK).eval()
    unet.save_config(tmp_path / "unet")
    with torch.inference_mode(mode=False):
        graph = read_graph(trace_unet(tmp_path / "unet", tmp_path))
    for rows, sides in ((3, (6, 10)), (1, (9, 5))):
        given = torch.randn(rows, 4, *sides), torch.linspace(1, 999, rows), torch.randn(rows, 7, 32)
        compiled = compile_graph(import_openvino(), graph, unet.state_dict(), [one.shape for one in given])
        wanted = unet(given[0], given[1], encoder_hidden_states=given[2], return_dict=False)[0]
        assert difference(compiled(*given), wanted) < ROUNDING
