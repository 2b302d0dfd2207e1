"""What the headers of adapters and models tell of each other, without loading either."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.contract.errors import WeightsMissing
from engine.models.files.adapter_fit import incompatible_adapters
from engine.models.files.locate import local_path
from engine.models.registry.registry import Model, Registry, read_registry
from tests.engine.models.original_layout import save_single_file
from tests.engine.models.outlines import save_flux, save_shapes
from tests.engine.painter.checkpoints import save_lora, save_sd1, save_sdxl

FILE = """
default = "tiny"
[models.tiny]
family = "sd1"
folder = "sd1"
[models.file]
family = "sd1"
file = "sd1.safetensors"
config = "sd1"
[models.large]
family = "sdxl"
folder = "sdxl"
[models.away]
family = "sd1"
folder = "nowhere"
[models.flow]
family = "flux"
folder = "flux"
[adapters.ink]
file = "ink.safetensors"
family = "sd1"
[adapters.own]
file = "ink.safetensors"
family = "sd1"
model = "tiny"
[adapters.big]
file = "big.safetensors"
family = "sd1"
[adapters.cut]
file = "cut.safetensors"
family = "sd1"
[adapters.gone]
file = "gone.safetensors"
family = "sd1"
[adapters.made]
file = "made.safetensors"
family = "sd1"
[adapters.flux]
file = "made.safetensors"
family = "flux"
"""

FITTING = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny models, a LoRA for each of them, and a LoRA that was cut short."""
    folder = tmp_path_factory.mktemp("adapters")
    save_sd1(folder / "sd1")
    save_sdxl(folder / "sdxl")
    save_single_file(folder / "sd1", folder / "sd1.safetensors")
    ink = save_lora(folder / "ink.safetensors", folder / "sd1", seed=1)
    save_lora(folder / "big.safetensors", folder / "sdxl", seed=2)
    (folder / "cut.safetensors").write_bytes(ink.read_bytes()[:-1])
    save_flux(folder / "flux", {"transformer_blocks.0.attn.to_q.weight": (8, 8)})
    (folder / "models.toml").write_text(FILE)
    return folder


@pytest.fixture(scope="module")
def registry(folder: Path) -> Registry:
    return read_registry(folder / "models.toml")


def place_if_here(model: Model) -> Path | None:
    try:
        return local_path(model)
    except WeightsMissing:
        return None


def test_every_pair_that_does_not_fit_is_told_with_the_first_part_that_does_not(
    registry: Registry, folder: Path
) -> None:
    """Of the pairs of which both files are here; and of all of them, for what family and model they are registered."""
    halves = {f"{FITTING}.lora_A.weight": (4, 32), f"{FITTING}.lora_B.weight": (32, 4)}
    save_shapes(folder / "made.safetensors", halves)
    found = incompatible_adapters(registry, place_if_here)
    told = {model: {name: str(reason) for name, reason in reasons.items()} for model, reasons in found.items()}
    first = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"
    damaged = "its file is damaged or is not a safetensors file"
    assert told["tiny"] == {"big": first, "cut": damaged, "flux": "it is for family flux"}
    assert told["file"] == {**told["tiny"], "own": "it is for model tiny"}
    assert told["away"] == {"own": "it is for model tiny", "flux": "it is for family flux"}
    assert set(told["large"].values()) == {"it is for family sd1", "it is for family flux"}
    assert told["flow"]["flux"] == FITTING
