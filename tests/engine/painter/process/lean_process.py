"""Paints without what a painting process leaves out, and then uses the compiler; prints what came of it as JSON."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from engine.painter.process.libraries import import_libraries


async def paint_everything(models_file: Path) -> AsyncIterator[str]:
    """Yield the hashes of pictures with LoRAs and of three families, on the device and offloaded layer by layer."""
    from engine.models.registry.registry import read_registry
    from engine.painter.in_process import create_painter
    from tests.engine.painter.requests import paint_request, painted

    registry = read_registry(models_file)
    loras = paint_request(steps=3, pictures=2, lora=("ink:0.5", "paper:-0.7"))
    requests = [loras, *(paint_request(steps=3, pictures=2, model=name) for name in ("sdxl", "sd3", "flux"))]
    for budget_bytes in (None, 1):
        async with create_painter(registry, max_rows=8, threads=1, budget_bytes=budget_bytes) as painter:
            for request in requests:
                for picture in (await painted(painter, request)).pictures:
                    yield hashlib.sha256(picture.png).hexdigest()


def use_compiler() -> None:
    import torch
    from torch.fx.experimental.symbolic_shapes import ShapeEnv, guard_or_false

    assert torch._dynamo.eval_frame.OptimizedModule is not torch.nn.Module
    size = ShapeEnv().create_unbacked_symint()
    assert guard_or_false(size == 3) is False
    assert torch.compile(lambda x: x + 1, backend="eager")(torch.zeros(1)) == 1
    assert issubclass(torch._dynamo.eval_frame.OptimizedModule, torch.nn.Module)


async def main() -> None:
    """Print the pictures' hashes, the modules that were imported for them, and what the compiler's use raised."""
    hashes = [digest async for digest in paint_everything(Path(sys.argv[1]))]
    modules = sorted(sys.modules)
    fault = None
    try:
        use_compiler()
    except Exception as error:  # noqa: BLE001  whatever it raises is the finding
        fault = repr(error)
    print(json.dumps({"hashes": hashes, "modules": modules, "fault": fault}))


if __name__ == "__main__":
    import_libraries(compiles=False)
    asyncio.run(main())
