"""Whose fault an error is that torch, diffusers or transformers raise over a model: the model's, or the device's."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
def blamed_on(model: str) -> Iterator[None]:
    """Raise ModelBroken in place of whatever the parts of a model raise, so that only who asked for it is told.

    Numbers that are none, FloatingPointError, become PaintedNothing.
    Passed on are our own errors; torch.OutOfMemoryError, which allocations that fail below torch become; and
    torch.AcceleratorError, after which nothing can be painted in this process.
    """
    try:
        yield
    except (EaselError, torch.OutOfMemoryError):
        raise
    except MemoryError as error:
        raise torch.OutOfMemoryError(str(error)) from error
    except FloatingPointError as error:
        raise PaintedNothing(name=model, cause=str(error)) from error
    except Exception as error:
        # The tokenizers that are written in Rust raise the root itself.
        if not isinstance(error, _RAISED) and type(error) is not Exception:
            raise
        if any(words in str(error) for words in _NO_ROOM):
            raise torch.OutOfMemoryError(str(error)) from error
        if isinstance(error, torch.AcceleratorError):
            raise
        raise ModelBroken(name=model, cause=f"{type(error).__name__}: {error}") from error


def outcome_of(model: str, work: Callable[[], T]) -> T | EaselError | torch.OutOfMemoryError:
    """Return what the work with a model comes to, or the error that kept it from being done; see `blamed_on`.

    Guarantees: the error holds none of the memory that was taken until then, so that there is room to try again.
    """
    try:
        with blamed_on(model):
            return work()
    except (EaselError, torch.OutOfMemoryError) as error:
        let_go_of_tensors(error)
        return error


def let_go_of_tensors(error: BaseException | None) -> None:
    """Empty the frames that an error came through; what they hold on the device would stay as long as the error."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
