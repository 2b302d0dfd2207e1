"""Checks the `config.json` of a model's parts against the tensors in their files, before anything is built from it.

A configuration is built before its tensors are read, so one that names a million layers would take memory and time
without end.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from engine.models.files.json_files import leaves_of, object_in, shown
from engine.models.files.weights import header_of, tensors_of

# Settings that say how many layers are built, each with a tensor of its own at least.
_LAYERS = re.compile(r"(?:num|n)_(?:\w+_)?(?:layers|blocks)|\w*layers_per_block|(?:\w+_)?depth")
# Those without which there is nothing to build; others may be 0, as for a block without attention.
_ALWAYS = frozenset({"num_hidden_layers"})
# Numbers that are no sizes.
_NO_SIZES = re.compile(r"\w+_ids?|\w*_theta|\w*_token(?:_index)?|num_train_timesteps")
# Side of the pictures, in latents, for whose positions transformers make a table; 4096 pixels are 512.
_MOST_POSITIONS = 1024
_OF_POSITIONS = frozenset({"sample_size", "pos_embed_max_size"})


def settings_in(file: Path) -> Mapping[str, Any]:
    """Return the settings in the configuration of a part.

    Raises: ValueError with a sentence that names the file, and the key if one is at fault.
    """
    try:
        return object_in(file)
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot read {_named(file)}: {getattr(error, 'strerror', None) or error}") from error


def check_layers(file: Path, settings: Mapping[str, Any], num_tensors: int, part: str) -> None:
    """Check that the configuration in `file` has no more layers than the files of the part have tensors.

    Raises: ValueError, as `settings_in`.
    """
    for name, value in leaves_of(settings):
        least = int(name in _ALWAYS)
        if _is_of_layers(name) and value is not None and not (_is_whole(value) and least <= value <= num_tensors):
            accepted = f"a whole number from {least} to {num_tensors}, the number of tensors in the files of its {part}"
            raise ValueError(_sentence(file, name, value, accepted))
        is_of_table = part == "transformer" and name in _OF_POSITIONS
        most = _most_positions(settings)
        if is_of_table and _is_whole(value) and value > most:
            raise ValueError(_sentence(file, name, value, f"at most {most}"))


def _most_positions(settings: Mapping[str, Any]) -> int:
    # AuraFlow counts the positions of the whole square.
    counts_all = settings.get("_class_name") == "AuraFlowTransformer2DModel"
    return _MOST_POSITIONS**2 if counts_all else _MOST_POSITIONS


def check_kinds(file: Path, settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Check that the settings are of the same kind as the defaults of the class that takes them.

    Where that takes a number, a list can have one for each block, and null can leave anything out.

    Raises: ValueError, as `settings_in`.
    """
    for name, default in defaults.items():
        accepted = _accepted_for(default)
        values = settings[name] if isinstance(settings.get(name), list) else [settings.get(name)]
        if accepted is not None and not all(value is None or isinstance(value, accepted[0]) for value in values):
            raise ValueError(_sentence(file, name, settings[name], accepted[1]))


def _accepted_for(default: object) -> tuple[tuple[type, ...], str] | None:
    """Return the types that stand for values like this default, and what they are called."""
    if isinstance(default, bool):
        return (int, list), "true or false"
    if isinstance(default, int | float):
        return (int, float, list), "a number"
    return ((str,), "a string") if isinstance(default, str) else None


def largest_setting(settings: Mapping[str, Any], *, is_of_layers: bool) -> tuple[str, int] | None:
    """Return the name and the value of the largest number of layers or, without them, of the largest size."""
    numbers = [
        (value, name)
        for name, value in leaves_of(settings)
        if _is_whole(value) and _is_of_layers(name) is is_of_layers and not _NO_SIZES.fullmatch(name)
    ]
    value, name = max(numbers, default=(0, ""))
    return (name, value) if name else None


def shapes_in(files: Collection[Path]) -> Mapping[str, tuple[int, ...]]:
    """Return the shapes of all tensors in the files, by name.

    Raises: WeightsMissing, WeightsMismatch.
    """
    return {name: shape for file in files for name, shape in tensors_of(header_of(file))}


def _is_of_layers(name: str) -> bool:
    return _LAYERS.fullmatch(name) is not None and not name.startswith("max_")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _sentence(file: Path, name: str, value: object, accepted: str) -> str:
    return f"{_named(file)} sets {name} to {shown(value)}, which must be {accepted}"


def _named(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"
