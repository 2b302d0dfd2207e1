"""Stops the building of a part whose configuration asks for far more weights than its files hold."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident
from typing import Any

from diffusers import ModelMixin
from huggingface_hub.errors import StrictDataclassError
from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from engine.models.files.part_numbers import check_numbers
from engine.models.files.part_settings import check_kinds, check_layers, largest_setting, settings_in
from engine.models.loading.errors import UnusableFiles, is_out_of_memory

Shapes = Mapping[str, tuple[int, ...]]

# How many times as much is built, at most, as the files hold: libraries register a weight when they build it and when
# they fill it, may tie it to another, and split what the original code keeps in one.
_MOST_TIMES = 4
# What is built besides, because little costs nothing.
_MORE_WEIGHTS, _MORE_NUMBERS = 1_000, 1_000_000


# What diffusers raises for a tensor of another shape, before advice for programmers.
_SHAPE = r"torch\.Size\((\[.*?\])\)"
_MISFIT = re.compile(rf"Cannot load because (\S+) expected shape {_SHAPE}, but got {_SHAPE}")
# What libraries raise for settings that they cannot build with, beside errors of their own.
_UNFIT = (ArithmeticError, AssertionError, AttributeError, LookupError, StrictDataclassError, TypeError, ValueError)


@contextmanager
def bounded_building(part: str, kind: type[nn.Module], config: Path, shapes: Shapes) -> Iterator[None]:
    """Raise UnusableFiles for a part that is built meanwhile, on this thread, and does not work with its configuration.

    Guarantees: not much more is built than the part's files can fill.

    config: the part's `config.json`. shapes: of the tensors in its files.
    """
    settings = _checked_settings(part, kind, config, shapes)
    hook = register_module_parameter_registration_hook(_Tally(shapes))
    named = f"{config.parent.name}/{config.name}"
    try:
        with named_errors(part, named):
            yield
    except (_TooLarge, MemoryError, RuntimeError) as error:
        oversized = _oversized_setting(settings, shapes)
        if isinstance(error, _TooLarge) or (oversized is not None and is_out_of_memory(error)):
            told = "" if oversized is None else f": its {oversized[0]} is {oversized[1]}"
            cause = f"its {named} asks for far more weights than the files of its {part} hold{told}"
            raise UnusableFiles(cause) from error
        raise
    finally:
        hook.remove()


@contextmanager
def named_errors(part: str, file: str) -> Iterator[None]:
    """Raise UnusableFiles, with the name of its file, for settings that a library cannot load the part with."""
    try:
        yield
    except _UNFIT as error:
        told = " ".join(f"{type(error).__name__}: {error}".split())
        if (found := _MISFIT.search(told)) is not None:
            raise UnusableFiles(_misfit(part, file, *found.groups())) from error
        raise UnusableFiles(f"its {part} cannot be loaded with its {file} ({told})") from error


def _misfit(part: str, file: str, tensor: str, expected: str, found: str) -> str:
    """Return a sentence about a tensor of another shape than a configuration asks for."""
    told = f"its {part} does not fit its {file}: {tensor} has the shape {found}, not {expected}"
    if (part, tensor) != ("unet", "conv_in.weight"):
        return told
    return f"{told}. Models for inpainting, depth, editing by instruction and upscaling are not supported"


def _checked_settings(part: str, kind: type[nn.Module], config: Path, shapes: Shapes) -> Mapping[str, Any]:
    try:
        settings = settings_in(config)
    except ValueError as error:
        raise UnusableFiles(str(error)) from error
    try:
        check_layers(config, settings, len(shapes), part)
        check_numbers(config, settings, part)
        if issubclass(kind, ModelMixin):
            taken = inspect.signature(kind.__init__).parameters
            check_kinds(config, settings, {name: one.default for name, one in taken.items()})
    except ValueError as error:
        raise UnusableFiles(f"its {error}") from error
    return settings


def _oversized_setting(settings: Mapping[str, Any], shapes: Shapes) -> tuple[str, int] | None:
    """Return the largest size, if no tensor is as large, or the largest number of layers."""
    size = largest_setting(settings, is_of_layers=False)
    if size is not None and size[1] > max((max(shape) for shape in shapes.values() if shape), default=0):
        return size
    return largest_setting(settings, is_of_layers=True)


class _TooLarge(Exception):
    """More is built than can be filled."""


class _Tally:
    """Counts the weights that modules register on one thread."""

    def __init__(self, shapes: Shapes) -> None:
        self._thread = get_ident()
        self._weights_left = _MOST_TIMES * len(shapes) + _MORE_WEIGHTS
        self._numbers_left = _MOST_TIMES * sum(map(math.prod, shapes.values())) + _MORE_NUMBERS

    def __call__(self, module: nn.Module, name: str, weight: nn.Parameter | None) -> None:
        if weight is not None and get_ident() == self._thread:
            self._weights_left -= 1
            self._numbers_left -= weight.numel()
            if min(self._weights_left, self._numbers_left) < 0:
                raise _TooLarge
