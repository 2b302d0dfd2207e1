"""Whose fault an error is that torch, diffusers or transformers raise over a model: the model's, or the device's."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

import torch
from safetensors import SafetensorError

from engine.contract.errors import EaselError, ModelBroken, PaintedNothing

T = TypeVar("T")

# What files that make no sound model have been seen to raise, and what is said of such things elsewhere in torch.
_RAISED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    OSError,
    RuntimeError,
    SafetensorError,
    TypeError,
    ValueError,
)
# Libraries below torch, and its allocator for the CPU, say so in words only.
_NO_ROOM = ("_STATUS_ALLOC_FAILED", "can't allocate memory", "out of memory")


class TranslatedErrors:
    """Raises, in place of what is raised within it, what that comes to; see `translated_errors`."""

    def __init__(self, model: str) -> None:
        self._model = model

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        told = None if error is None else _told(self._model, error)
        if told is not None:
            raise told from error


def translated_errors(model: str) -> TranslatedErrors:
    """Raise ModelBroken in place of whatever the parts of a model raise, so that only who asked for it is told.

    Numbers that are none, FloatingPointError, become PaintedNothing, and allocations that fail outside torch
    torch.OutOfMemoryError. Passed on are our own errors, and torch.AcceleratorError, after which nothing can be painted
    in this process.
    """
    return TranslatedErrors(model)


def _told(model: str, error: BaseException) -> Exception | None:
    """Return what is to be raised instead of the error; None when it is passed on."""
    if isinstance(error, EaselError | torch.OutOfMemoryError):
        return None
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and _says_no_room(error)):
        return torch.OutOfMemoryError(str(error))
    if isinstance(error, torch.AcceleratorError):
        return None
    if isinstance(error, FloatingPointError):
        return PaintedNothing(name=model, cause=str(error))
    # The tokenizers that are written in Rust raise the root itself.
    if isinstance(error, _RAISED) or type(error) is Exception:
        return ModelBroken(name=model, cause=f"{type(error).__name__}: {error}")
    return None


def _says_no_room(error: RuntimeError) -> bool:
    return any(words in str(error) for words in _NO_ROOM)


def result_or_error(model: str, work: Callable[[], T]) -> T | EaselError | torch.OutOfMemoryError:
    """Return what the work with a model comes to, or the error that kept it from being done; see `translated_errors`.

    Guarantees: the error holds none of the memory that was taken until then, so that there is room to try again.
    """
    try:
        with translated_errors(model):
            return work()
    except (EaselError, torch.OutOfMemoryError) as error:
        free_tensors(error)
        return error


def free_tensors(error: BaseException | None) -> None:
    """Empty the frames that an error came through; what they hold on the device would stay as long as the error."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
