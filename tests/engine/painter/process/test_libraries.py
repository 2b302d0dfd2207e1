"""What a painting process imports: no compiler where nothing is compiled, and the same pictures without it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from engine.painter.process.child import may_compile
from tests.engine.painter.process.lean_process import paint_everything
from tests.engine.painter.registries import entry
from tests.engine.painter.t5_checkpoints import save_flux, save_sd3

HEAVY = {"sympy", "torch._dynamo.convert_frame", "torch._inductor", "torch.distributed.tensor"}


@dataclass(frozen=True, kw_only=True)
class Lean:
    """What came of a process that left out what a painting process leaves out; see `lean_process`.

    modules: imported when all was painted. fault: what the use of the compiler raised thereafter.
    """

    hashes: list[str]
    modules: list[str]
    fault: str | None


@pytest.fixture(scope="module")
def models_file(checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models file of the checkpoints with two transformers beside them."""
    folder = tmp_path_factory.mktemp("families")
    shutil.copytree(checkpoints, folder, dirs_exist_ok=True)
    save_sd3(folder / "sd3", seed=7)
    save_flux(folder / "flux", seed=8)
    registry = folder / "registry.toml"
    with registry.open("a") as file:
        file.writelines(entry(name, name, name, "euler") for name in ("sd3", "flux"))
    return registry


@pytest.fixture(scope="module")
def lean(models_file: Path) -> Lean:
    """Run once: importing torch takes seconds."""
    command = [sys.executable, "-m", "tests.engine.painter.process.lean_process", str(models_file)]
    return Lean(**json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


async def test_adapters_offloading_and_transformers_paint_the_same_bytes_without_them(
    models_file: Path, lean: Lean
) -> None:
    """LoRAs and three families, on the device and offloaded layer by layer, equal what they are with all of torch."""
    assert torch.distributed.is_available()
    whole = [digest async for digest in paint_everything(models_file)]
    assert len(set(whole)) == 8 and len(whole) == 16
    assert lean.hashes == whole


def test_painting_needs_neither_compiler_nor_torch_distributed(lean: Lean) -> None:
    """What is left out is not even imported once pictures of all kinds have been painted."""
    assert "torch" in lean.modules
    assert HEAVY & set(lean.modules) == set()


def test_the_deferred_compiler_is_imported_on_first_use(lean: Lean) -> None:
    assert lean.fault is None


@pytest.mark.parametrize(("text", "expected"), [("auto", False), ("none", False), ("blocks", True)])
def test_a_registry_says_whether_anything_may_be_compiled(text: str, expected: bool, tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    entry = f'[models.m]\nfamily = "sd1"\nfolder = "m"\nlicence = "none"\n[models.m.speed]\ncompile = "{text}"\n'
    file.write_text(f'default = "m"\n{entry}')
    assert may_compile(file) is expected


def test_a_registry_that_cannot_be_read_leaves_everything_possible(tmp_path: Path) -> None:
    assert may_compile(tmp_path / "missing.toml")
