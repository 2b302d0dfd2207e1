"""The bound on the machine's memory: a job that takes ever more fails alone."""

from __future__ import annotations

import asyncio
import resource
from pathlib import Path

import pytest
import torch

from engine.contract.errors import NoRoom
from engine.contract.painting import PaintedPictures
from engine.models.loading.errors import translated_errors
from engine.models.registry.registry import Model, Registry
from engine.painter.batch.host_memory import HostMemoryBound, available_bytes
from engine.painter.batch.options import LoopOptions
from engine.painter.in_process import create_painter
from engine.painter.sampling.guidance import PromptEmbeds
from tests.engine.painter.fakes import FlatModel
from tests.engine.painter.requests import paint_request, painted

MEBIBYTE = 2**20
UNBOUNDED = resource.getrlimit(resource.RLIMIT_DATA)


class Greedy(FlatModel):
    """Takes memory without end for one text, as a tokenizer without a length does."""

    def encode_prompt(self, text: str) -> PromptEmbeds:
        taken: list[bytes] = []
        while text == "greedy":
            taken.append(bytes(4 * MEBIBYTE))
        return super().encode_prompt(text)


async def test_a_job_without_end_fails_alone(registry: Registry) -> None:
    """Beside another that is painted all the while, and before one that is painted afterwards."""
    options = LoopOptions(host_bytes=256 * MEBIBYTE)
    async with create_painter(registry, options=options, max_rows=64, load=Greedy) as painter:
        lost, fine = await asyncio.gather(
            painted(painter, paint_request("greedy", steps=2)),
            painted(painter, paint_request(steps=20)),
            return_exceptions=True,
        )
        after = await painted(painter, paint_request(steps=2))
    assert isinstance(lost, NoRoom) and lost.size == "32 x 32"
    assert not isinstance(fine, BaseException)
    assert isinstance(after, PaintedPictures)


async def test_a_load_without_end_fails_alone(registry: Registry) -> None:
    """Whatever of its files asks for the memory: beside a job that is painted all the while, and before another."""

    def load(model: Model) -> FlatModel:
        taken: list[bytes] = []
        while model.name == "wide":
            taken.append(bytes(4 * MEBIBYTE))
        return FlatModel(model)

    options = LoopOptions(host_bytes=256 * MEBIBYTE)
    async with create_painter(registry, options=options, max_rows=64, load=load) as painter:
        lost, fine = await asyncio.gather(
            painted(painter, paint_request(model="wide", steps=2)),
            painted(painter, paint_request(steps=20)),
            return_exceptions=True,
        )
        after = await painted(painter, paint_request(steps=2))
    assert isinstance(lost, NoRoom) and lost.model == "wide"
    assert not isinstance(fine, BaseException)
    assert isinstance(after, PaintedPictures)
    assert resource.getrlimit(resource.RLIMIT_DATA) == UNBOUNDED


def test_what_a_load_maps_counts_for_nothing() -> None:
    """So that a model larger than what is left can be mapped; the widest of several bounds holds until it ends."""
    bound = HostMemoryBound(64 * MEBIBYTE)
    with bound.bounded():
        load = bound.begin(mapped_bytes=256 * MEBIBYTE)
    assert len(bytes(128 * MEBIBYTE)) == 128 * MEBIBYTE
    with pytest.raises(MemoryError):
        bytes(512 * MEBIBYTE)
    bound.end(load)
    bound.end(load)
    assert resource.getrlimit(resource.RLIMIT_DATA) == UNBOUNDED


def test_allocations_beyond_the_bound_fail_while_it_holds() -> None:
    """Those of Python and of torch; afterwards there is no bound, and with enough of it nothing fails."""
    with HostMemoryBound(64 * MEBIBYTE).bounded():
        with pytest.raises(torch.OutOfMemoryError), translated_errors("tiny"):
            bytes(128 * MEBIBYTE)
        with pytest.raises(torch.OutOfMemoryError), translated_errors("tiny"):
            torch.empty(128 * MEBIBYTE, dtype=torch.uint8)
    for bound in (HostMemoryBound(), HostMemoryBound(is_offloading=True)):
        with bound.bounded():
            assert len(bytes(128 * MEBIBYTE)) == 128 * MEBIBYTE
    assert len(bytes(128 * MEBIBYTE)) == 128 * MEBIBYTE


@pytest.mark.parametrize(
    ("limit", "left"),
    [("max", 4096 * 1024), (f"{3 * MEBIBYTE}", 3 * MEBIBYTE - 2 * MEBIBYTE + 4096), (f"{9 * MEBIBYTE}", 4096 * 1024)],
    ids=["no limit of the container", "less than the machine has", "more than the machine has"],
)
def test_what_is_available_is_what_machine_and_container_leave(tmp_path: Path, limit: str, left: int) -> None:
    for name, text in {
        "meminfo": "MemTotal:  8192 kB\nMemAvailable:  4096 kB\n",
        "memory.max": f"{limit}\n",
        "memory.current": f"{2 * MEBIBYTE}\n",
        "memory.stat": "anon 7\ninactive_file 4096\n",
    }.items():
        (tmp_path / name).write_text(text)
    assert available_bytes(tmp_path, tmp_path) == left


def test_where_the_system_says_nothing_nothing_is_known(tmp_path: Path) -> None:
    assert available_bytes(tmp_path, tmp_path) is None
