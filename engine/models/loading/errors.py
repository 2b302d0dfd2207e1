"""Translates the errors of torch, diffusers and transformers: is the cause the model's files or the device?"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TypeVar

import torch

from engine.contract.errors import EaselError, ModelBroken, PaintedNothing

T = TypeVar("T")

# Libraries below torch and its CPU allocator raise RuntimeError with these words.
_NO_ROOM = ("_STATUS_ALLOC_FAILED", "can't allocate memory", "out of memory")
# Libraries of the device raise RuntimeError with these words, after which the process cannot use it any more.
_DEVICE_FAILED = ("CUDA error", "CUDA driver error", "_STATUS_EXECUTION_FAILED", "_STATUS_INTERNAL_ERROR")
# What ends the process or a generator is nobody's mistake.
_ENDINGS = (GeneratorExit, KeyboardInterrupt, SystemExit)


class UnusableFiles(Exception):
    """A model's files do not work; its text says why, as the cause of a ModelBroken."""


class FileProblems:
    """What is wrong with files: the first problem ends the work, or all of them are collected and raised as one."""

    def __init__(self, *, are_collected: bool) -> None:
        self._are_collected, self._told = are_collected, list[str]()

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Go on after this block for UnusableFiles that is raised in it, if problems are collected."""
        try:
            yield
        except UnusableFiles as error:
            if not self._are_collected:
                raise
            self._told.append(str(error))

    def raise_all(self) -> None:
        """Raise UnusableFiles with all that was noted, if anything was."""
        if self._told:
            raise UnusableFiles("; ".join(self._told))


class TranslatedErrors:
    """A context manager that replaces the errors raised within it; see `translated_errors`."""

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
    """Raise ModelBroken instead of whatever the parts of a model raise, so that only jobs of this model fail.

    That is everything but the errors of the device: libraries have exceptions of their own, some of them below
    Exception or, like the panics of those written in Rust, beside it. FloatingPointError (NaN or infinite results)
    becomes PaintedNothing, and allocations that fail outside torch become torch.OutOfMemoryError. Easel's own errors
    pass unchanged, and so do torch.AcceleratorError and its like, after which the process cannot use the device any
    more.
    """
    return TranslatedErrors(model)


def _told(model: str, error: BaseException) -> Exception | None:
    """Return the error to raise instead, or None if it passes unchanged."""
    if isinstance(error, (EaselError, torch.OutOfMemoryError, *_ENDINGS)):
        return None
    if is_out_of_memory(error):
        return torch.OutOfMemoryError(str(error))
    if isinstance(error, torch.AcceleratorError) or (isinstance(error, RuntimeError) and _says(error, _DEVICE_FAILED)):
        return None
    if isinstance(error, FloatingPointError):
        return PaintedNothing(name=model, cause=str(error))
    cause = str(error) if isinstance(error, UnusableFiles) else f"{type(error).__name__}: {error}"
    return ModelBroken(name=model, cause=cause.rstrip(". \n"))


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether memory could not be allocated, of the machine or of the device."""
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or (
        isinstance(error, RuntimeError) and _says(error, _NO_ROOM)
    )


def _says(error: RuntimeError, words: tuple[str, ...]) -> bool:
    return any(word in str(error) for word in words)


def result_or_error(model: str, work: Callable[[], T]) -> T | EaselError | torch.OutOfMemoryError:
    """Return the result of work with a model, or its error; see `translated_errors`.

    Guarantees: the error keeps no tensors alive, so that there is memory to try again.
    """
    try:
        with translated_errors(model):
            return work()
    except (EaselError, torch.OutOfMemoryError) as error:
        free_tensors(error)
        return error


def free_tensors(error: BaseException | None) -> None:
    """Clear the frames in an error's traceback, whose tensors would stay on the device as long as the error lives."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
