"""What a painting process imports: no compiler where nothing is compiled, and the same pictures without it."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.painter.process.child import may_compile
from tests.engine.painter.registries import entry
from tests.engine.painter.t5_checkpoints import save_flux, save_sd3

HEAVY = {"sympy", "torch._dynamo.convert_frame", "torch._inductor", "torch.distributed.tensor"}

PAINT = """
import asyncio, sys
from pathlib import Path
from engine.painter.process.libraries import import_libraries

import_libraries(compiles=False)

from engine.models.registry.registry import read_registry
from engine.painter.in_process import create_painter
from tests.engine.painter.requests import paint_request, painted

async def main():
    async with create_painter(read_registry(Path(sys.argv[1])), max_rows=8) as painter:
        await painted(painter, paint_request())
    print("\\n".join(sys.modules))

asyncio.run(main())
"""

USE_COMPILER = """
from engine.painter.process.libraries import import_libraries

import_libraries(compiles=False)

import torch
from torch.fx.experimental.symbolic_shapes import ShapeEnv, guard_or_false

assert torch._dynamo.eval_frame.OptimizedModule is not torch.nn.Module
size = ShapeEnv().create_unbacked_symint()
assert guard_or_false(size == 3) is False
assert torch.compile(lambda x: x + 1, backend="eager")(torch.zeros(1)) == 1
assert issubclass(torch._dynamo.eval_frame.OptimizedModule, torch.nn.Module)
"""


PAINT_EVERYTHING = """
import asyncio, hashlib, sys
from pathlib import Path
from engine.painter.process.libraries import import_libraries

import_libraries(compiles=sys.argv[2] == "whole")

from engine.models.registry.registry import read_registry
from engine.painter.in_process import create_painter
from tests.engine.painter.requests import paint_request, painted

async def main():
    registry = read_registry(Path(sys.argv[1]))
    loras = paint_request(steps=3, pictures=2, lora=("ink:0.5", "paper:-0.7"))
    requests = [loras, *(paint_request(steps=3, pictures=2, model=name) for name in ("sdxl", "sd3", "flux"))]
    for budget_bytes in (None, 1):
        async with create_painter(registry, max_rows=8, threads=1, budget_bytes=budget_bytes) as painter:
            for request in requests:
                result = await painted(painter, request)
                print(*(hashlib.sha256(picture.png).hexdigest() for picture in result.pictures))

asyncio.run(main())
"""


async def test_adapters_offloading_and_transformers_paint_the_same_bytes_without_them(
    checkpoints: Path, tmp_path: Path
) -> None:
    """LoRAs and three families, on the device and offloaded layer by layer, equal what they are with all of torch."""
    registry = _registry_of_families(checkpoints, tmp_path)
    whole, lean = [await asyncio.to_thread(_run, PAINT_EVERYTHING, str(registry), mode) for mode in ("whole", "lean")]
    assert len(set(whole)) == 8 and len(whole) == 16
    assert lean == whole


def _registry_of_families(checkpoints: Path, folder: Path) -> Path:
    """Return the models file of the checkpoints with two transformers beside them."""
    shutil.copytree(checkpoints, folder, dirs_exist_ok=True)
    save_sd3(folder / "sd3", seed=7)
    save_flux(folder / "flux", seed=8)
    registry = folder / "registry.toml"
    with registry.open("a") as file:
        file.writelines(entry(name, name, name, "euler") for name in ("sd3", "flux"))
    return registry


async def test_painting_needs_neither_compiler_nor_torch_distributed(checkpoints: Path) -> None:
    """What is left out is not even imported once a picture has been painted."""
    modules = await asyncio.to_thread(_run, PAINT, str(checkpoints / "registry.toml"))
    assert "torch" in modules
    assert HEAVY & set(modules) == set()


async def test_the_deferred_compiler_is_imported_on_first_use() -> None:
    await asyncio.to_thread(_run, USE_COMPILER)


@pytest.mark.parametrize(("text", "expected"), [("none", False), ("blocks", True)])
def test_a_registry_says_whether_anything_may_be_compiled(text: str, expected: bool, tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    entry = f'[models.m]\nfamily = "sd1"\nfolder = "m"\nlicence = "none"\n[models.m.speed]\ncompile = "{text}"\n'
    file.write_text(f'default = "m"\n{entry}')
    assert may_compile(file) is expected


def test_a_registry_that_cannot_be_read_leaves_everything_possible(tmp_path: Path) -> None:
    assert may_compile(tmp_path / "missing.toml")


def _run(program: str, *arguments: str) -> list[str]:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
