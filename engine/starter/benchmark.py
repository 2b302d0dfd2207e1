"""How long a grid of four takes on this machine, and how much memory a process that paints one needs.

Measured with stock diffusers, in a process of its own so that the memory is that of painting alone.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline


@dataclass(frozen=True, kw_only=True)
class PaintingCost:
    """Median seconds for a grid of four, and the largest resident size of the process in GiB."""

    seconds: float
    gibibytes: float
    threads: int


def measure_painting_cost(folder: Path, steps: int, guidance: float) -> PaintingCost:
    """The figures of a fresh process that paints five grids from `folder`."""
    command = [sys.executable, "-W", "ignore", "-m", "engine.starter.benchmark", str(folder), str(steps), str(guidance)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return PaintingCost(**json.loads(answer.splitlines()[-1]))


def _painting_cost(folder: Path, steps: int, guidance: float) -> PaintingCost:
    pipeline = StableDiffusionPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    times = []
    for seed in range(5):
        started = time.perf_counter()
        pipeline(
            "a red circle",
            width=128,
            height=128,
            num_inference_steps=steps,
            guidance_scale=guidance,
            num_images_per_prompt=4,
            generator=torch.Generator().manual_seed(seed),
        )
        times.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return PaintingCost(seconds=statistics.median(times), gibibytes=peak, threads=torch.get_num_threads())


if __name__ == "__main__":
    where, step_count, scale = sys.argv[1:]
    sys.stdout.write(json.dumps(asdict(_painting_cost(Path(where), int(step_count), float(scale)))) + "\n")
