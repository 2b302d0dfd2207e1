"""Checks that an index of shards says of each tensor where it is; loading believes it, and leaves others unfilled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.models.files.json_files import shown
from engine.models.files.weights import header_of


def check_shards(index: Path, content: Mapping[str, Any]) -> None:
    """Check that the files that an index names are in its folder and have the tensors that it lists.

    Raises: ValueError with a sentence that names the index, WeightsMismatch for a damaged shard.
    """
    named, shards = f"{index.parent.name}/{index.name}", content.get("weight_map")
    if not isinstance(shards, dict):
        raise ValueError(f"its {named} has no weight_map")
    for shard in shards.values():
        if not isinstance(shard, str) or Path(shard).name != shard or not (index.parent / shard).is_file():
            raise ValueError(f"its {named} names the file {shown(shard)}, which is not in its folder")
    present = {tensor for shard in set(shards.values()) for tensor in header_of(index.parent / shard)}
    if (absent := next((tensor for tensor in shards if tensor not in present), None)) is not None:
        raise ValueError(f"its {named} lists the tensor {absent}, but {shards[absent]} does not have it")
