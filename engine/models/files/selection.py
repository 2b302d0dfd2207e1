"""Selects the files of a pipeline by its index and the names of all available files; opens no file.

A repository has more than a pipeline needs: variants of its weights, single-file models at its root, adapters, folders
for other programs. Standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import PurePosixPath

from engine.models.files.variants import Variants, is_shard_index, select_variant, variants_in
from engine.models.formats import FORMATS, PICKLE, formats_in

INDEX = "model_index.json"
# Configurations and the files of tokenizers.
SETTINGS = frozenset({".json", ".txt", ".model", ".jinja"})
# Formats that can run code when opened.
PICKLES = PICKLE.suffixes
# Parts that an index can name but that Easel does not use; they are not loaded.
UNUSED = frozenset({"safety_checker", "feature_extractor", "image_encoder"})
# Pipelines that read pictures by them.
_USES_ALL = ("StableVideoDiffusionPipeline",)
# Configurations of parts without weights; parts with weights have a config.json.
_OTHER_SETTINGS = frozenset({"scheduler_config.json", "tokenizer_config.json", "preprocessor_config.json"})


@dataclass(frozen=True, kw_only=True)
class FileSelection:
    """The files of a pipeline, and what is missing.

    files: sorted paths relative to the pipeline's folder, exactly those that the loader reads.
    problems: why they are no complete pipeline, each the end of a sentence that starts with the folder; else empty.
    """

    files: tuple[str, ...]
    problems: tuple[str, ...]


_Folders = Mapping[str, Collection[str]]


def parts_of(index: object) -> frozenset[str]:
    """Return the names of the pipeline's parts that Easel uses, which are also the names of their folders.

    index: the content of `model_index.json`, in which a part is a pair of library and class, both null if it is absent.
    """
    entries = index if isinstance(index, Mapping) else {}
    unused = frozenset() if entries.get("_class_name") in _USES_ALL else UNUSED
    return frozenset(name for name, entry in entries.items() if _is_part(name, entry) and name not in unused)


def select_files(index: object, paths: Iterable[str], variant: str | None = None) -> FileSelection:
    """Return the files of a pipeline that loading reads.

    For each folder of a part, nested ones too, these are all configurations and one copy of the weights: the variant if
    there is one, else the default. Source: `DiffusionPipeline.from_pretrained`, diffusers 0.42.

    paths: of all available files, relative to the pipeline's folder.
    """
    parts = parts_of(index)
    folders = _by_folder(path for path in paths if path.partition("/")[0] in parts)
    variants = {folder: variants_in(inside) for folder, inside in folders.items()}
    settings = [path for inside in folders.values() for path in inside if _is_setting(path)]
    weights = [file.path for its in variants.values() for file in select_variant(its, variant)]
    problems = (*_absences(parts, folders, variants), *_wrong_variants(variants, variant), *_gaps(variants, variant))
    return FileSelection(files=tuple(sorted([INDEX, *settings, *weights])), problems=problems)


def _is_part(name: str, entry: object) -> bool:
    is_pair = isinstance(entry, list) and len(entry) == 2 and all(isinstance(word, str) for word in entry)
    # A valid argument name of the pipeline's class, so never a path out of its folder.
    return is_pair and name.isidentifier() and not name.startswith("_")


def _by_folder(paths: Iterable[str]) -> _Folders:
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(path.rpartition("/")[0], []).append(path)
    return folders


def _is_setting(path: str) -> bool:
    return PurePosixPath(path).suffix in SETTINGS and not is_shard_index(path)


def _absences(parts: Set[str], folders: _Folders, variants: Mapping[str, Variants]) -> Iterator[str]:
    """Yield the parts that are missing, or that have no weights in a safe format."""
    present = {folder.partition("/")[0] for folder in folders}
    if absent := parts - present:
        yield f"has no folder {_listed(absent)}, which {INDEX} lists"
    bare = {part for part in parts & folders.keys() if not variants[part] and _is_of_weights(folders[part])}
    others = {part: formats_in(_all_inside(part, folders)) for part in bare}
    for kind in FORMATS:
        if parts_of_kind := [part for part in bare if others[part][:1] == (kind,)]:
            yield f"has no .safetensors file for {_listed(parts_of_kind)}, only {kind.files}. {kind.advice}"
    if nothing := [part for part in bare if not others[part]]:
        yield f"has no weights for {_listed(nothing)}"


def _all_inside(part: str, folders: _Folders) -> Iterator[str]:
    """Yield the paths of all files of a part, nested ones too."""
    yield from (path for folder, inside in folders.items() if folder.partition("/")[0] == part for path in inside)


def _is_of_weights(inside: Collection[str]) -> bool:
    """Return whether the part in a folder should have weights, judging by its other files."""
    names = {PurePosixPath(path).name for path in inside}
    tells = "config.json" in names or bool(_suffixes(inside) & {".safetensors", *PICKLES})
    return tells and not names & _OTHER_SETTINGS


def _wrong_variants(variants: Mapping[str, Variants], variant: str | None) -> Iterator[str]:
    """Yield the parts that have no weights for the registered variant, or none for the default."""
    known = {name for its in variants.values() for name in its}
    lacking = {folder: its for folder, its in variants.items() if its and not select_variant(its, variant)}
    if variant is not None and variant not in known:
        yield f"has no variant {json.dumps(variant)}{_advice(known)}"
    elif lacking:
        offered = list(map(set, lacking.values()))
        fitting = set.intersection(*offered) or set.union(*offered)
        yield f"has no default weights for {_listed(lacking)}, only variants{_advice(fitting)}"


def _advice(variants: Collection[str]) -> str:
    named = " or ".join(json.dumps(name) for name in sorted(variants) if name)
    ways = [f"set variant = {named}"] * bool(named) + ["remove its variant"] * ("" in variants)
    return f": {', or '.join(ways)} in the models file" if ways else ""


def _gaps(variants: Mapping[str, Variants], variant: str | None) -> Iterator[str]:
    """Yield the folders with missing shards."""
    for folder, its in variants.items():
        shards = [file for file in select_variant(its, variant) if file.num_shards]
        num_shards = max((file.num_shards for file in shards), default=0)
        if len(shards) < num_shards:
            yield f"has only {len(shards)} of {num_shards} weight files in {folder}"


def _suffixes(paths: Iterable[str]) -> set[str]:
    return {PurePosixPath(path).suffix for path in paths}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
