"""Models larger than their budget: the same pictures, with one part on the device at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from engine.models.files.locate import local_path
from engine.models.files.weights import num_parameters
from engine.models.loading.device import best_device
from engine.models.loading.offload import DeviceSlot, bytes_on_device, move_to_device, torch_modules, weight_bytes
from engine.models.loading.pipeline import load_pipeline
from engine.models.registry.registry import Registry, read_registry
from engine.painter.in_process import create_painter
from tests.engine.painter.requests import paint_request, painted


def whole(sizes: list[int]) -> int:
    return sum(sizes)


def largest(sizes: list[int]) -> int:
    return max(sizes)


def none(sizes: list[int]) -> int:
    return min(sizes) - 1


@pytest.mark.parametrize("budget", [largest, none])
@pytest.mark.parametrize("name", ["tiny", "sdxl"])
async def test_pictures_are_the_same_whatever_the_budget(
    registry: Registry, name: str, budget: Callable[[list[int]], int]
) -> None:
    """A budget of the largest part brings parts one by one, one of nothing brings layers; no byte changes."""
    pipe, _ = load_pipeline(registry.model(name), best_device())
    room = budget([weight_bytes(part) for part in torch_modules(pipe)])
    wanted = paint_request(steps=3, model=name)
    async with create_painter(registry, max_rows=64) as painter:
        usual = await painted(painter, wanted)
    async with create_painter(registry, max_rows=64, budget_bytes=room) as painter:
        assert await painted(painter, wanted) == usual


@pytest.mark.parametrize(("budget", "share"), [(whole, whole), (largest, largest), (none, lambda _: 0)])
def test_the_bytes_on_the_device_are_those_of_the_largest_part(
    registry: Registry, budget: Callable[[list[int]], int], share: Callable[[list[int]], int]
) -> None:
    pipe, _ = load_pipeline(registry.model(), best_device())
    sizes = [weight_bytes(part) for part in torch_modules(pipe)]
    assert bytes_on_device(pipe, budget(sizes)) == share(sizes)


def test_a_part_moves_to_the_device_when_it_is_used(registry: Registry) -> None:
    """After the decoder, the text encoder's turn moves the decoder off the device, as its hook says."""
    pipe, _ = load_pipeline(registry.model(), best_device())
    move_to_device(pipe, torch.device("cpu"), max(map(weight_bytes, torch_modules(pipe))))
    slot = pipe.vae._hf_hook._seat
    assert slot.part is pipe.vae
    pipe.encode_prompt("a cat", "cpu", 1, False)
    assert slot.part is pipe.text_encoder
    pipe.vae.decode(torch.zeros(1, 4, 8, 8))
    assert slot.part is pipe.vae


def test_one_part_is_on_the_device_at_a_time() -> None:
    """Two parts and a device without memory of its own: a part that leaves the slot leaves the device."""
    first, second = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    slot = DeviceSlot(torch.device("cpu", 0))
    slot.onload(first)
    slot.onload(second)
    assert slot.part is second
    slot.onload(None)
    assert slot.part is None


def test_a_models_size_is_estimated_before_it_is_loaded() -> None:
    """Its headers list the numbers that are loaded; the starter's folder has CLIP beside its parts."""
    starter = read_registry().model("starter")
    pipe, _ = load_pipeline(starter, best_device())
    loaded = sum(weight.numel() for part in torch_modules(pipe) for weight in part.parameters())
    assert num_parameters(local_path(starter)) == loaded
