"""What each operation takes next to a plain grid of the same model, and eight of them at once next to one by one.

The starter on the CPU. A part of a picture is painted in a window about as large as the model was trained on, so that
it costs less than the whole where the picture is larger than that: three times as wide and high here.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from statistics import median

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from engine.contract.edits import CREATIVE, FAITHFUL, STRONG, SUBTLE, Edit, whole_canvas
from engine.contract.jobs import Operation
from engine.contract.painting import Painter, PaintRequest
from engine.models.loading.upscale_network import UpscaleNetwork
from engine.models.registry.registry import Registry, read_registry
from engine.models.registry.upscalers import Upscaler
from engine.painter.in_process import create_painter
from engine.prompt import Limits
from engine.prompt.checks.canvases import PanDirection, panned_canvas, zoomed_canvas
from tests.engine.painter.requests import all_painted, encoded_gradient, paint_request, upscaled, with_images

PROMPT = "a red circle"
ROUNDS = 3
TIMES = 3


async def measure() -> None:
    """Print each operation's ratio, the targets beside them."""
    print(f"{'4x by a network':30}{await of_network():10.2f}    at most 1.1 of the network by hand", flush=True)
    registry = roomy(read_registry())
    side = registry.model(None).defaults.width
    async with create_painter(registry, max_rows=64) as painter:
        (parent,) = await all_painted(painter, [paint_request(PROMPT, pictures=1)])
        source = parent.pictures[0].png
        asked = operations(source, side)
        plain = [paint_request(PROMPT)]
        print("operation                     of a plain grid    reach")
        for name, (request, reach) in asked.items():
            print(f"{name:30}{await ratio(painter, [request], plain):10.2f}    {reach:>10}", flush=True)
        wide = enlarged(source, TIMES)
        whole = edited(wide, Operation.VARY, Edit(strength=1.0, canvas=whole_canvas(TIMES * side, TIMES * side)))
        tenth = Edit(strength=1.0, canvas=whole_canvas(TIMES * side, TIMES * side, frozenset({5})))
        part = edited(wide, Operation.INPAINT, tenth)
        for name, strength in (("upscale subtle 4x", FAITHFUL), ("upscale creative 4x", CREATIVE)):
            request = upscaled(source, PROMPT, 4, strength)
            print(f"{name:30}{await ratio(painter, [request], plain):10.2f}", flush=True)
        share = await ratio(painter, [part], [whole])
        print(f"{'a ninth of a large picture':30}{share:10.2f}    at most 0.4 of the whole", flush=True)
        eight = [request for request, _ in (*asked.values(), *asked.values())][:8]
        alone, together = await one_by_one(painter, eight), await seconds(painter, eight)
        print(f"{'eight at once':30}{alone / together:10.2f}    at least 1.5 of the pictures a second of one by one")


async def of_network() -> float:
    """Return the median ratio of an upscale by a network of ESRGAN's size to that network by hand on the same tile."""
    torch.manual_seed(0)
    network = UpscaleNetwork(64, growth=32, blocks=23, doublings=2, shuffled=1).requires_grad_(False).eval()
    source = encoded_gradient(128, 128)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.safetensors"
        save_file(network.state_dict(), file)
        upscaler = Upscaler(name="network", file=file, licence="unknown", sha256=None)
        registry = replace(read_registry(), upscalers={"network": upscaler})
        async with create_painter(registry) as painter:
            request = upscaled(source, PROMPT, 4, FAITHFUL)
            # The first one loads the network.
            await seconds(painter, [upscaled(encoded_gradient(16, 16), PROMPT, 2, FAITHFUL)])
            return median([await seconds(painter, [request]) / by_hand(network, source) for _ in range(ROUNDS)])


def by_hand(network: UpscaleNetwork, source: bytes) -> float:
    """Return the seconds that the network takes for the picture, which is one tile."""
    given = torch.from_numpy(np.asarray(Image.open(io.BytesIO(source)), dtype=np.float32) / 255).movedim(-1, 0)[None]
    begun = time.perf_counter()
    with torch.inference_mode():
        network(given)
    return time.perf_counter() - begun


def roomy(registry: Registry) -> Registry:
    """Return the registry whose default model paints pictures of three times its side as well."""
    model = registry.model(None)
    side = TIMES * model.defaults.width
    larger = replace(model, abilities=replace(model.abilities, max_side=max(side, model.abilities.max_side)))
    return replace(registry, models={**registry.models, model.name: larger})


def operations(source: bytes, side: int) -> dict[str, tuple[PaintRequest, str]]:
    """Return a request of each operation, with what its ratio is to be."""
    size, spec, limits = (side, side), paint_request(PROMPT).spec, Limits()
    region = Edit(strength=1.0, canvas=whole_canvas(side, side, frozenset({5})))
    zoom = Edit(strength=None, canvas=zoomed_canvas(size, Fraction(2), spec, limits))
    pan = Edit(strength=None, canvas=panned_canvas(size, PanDirection.RIGHT, spec, limits))
    return {
        "vary subtle": (edited(source, Operation.VARY, Edit(strength=SUBTLE)), ""),
        "vary strong": (edited(source, Operation.VARY, Edit(strength=STRONG)), ""),
        "vary region": (edited(source, Operation.INPAINT, region), ""),
        "zoom out 2x": (edited(source, Operation.ZOOM, zoom), "at most 1.1"),
        "pan": (edited(source, Operation.PAN, pan), "at most 1.1"),
        "chaos": (paint_request(PROMPT, parameters={"chaos": 50}), ""),
        "tile": (paint_request(PROMPT, parameters={"tile": True}), ""),
        "a picture in the prompt": (with_images(paint_request(PROMPT), {source: 1.0}), "at most 1.1"),
        "interpolate, 13 frames": (paint_request(PROMPT, "a blue square", parameters={"interpolate": True}), ""),
        "video": (paint_request(PROMPT, parameters={"video": True}), ""),
    }


def edited(source: bytes, operation: Operation, edit: Edit) -> PaintRequest:
    """Return a request that starts from the picture."""
    return replace(paint_request(PROMPT, source=source), operation=operation, edit=edit)


def enlarged(source: bytes, times: int) -> bytes:
    """Return the picture so many times as wide and high, as a PNG."""
    image, out = Image.open(io.BytesIO(source)), io.BytesIO()
    image.resize((image.width * times, image.height * times)).save(out, "PNG")
    return out.getvalue()


async def ratio(painter: Painter, requests: Sequence[PaintRequest], reference: Sequence[PaintRequest]) -> float:
    """Return the median ratio of the seconds of both, painted in turn."""
    pairs = [(await seconds(painter, requests), await seconds(painter, reference)) for _ in range(ROUNDS)]
    return median(one / other for one, other in pairs)


async def one_by_one(painter: Painter, requests: Sequence[PaintRequest]) -> float:
    """Return the seconds that the requests take, each painted when the one before is done."""
    return sum([await seconds(painter, [request]) for request in requests])


async def seconds(painter: Painter, requests: Sequence[PaintRequest]) -> float:
    """Return the seconds that the requests take, painted at once."""
    begun = time.perf_counter()
    await all_painted(painter, requests)
    return time.perf_counter() - begun


def main() -> None:
    """Run it."""
    asyncio.run(measure())


if __name__ == "__main__":
    main()
