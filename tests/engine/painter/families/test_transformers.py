"""Every transformer family through the same loop: its pictures are those of its own stock pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from diffusers import PixArtAlphaPipeline, PixArtSigmaPipeline

from engine.contract.edits import Edit
from engine.contract.jobs import Operation, ParameterValue
from engine.contract.painting import PaintRequest
from engine.models.loading.device import Device
from engine.models.loading.pipeline import load_pipeline
from engine.models.loading.trial import try_loading
from engine.models.registry.registry import Model, Registry, read_registry
from engine.painter.families import adapted
from engine.painter.in_process import create_painter
from engine.painter.pipeline.protocol import LoadedModel
from engine.prompt import parse_attention
from tests.engine.painter.checkpoints import save_transformer_lora
from tests.engine.painter.gemma_checkpoints import save_lumina2, save_sana
from tests.engine.painter.qwen_checkpoints import save_flux2_klein, save_qwen_image, save_z_image
from tests.engine.painter.registries import entry
from tests.engine.painter.requests import all_painted, encoded_gradient, paint_request, painted, pixels_of, psnr
from tests.engine.painter.stock import EQUAL_DB, OTHER_DB, stock_pictures
from tests.engine.painter.t5_checkpoints import save_auraflow, save_chroma, save_flux, save_pixart, save_sd3
from tests.sharing import made_once

LONG = "a red cat and a blue house under 100 trees by the river"
TOO_LONG = "abcd" * 300


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One stock pipeline, and its arguments for what the painter paints.

    sampler: its own, in the painter's word; `scheduler` is the same in the word of the stock pictures.
    guidance: the name of its guidance scale; `offset` is what its scale is more than the painter's.
    nothing: its argument where there is no negative prompt.
    ratio, size: of the pictures, and the width and height that it comes to.
    """

    pipeline: str
    sampler: str = "euler"
    scheduler: str = "flow"
    guidance: str = "guidance_scale"
    offset: float = 0.0
    has_negative: bool = True
    nothing: str | None = None
    ratio: str = "3:2"
    size: tuple[int, int] = (48, 32)
    more: Mapping[str, Any] | None = None


_AS_ASKED = {"use_resolution_binning": False}
# The stock pipeline takes multiples of 32 alone.
_SQUARE: dict[str, Any] = {"ratio": "1:1", "size": (32, 32)}

KINDS = {
    "sd3": Kind(pipeline="StableDiffusion3Pipeline"),
    "flux": Kind(pipeline="FluxPipeline", has_negative=False),
    "schnell": Kind(pipeline="FluxPipeline", has_negative=False),
    "flux2-klein": Kind(pipeline="Flux2KleinPipeline", has_negative=False),
    "distilled": Kind(pipeline="Flux2KleinPipeline", has_negative=False),
    "chroma": Kind(pipeline="ChromaPipeline"),
    "auraflow": Kind(pipeline="AuraFlowPipeline"),
    "lumina2": Kind(pipeline="Lumina2Pipeline"),
    "alpha": Kind(pipeline="PixArtAlphaPipeline", sampler="dpmpp-2m", scheduler="dpmpp-2m", more=_AS_ASKED),
    "sigma": Kind(pipeline="PixArtSigmaPipeline", sampler="euler", scheduler="euler", more=_AS_ASKED),
    "sana": Kind(pipeline="SanaPipeline", sampler="dpmpp-2m", scheduler="flow-dpmpp-2m", more=_AS_ASKED, **_SQUARE),
    "qwen-image": Kind(pipeline="QwenImagePipeline", guidance="true_cfg_scale", nothing=" "),
    "z-image": Kind(pipeline="ZImagePipeline", offset=-1.0),
}
WEARERS = ("sd3", "flux", "flux2-klein", "chroma", "auraflow", "lumina2", "sana", "qwen-image", "z-image")
FAMILIES = {"schnell": "flux", "distilled": "flux2-klein", "alpha": "pixart", "sigma": "pixart"}


def save_transformers(folder: Path) -> None:
    """Save tiny checkpoints of the transformer families, with a `registry.toml`."""
    save_sd3(folder / "sd3", seed=7)
    save_flux(folder / "flux", seed=8)
    save_flux(folder / "schnell", has_guidance=False, seed=9)
    save_flux2_klein(folder / "flux2-klein", seed=18)
    save_flux2_klein(folder / "distilled", is_distilled=True, seed=19)
    save_chroma(folder / "chroma", seed=15)
    save_auraflow(folder / "auraflow", seed=16)
    save_lumina2(folder / "lumina2", seed=17)
    save_pixart(folder / "alpha", PixArtAlphaPipeline, seed=10)
    save_pixart(folder / "sigma", PixArtSigmaPipeline, seed=11)
    save_sana(folder / "sana", seed=12)
    save_qwen_image(folder / "qwen-image", seed=13)
    save_z_image(folder / "z-image", seed=14)
    entries = [entry(name, FAMILIES.get(name, name), name, kind.sampler) for name, kind in KINDS.items()]
    entries += [
        f"{entry(f'far-{name}', name, name, KINDS[name].sampler)}[models.far-{name}.scheduler]\nshift = 6.0\n"
        for name in ("sd3", "flux", "sana")
    ]
    for seed, name in enumerate(WEARERS):
        ink = folder / f"{name}-ink.safetensors"
        save_transformer_lora(ink, folder / name, getattr(diffusers, KINDS[name].pipeline), seed=seed)
    adapters = (f'[adapters.{name}-ink]\nfile = "{name}-ink.safetensors"\nfamily = "{name}"\n' for name in WEARERS)
    (folder / "registry.toml").write_text("".join(('default = "sd3"', *entries, *adapters)))


@pytest.fixture(scope="session")
def folder(shared_folder: Path) -> Path:
    return made_once(shared_folder / "transformers", save_transformers)


@pytest.fixture(scope="module")
def registry(folder: Path) -> Registry:
    return read_registry(folder / "registry.toml")


@pytest.mark.parametrize("name", list(KINDS))
def test_a_check_finds_nothing_amiss(registry: Registry, name: str) -> None:
    assert try_loading(registry.model(name)) == ()


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A text, and what shall not be, in so many steps with so much guidance; for a painter and for a stock pipeline."""

    text: str
    steps: int
    guidance: float
    unwanted: str = ""

    def request(self, model: str) -> PaintRequest:
        unwanted = [(self.unwanted, -0.5)] if self.unwanted and KINDS[model].has_negative else []
        return paint_request(
            self.text, *unwanted, model=model, steps=self.steps, cfg=self.guidance, pictures=2, ar=KINDS[model].ratio
        )

    def stock(self, kind: Kind) -> dict[str, Any]:
        width, height = kind.size
        settings = {"prompt": self.text, "num_inference_steps": self.steps, "width": width, "height": height}
        negative = (self.unwanted or kind.nothing) if kind.has_negative else None
        settings |= kind.more or {}
        return (
            settings
            | {kind.guidance: self.guidance + kind.offset}
            | ({"negative_prompt": negative} if negative else {})
        )


CAT = Asked(text="a red cat", steps=3, guidance=5.0)
MIXED = (CAT, Asked(text=LONG, steps=4, guidance=2.5, unwanted="fog"), Asked(text="a tree", steps=2, guidance=1.0))


@pytest.mark.parametrize("model", KINDS)
async def test_a_transformer_alone_and_in_a_mixed_batch_paints_what_its_stock_pipeline_paints(
    registry: Registry, folder: Path, model: str
) -> None:
    """Other steps, other guidance and texts of other lengths in the same forwards change nothing."""
    kind = KINDS[model]
    async with create_painter(registry, max_rows=64) as painter:
        results = [await painted(painter, CAT.request(model))]
        results += await all_painted(painter, [one.request(model) for one in MIXED])
    for result, asked in zip(results, (CAT, *MIXED), strict=True):
        stock = stock_pictures(
            folder / model, kind=kind.pipeline, sampler=kind.scheduler, pictures=2, **asked.stock(kind)
        )
        assert min(psnr(*pair) for pair in zip(pixels_of(result), stock, strict=True)) > EQUAL_DB
    assert psnr(pixels_of(results[1])[0], pixels_of(results[2])[0]) < OTHER_DB


@pytest.mark.parametrize(
    ("model", "sampler"),
    [("sd3", "heun"), ("sd3", "dpmpp-2m"), ("flux", "dpmpp-2m"), ("sana", "heun"), ("sana", "euler")],
)
async def test_a_flow_sampler_paints_what_the_stock_pipeline_paints_with_it(
    registry: Registry, folder: Path, model: str, sampler: str
) -> None:
    """Requests of one, two and four steps, each with its own text and guidance, at once."""
    kind, asked = KINDS[model], [replace(one, steps=steps) for one, steps in zip(MIXED, (1, 2, 4), strict=True)]
    requests = [with_parameters(one.request(model), sampler=sampler) for one in asked]
    async with create_painter(registry, max_rows=64) as painter:
        results = await all_painted(painter, requests)
    for result, one in zip(results, asked, strict=True):
        stock = stock_pictures(
            folder / model, kind=kind.pipeline, sampler=f"flow-{sampler}", pictures=2, **one.stock(kind)
        )
        assert min(psnr(*pair) for pair in zip(pixels_of(result), stock, strict=True)) > EQUAL_DB


@pytest.mark.parametrize("model", ["sd3", "flux", "sana"])
async def test_the_shift_that_an_operator_gives_is_the_stock_pipelines(
    registry: Registry, folder: Path, model: str
) -> None:
    """Whether the files shift by size, as Flux does, or by a number; beside a request of the model as its files say."""
    kind = KINDS[model]
    far = with_parameters(CAT.request(model), model=f"far-{model}")
    async with create_painter(registry, max_rows=64) as painter:
        results = await all_painted(painter, [CAT.request(model), far])
    given = {"shift": 6.0, "flow_shift": 6.0, "use_dynamic_shifting": False}
    stock = stock_pictures(
        folder / model, kind=kind.pipeline, sampler=kind.scheduler, pictures=2, given=given, **CAT.stock(kind)
    )
    assert min(psnr(*pair) for pair in zip(pixels_of(results[1]), stock, strict=True)) > EQUAL_DB
    assert psnr(pixels_of(results[0])[0], stock[0]) < OTHER_DB


@pytest.mark.parametrize(
    ("model", "pipeline"), [("qwen-image", "QwenImageImg2ImgPipeline"), ("z-image", "ZImageImg2ImgPipeline")]
)
async def test_a_variation_is_what_the_stock_image_to_image_pipeline_paints(
    registry: Registry, folder: Path, model: str, pipeline: str
) -> None:
    """A picture through the encoder, noised to part of a step, and back; for a batch the stock ones encode only one."""
    source = encoded_gradient(48, 32)
    asked = replace(CAT, steps=4)
    wanted = replace(
        asked.request(model), operation=Operation.VARY, source=source, edit=Edit(strength=0.6), num_pictures=1
    )
    async with create_painter(registry, max_rows=64) as painter:
        result = await painted(painter, wanted)
    settings = asked.stock(KINDS[model])
    stock = stock_pictures(
        folder / model, kind=pipeline, sampler="flow", pictures=1, source=source, strength=0.6, **settings
    )
    assert psnr(pixels_of(result)[0], stock[0]) > EQUAL_DB


@pytest.mark.parametrize("model", ["sd3", "flux", "alpha"])
async def test_words_in_brackets_change_the_picture(registry: Registry, model: str) -> None:
    """A weight of 1 changes nothing; others change the picture, and the more the farther they are from 1."""
    texts = ("a red cat", "a (red:1.0) cat", "a (red:1.5) cat", "a (red:3.0) cat")
    async with create_painter(registry, max_rows=64) as painter:
        results = await all_painted(painter, [replace(CAT, text=text).request(model) for text in texts])
    plain, *others = (pixels_of(result)[0] for result in results)
    same, more, most = (psnr(plain, other) for other in others)
    assert most < more < same == psnr(plain, plain)


@pytest.mark.parametrize("model", WEARERS)
async def test_an_adapter_on_a_transformer_paints_what_the_stock_pipeline_paints_with_it(
    registry: Registry, folder: Path, model: str
) -> None:
    """Worn at half its weight for one request, and taken off for the next."""
    kind = KINDS[model]
    with_adapter, without_adapter = with_parameters(CAT.request(model), lora=(f"{model}-ink:0.5",)), CAT.request(model)
    async with create_painter(registry, max_rows=64) as painter:
        results = [await painted(painter, wanted) for wanted in (without_adapter, with_adapter, without_adapter)]
    loras = {folder / f"{model}-ink.safetensors": 0.5}
    stock = stock_pictures(
        folder / model, kind=kind.pipeline, sampler=kind.scheduler, pictures=2, loras=loras, **CAT.stock(kind)
    )
    first, inked, last = (pixels_of(result) for result in results)
    assert min(psnr(*pair) for pair in zip(inked, stock, strict=True)) > EQUAL_DB
    assert psnr(first[0], inked[0]) < OTHER_DB
    assert psnr(first[0], last[0]) > EQUAL_DB


@pytest.mark.parametrize("model", KINDS)
def test_text_that_does_not_fit_the_model_is_reported_and_nothing_else(registry: Registry, model: str) -> None:
    """A text that fits is read whole; of one that does not, the end that changes nothing is reported."""
    loaded = loaded_model(registry.model(model))
    read = loaded.encode_prompt(TOO_LONG)
    assert loaded.encode_prompt(CAT.text).truncated_text == ""
    assert TOO_LONG.endswith(read.truncated_text)
    kept = TOO_LONG.removesuffix(read.truncated_text)
    assert torch.equal(loaded.encode_prompt(f"{kept}x").tokens, loaded.encode_prompt(f"{kept}y").tokens)
    assert not torch.equal(loaded.encode_prompt(f"{kept[:-1]}x").tokens, loaded.encode_prompt(f"{kept[:-1]}y").tokens)


def test_a_transformer_in_bfloat16_predicts_bit_for_bit_what_the_stock_one_does(folder: Path) -> None:
    """Weights that lie otherwise in memory are multiplied by other kernels, which round otherwise."""
    pipes = [diffusers.SanaPipeline.from_pretrained(folder / "sana") for _ in range(2)]
    stock, _ = [one.transformer.to(torch.bfloat16) for one in pipes]
    model = read_registry(folder / "registry.toml").model("sana")
    latents, timesteps = torch.randn(2, 4, 8, 8), torch.tensor([999.0, 300.0])
    with torch.inference_mode():
        loaded = adapted(pipes[1], model, device=torch.device("cpu"), sha256="", fragments_of=parse_attention)
        embeds = [loaded.encode_negative(), loaded.encode_prompt(LONG)]
        settings = {
            "encoder_hidden_states": torch.cat([one.tokens for one in embeds]).bfloat16(),
            "encoder_attention_mask": torch.cat([one.mask for one in embeds if one.mask is not None]),
            "timestep": timesteps,
        }
        expected = stock(latents.bfloat16(), **settings).sample.float()
        assert torch.equal(expected, loaded.predict(latents, timesteps, embeds))


def loaded_model(model: Model) -> LoadedModel:
    device = Device(device=torch.device("cpu"), dtype=torch.float32)
    pipe, sha256 = load_pipeline(model, device)
    with torch.no_grad():
        return adapted(pipe, model, device=device.device, sha256=sha256, fragments_of=parse_attention)


def with_parameters(wanted: PaintRequest, **parameters: ParameterValue) -> PaintRequest:
    return replace(wanted, spec=replace(wanted.spec, parameters={**wanted.spec.parameters, **parameters}))
