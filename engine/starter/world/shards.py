"""Rendered scenes on disk: numbered shards of pictures, each the scenes of one run of seeds, grouped by size.

A shard is a folder with one `WIDTHxHEIGHT.npy` of 8-bit pictures a size, and one `.seeds.npy` beside each.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from engine.starter.world.painting import picture_from_scene
from engine.starter.world.scenes import scene_from_seed


def write_shard(folder: Path, number: int, scenes: int) -> Path:
    """Render shard `number` under `folder`, unless it is there already, and return its folder."""
    shard = folder / f"{number:04d}"
    if shard.exists():
        return shard
    pictures: dict[str, list[np.ndarray]] = defaultdict(list)
    seeds: dict[str, list[int]] = defaultdict(list)
    for seed in range(number * scenes, (number + 1) * scenes):
        scene = scene_from_seed(seed)
        side = f"{scene.width}x{scene.height}"
        pictures[side].append(np.asarray(picture_from_scene(scene)))
        seeds[side].append(seed)
    partial = folder / f"{number:04d}.partial"
    partial.mkdir(parents=True, exist_ok=True)
    for side, rendered in pictures.items():
        np.save(partial / f"{side}.npy", np.stack(rendered))
        np.save(partial / f"{side}.seeds.npy", np.array(seeds[side]))
    return partial.rename(shard)
