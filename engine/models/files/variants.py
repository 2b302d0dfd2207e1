"""The copies of weights in a folder, default or variant, by the names of its files; opens no file.

A variant is the same weights in another precision (`fp16`) or from another stage of training (`non_ema`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

# The names that diffusers and transformers look for. Shards of a variant have their number after it or, in older
# releases, before it. Source: `variant_compatible_siblings`, diffusers 0.42.
_STEM = r"(diffusion_pytorch_model|model)"
_WEIGHTS = re.compile(_STEM + r"(?:-\d{5}-of-(\d{5}))?(?:\.([\w-]+?)(?:-\d{5}-of-(\d{5}))?)?\.safetensors")
_SHARD_INDEX = re.compile(_STEM + r"\.safetensors(?:\.([\w-]+))?\.index(?:\.([\w-]+))?\.json")
_ANY_SHARD_INDEX = re.compile(r".*\.index(?:\.[\w-]+)?\.json")


@dataclass(frozen=True, kw_only=True)
class WeightFile:
    """A file of weights, or an index of shards.

    stem: `diffusion_pytorch_model` or `model`. variant: empty for the default weights.
    num_shards: the number of files that the copy is split into; 0 for a whole copy and for an index.
    is_old: named as in older releases.
    """

    path: str
    stem: str
    variant: str
    num_shards: int = 0
    is_index: bool = False
    is_old: bool = False


# By variant; the default copy has an empty name.
Variants = Mapping[str, Collection[WeightFile]]


def variants_in(paths: Iterable[str]) -> Variants:
    """Return the files that loading reads of each copy of the weights in one folder.

    paths: of all files in the folder.
    """
    found: dict[tuple[str, str], list[WeightFile]] = {}
    for file in filter(None, map(_weight_file_from_path, paths)):
        found.setdefault((file.variant, file.stem), []).append(file)
    variants: dict[str, list[WeightFile]] = {}
    for (variant, _), files in found.items():
        if read := _read_files(files):
            variants.setdefault(variant, []).extend(read)
    return variants


def select_variant(variants: Variants, variant: str | None) -> Collection[WeightFile]:
    """Return the copy to load: the variant if there is one, else the default; empty without either."""
    return variants.get(variant or "") or variants.get("") or ()


def is_shard_index(path: str) -> bool:
    """Return whether the file is an index of shards, of any format."""
    return _ANY_SHARD_INDEX.fullmatch(path) is not None


def _weight_file_from_path(path: str) -> WeightFile | None:
    name = PurePosixPath(path).name
    if match := _WEIGHTS.fullmatch(name):
        stem, old_num, variant, num = match.groups()
        num_shards = int(num or old_num or 0)
        return WeightFile(path=path, stem=stem, variant=variant or "", num_shards=num_shards, is_old=bool(old_num))
    if match := _SHARD_INDEX.fullmatch(name):
        stem, old_variant, variant = match.groups()
        named = variant or old_variant or ""
        return WeightFile(path=path, stem=stem, variant=named, is_index=True, is_old=bool(old_variant))
    return None


def _read_files(files: Collection[WeightFile]) -> Collection[WeightFile]:
    """Return the files to read if a copy is there more than once: whole, in shards, in shards with old names."""
    whole = [file for file in files if not file.num_shards and not file.is_index]
    indexes = _newer(file for file in files if file.is_index)
    shards = _newer(file for file in files if file.num_shards)
    sharded = [*indexes, *shards] if indexes and shards else []
    # transformers looks for a whole file first, diffusers for an index.
    is_of_transformers = all(file.stem == "model" for file in files)
    return whole or sharded if is_of_transformers else sharded or whole


def _newer(files: Iterable[WeightFile]) -> Collection[WeightFile]:
    known = list(files)
    return [file for file in known if not file.is_old] or known
