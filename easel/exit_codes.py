"""The exit codes of the `easel` command, one for each kind of mistake; `easel --help` and the README list them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from types import MappingProxyType
from typing import Any

from engine.contract import errors


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REQUEST = 3
    SETTINGS = 4
    DATABASE = 5
    STORAGE = 6
    MODEL = 7
    ENGINE = 8


MEANINGS: Mapping[ExitCode, str] = MappingProxyType(
    {
        ExitCode.DONE: "success",
        ExitCode.FAILED: "any other failure, and problems found by doctor",
        ExitCode.USAGE: "wrong usage of the command line",
        ExitCode.REQUEST: "a prompt or request that cannot be carried out as it is",
        ExitCode.SETTINGS: "a wrong setting, models file or port",
        ExitCode.DATABASE: "the database: not reachable, not migrated, or broken",
        ExitCode.STORAGE: "the picture store or a disk: not reachable, full, or a damaged picture",
        ExitCode.MODEL: "a model or adapter: unknown, missing, damaged, or too large",
        ExitCode.ENGINE: "the engine does not start, or stopped during the job",
    }
)

# The class nearest to the error's own decides.
_KINDS: Mapping[type[errors.EaselError], ExitCode] = {
    errors.RequestError: ExitCode.REQUEST,
    errors.ModelUnknown: ExitCode.MODEL,
    errors.AdapterMismatch: ExitCode.MODEL,
    errors.TransientError: ExitCode.ENGINE,
    errors.StoreUnavailable: ExitCode.DATABASE,
    errors.PictureStoreUnavailable: ExitCode.STORAGE,
    errors.StorageFull: ExitCode.STORAGE,
    errors.OperatorError: ExitCode.MODEL,
    errors.PictureCorrupt: ExitCode.STORAGE,
    errors.RecipeUnreadable: ExitCode.STORAGE,
    errors.PostgresBroken: ExitCode.DATABASE,
    errors.SchemaOutdated: ExitCode.DATABASE,
    errors.SchemaNewer: ExitCode.DATABASE,
    errors.SettingsInvalid: ExitCode.SETTINGS,
    errors.DatabaseUnusable: ExitCode.DATABASE,
}


def exit_code_from_error(error: errors.EaselError) -> ExitCode:
    """Return the exit code for an error."""
    return _code_of(type(error))


def exit_code_from_cause(cause: Mapping[str, Any]) -> ExitCode:
    """Return the exit code for the stored cause of a failed job."""
    return _code_of(getattr(errors, str(cause["error"]), Exception))


def exit_code_from_codes(codes: Sequence[int]) -> ExitCode:
    """Return the first exit code of processes that ended too soon; for one of another kind, FAILED."""
    if not codes:
        return ExitCode.DONE
    return ExitCode(codes[0]) if codes[0] in MEANINGS and codes[0] else ExitCode.FAILED


def _code_of(kind: type[Exception]) -> ExitCode:
    return next((_KINDS[base] for base in kind.__mro__ if base in _KINDS), ExitCode.FAILED)


def epilog() -> str:
    """Return the list of exit codes for `easel --help`."""
    return "Exit codes: " + "; ".join(f"{code.value} {meaning}" for code, meaning in MEANINGS.items()) + "."
