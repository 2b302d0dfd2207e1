"""Loads the parts of a pipeline that Easel uses, one by one, and refuses those whose files lack something.

The same code checks files without loading them (`is_trial`): tensors then have a name, a dtype and a shape, but no
numbers. Other parts, and the scheduler, are not loaded: the painter's samplers are its own.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers.loaders.single_file import load_single_file_sub_model
from diffusers.loaders.single_file_utils import SingleFileComponentError, load_single_file_checkpoint
from torch import nn
from transformers import PreTrainedModel

from engine.models.files.contents import quantized_tensor
from engine.models.files.json_files import shown
from engine.models.files.locate import config_path
from engine.models.files.part_settings import settings_in, shapes_in
from engine.models.files.prediction import TENSORS_THAT_TELL
from engine.models.files.saved_scheduler import FILE as SCHEDULER_CONFIG
from engine.models.files.selection import INDEX, UNUSED, parts_of
from engine.models.files.shards import check_shards
from engine.models.files.variants import is_shard_index, select_variant, variants_in
from engine.models.files.weights import index_of, weight_files
from engine.models.loading.building import bounded_building, named_errors
from engine.models.loading.device import Dtypes
from engine.models.loading.errors import FileProblems, UnusableFiles
from engine.models.loading.exclusive import one_at_a_time
from engine.models.loading.positions import check_positions
from engine.models.loading.tokenizers import check_libraries, check_tokenizer
from engine.models.loading.traced import TracedTensor, traced_tensors
from engine.models.loading.widths import check_widths
from engine.models.registry.registry import Model

SCHEDULER = "scheduler"
# Stable Diffusion 3 paints without its T5.
_OPTIONAL = frozenset({"text_encoder_3", "tokenizer_3"})
_LIBRARIES = frozenset({"diffusers", "transformers"})
_MOST_NAMES = 3


@dataclass(frozen=True, kw_only=True)
class LoadedParts:
    """The parts of a pipeline.

    components: by their names in the pipeline, without those that are absent or not used.
    settings: the other arguments of the pipeline's class that its index sets.
    unread: the names of tensors in the files that no part takes; those of a folder begin with the name of the part.
    """

    components: Mapping[str, Any]
    settings: Mapping[str, Any]
    unread: tuple[str, ...]


def load_parts(kind: type[Any], model: Model, place: Path, dtypes: Dtypes, *, is_trial: bool = False) -> LoadedParts:
    """Return the parts of a pipeline of class `kind`; they are on the CPU.

    place: the model's folder or single file.

    Raises: UnusableFiles for files that lack a part or a tensor, in a trial with all problems of all parts; and
        whatever the libraries raise.
    """
    folder = config_path(model) if place.is_file() else place
    index = index_of(folder)
    taken = inspect.signature(kind.__init__).parameters
    _check_entries(index, taken)
    names = sorted((parts_of(index) & taken.keys()) - {SCHEDULER})
    _check_present(taken, {*names, *(parts_of(index) & {SCHEDULER})})
    if not (folder / SCHEDULER_CONFIG).exists():
        raise UnusableFiles(f"it has no {SCHEDULER_CONFIG}")
    problems = FileProblems(are_collected=is_trial)
    entries = {name: tuple(index[name]) for name in names}
    if place.is_file():
        components, unread = _from_file(entries, place, folder, dtypes, problems, is_trial=is_trial)
    else:
        components, unread = _from_folder(entries, place, model.source.variant, dtypes, problems, is_trial=is_trial)
    for name, part in components.items():
        if name.startswith("tokenizer"):
            with problems.noted():
                check_tokenizer(name, part, components.get(name.replace("tokenizer", "text_encoder")))
    problems.raise_all()
    check_widths(components)
    check_positions(components, model.abilities.max_side)
    return LoadedParts(
        components=components,
        settings={name: value for name, value in index.items() if name in taken and not isinstance(value, list)},
        unread=tuple(sorted(unread)),
    )


def _check_entries(index: Mapping[str, Any], taken: Mapping[str, inspect.Parameter]) -> None:
    """Check that what the index says for the arguments of the pipeline's class is of the right kind."""
    for name, value in ((name, index[name]) for name in taken if name in index):
        is_pair = value == [None, None] or (
            isinstance(value, list) and len(value) == 2 and all(isinstance(word, str) for word in value)
        )
        is_switch = isinstance(taken[name].default, bool)
        if is_switch and not (value is None or isinstance(value, bool)):
            raise UnusableFiles(f"its {INDEX} sets {name} to {shown(value)}, which must be true or false")
        is_part = isinstance(value, list) or taken[name].default is inspect.Parameter.empty
        if is_part and value is not None and not is_pair:
            example = '["diffusers", "UNet2DConditionModel"]'
            accepted = f"a library and a class of it, such as {example}, or two nulls"
            raise UnusableFiles(f"its {INDEX} sets {name} to {shown(value)}, which must be {accepted}")


def _check_settings(part: str, folder: Path) -> None:
    """Check that each JSON file of a part has an object in it, and that the libraries that it needs are installed."""
    for file in sorted(folder.glob("*.json")):
        try:
            settings = settings_in(file)
            if is_shard_index(file.name):
                check_shards(file, settings)
        except ValueError as error:
            raise UnusableFiles(str(error)) from error
    check_libraries(part, folder)


def _check_present(taken: Mapping[str, inspect.Parameter], listed: Collection[str]) -> None:
    needed = {name for name, parameter in taken.items() if parameter.default is parameter.empty and name != "self"}
    if missing := needed - UNUSED - _OPTIONAL - set(listed):
        raise UnusableFiles(f"its model_index.json lists no {', '.join(sorted(missing))}")


_Entries = Mapping[str, tuple[str, str]]
_Loaded = tuple[dict[str, Any], set[str]]


def _from_folder(
    entries: _Entries, folder: Path, variant: str | None, dtypes: Dtypes, problems: FileProblems, *, is_trial: bool
) -> _Loaded:
    components: dict[str, Any] = {}
    unread: set[str] = set()
    for name, entry in entries.items():
        with problems.noted():
            _check_settings(name, folder / name)
            kind = _class_of(name, *entry)
            if issubclass(kind, nn.Module):
                components[name], extra = _module(name, kind, folder, variant, dtypes.of(name), is_trial=is_trial)
                unread |= extra
            else:
                with named_errors(name, f"{name}/tokenizer_config.json"):
                    components[name] = kind.from_pretrained(str(folder / name), local_files_only=True)
    return components, unread


def _module(
    name: str, kind: Any, folder: Path, variant: str | None, dtype: torch.dtype, *, is_trial: bool
) -> tuple[nn.Module, set[str]]:
    """Return a part with weights, and the names of the tensors in its files that it does not take."""
    place = folder / name
    shapes = shapes_in(_weights_of(name, folder, variant))
    with one_at_a_time, bounded_building(name, kind, place / "config.json", shapes):
        part, report = kind.from_pretrained(
            str(place),
            dtype=dtype,
            variant=variant if _has_variant(place, variant) else None,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            # transformers logs which tensors do not fit, and does not say so in its error.
            **({"ignore_mismatched_sizes": True} if issubclass(kind, PreTrainedModel) else {}),
            **({"device_map": "meta"} if is_trial else {}),
        )
    check_filled(name, report["missing_keys"])
    if report["mismatched_keys"]:
        names = [str(mismatch[0]) for mismatch in report["mismatched_keys"]]
        raise UnusableFiles(f"its config.json does not fit its {name}, as {_listed(names)} shows")
    if (scale := quantized_tensor(report["unexpected_keys"])) is not None:
        raise UnusableFiles(f"its {name} has quantized weights (its tensor {scale} scales others)")
    return part, {f"{name}: {tensor}" for tensor in report["unexpected_keys"]}


def _weights_of(part: str, folder: Path, variant: str | None) -> Collection[Path]:
    files = weight_files(folder, variant)
    return [file for file in files if file.suffix == ".safetensors" and file.relative_to(folder).parts[0] == part]


def _has_variant(folder: Path, variant: str | None) -> bool:
    files = select_variant(variants_in(file.name for file in folder.iterdir()), variant)
    return any(file.variant for file in files)


def _from_file(
    entries: _Entries, file: Path, folder: Path, dtypes: Dtypes, problems: FileProblems, *, is_trial: bool
) -> _Loaded:
    """Load the parts from a single file, in the order in which diffusers does: its conversions take tensors away."""
    checkpoint = traced_tensors(file) if is_trial else load_single_file_checkpoint(str(file))
    unread, shapes = set(checkpoint) - TENSORS_THAT_TELL, shapes_in([file])
    components: dict[str, Any] = {}
    for name, entry in entries.items():
        with problems.noted():
            _check_settings(name, folder / name)
            try:
                components[name] = part = _part_of(
                    name, entry, checkpoint, shapes, folder, dtypes.of(name), is_trial=is_trial
                )
            except SingleFileComponentError as error:
                raise UnusableFiles(f"it has no {name} under the names that single files use") from error
            except NotImplementedError:
                # A tensor is missing; a trial says which.
                _from_file(entries, file, folder, dtypes, FileProblems(are_collected=False), is_trial=True)
                raise
            if isinstance(part, nn.Module):
                weights = dict(part.named_parameters())
                check_filled(name, [path for path, weight in weights.items() if _is_unfilled(weight)])
                read = [one.origins for one in weights.values() if isinstance(one, TracedTensor)]
                unread = unread.difference(*read)
    return components, unread if is_trial else set()


def _part_of(
    name: str,
    entry: tuple[str, str],
    checkpoint: dict[str, Any],
    shapes: Mapping[str, tuple[int, ...]],
    folder: Path,
    dtype: torch.dtype,
    *,
    is_trial: bool,
) -> Any:
    """Return a part of a single file, built from the configuration in `folder`."""
    kind, settings = _class_of(name, *entry), folder / name / "config.json"
    building = (
        bounded_building(name, kind, settings, shapes)
        if issubclass(kind, nn.Module)
        else named_errors(name, f"{name}/tokenizer_config.json")
    )
    with one_at_a_time, building:
        return load_single_file_sub_model(
            *entry,
            name,
            checkpoint,
            diffusers.pipelines,
            False,
            str(folder),
            local_files_only=True,
            torch_dtype=dtype,
            **({"device": "meta"} if is_trial else {}),
        )


def _is_unfilled(weight: nn.Parameter) -> bool:
    return weight.is_meta and not isinstance(weight, TracedTensor)


def _class_of(part: str, library: str, name: str) -> Any:
    if library not in _LIBRARIES:
        raise UnusableFiles(f"its {part} is of the library {library}, which is not used")
    return getattr(importlib.import_module(library), name)


def check_filled(part: str, missing: Collection[str]) -> None:
    """Raise UnusableFiles for a part whose files lack tensors."""
    if missing:
        raise UnusableFiles(f"its {part} lacks {_listed(missing)}")


def _listed(tensors: Collection[str]) -> str:
    names = sorted(tensors)
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"the tensors {', '.join(names[:_MOST_NAMES])}{more}" if len(names) > 1 else f"the tensor {names[0]}"
