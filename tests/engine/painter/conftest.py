"""Tiny checkpoints on disk and a registry that names them, made once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
import torch

from engine.models.registry.registry import Registry, read_registry
from tests.engine.painter.checkpoints import ONE_BLOCK, save_lcm, save_lora, save_sd1, save_sdxl
from tests.engine.painter.motion import save_motion
from tests.engine.painter.registries import entry
from tests.sharing import made_once

torch.set_num_threads(1)

ADAPTERS = ("ink", "paper", "big", "empty", "pickle", "nowhere")

REGISTRY = "".join(
    (
        'default = "tiny"',
        entry("tiny", "sd1", "sd1"),
        entry("wide", "sd1", "wide"),
        entry("sd2", "sd2", "sd2"),
        entry("sdxl", "sdxl", "sdxl"),
        entry("lcm", "sd1", "lcm", "lcm"),
        '[motion_adapters.wave]\nfolder = "wave"\nfamily = "sd1"\n',
        *(f'[adapters.{name}]\nfile = "{name}.safetensors"\nfamily = "sd1"\n' for name in ADAPTERS),
    )
)


@pytest.fixture(scope="session")
def checkpoints(shared_folder: Path) -> Path:
    """A folder of tiny checkpoints with a `registry.toml`."""
    return made_once(shared_folder / "checkpoints", save_checkpoints)


def save_checkpoints(folder: Path) -> None:
    """Save the tiny checkpoints and their `registry.toml` into the folder."""
    save_sd1(folder / "sd1")
    save_sd1(folder / "wide", latent_channels=6, seed=1)
    save_sd1(folder / "sd2", prediction="v_prediction", seed=2)
    save_sdxl(folder / "sdxl", seed=3)
    save_lcm(folder / "lcm", seed=7)
    save_sd1(folder / "one-block", seed=8, **ONE_BLOCK)
    save_sdxl(folder / "one-block-sdxl", seed=10, **ONE_BLOCK)
    save_lora(folder / "ink.safetensors", folder / "sd1", seed=4)
    save_lora(folder / "paper.safetensors", folder / "sd1", seed=5)
    save_lora(folder / "big.safetensors", folder / "sdxl", seed=6)
    save_lora(folder / "one-block-ink.safetensors", folder / "one-block", seed=9)
    save_motion(folder / "wave", seed=11)
    (folder / "empty.safetensors").write_bytes(bytes([2, 0, 0, 0, 0, 0, 0, 0]) + b"{}")
    (folder / "pickle.safetensors").write_bytes(b"\x80\x04K\x01.")
    (folder / "registry.toml").write_text(REGISTRY)


@pytest.fixture(scope="session")
def registry(checkpoints: Path) -> Registry:
    return read_registry(checkpoints / "registry.toml")


@pytest.fixture
def two(registry: Registry) -> Registry:
    """The tiny model under two names."""
    model = registry.model()
    return replace(registry, models=MappingProxyType({model.name: model, "second": replace(model, name="second")}))
