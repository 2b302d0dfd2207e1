"""Error messages for the operator: every error has one, and it says what to do."""

from __future__ import annotations

import errno
import inspect
from pathlib import Path

import pytest

from easel.errors import (
    sentence_from_cause,
    sentence_from_error,
    sentence_from_os_error,
)
from easel.exit_codes import exit_code_from_cause, exit_code_from_error
from engine.contract import errors
from engine.contract.errors import EaselError
from engine.worker.run_job import cause_from_error

_BRANCHES = {EaselError, errors.RequestError, errors.TransientError, errors.OperatorError}
LEAVES = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, EaselError) and kind not in _BRANCHES
]


def _sample(kind: type[EaselError]) -> EaselError:
    values: dict[str, object] = {"path": Path("/srv/model"), "known": ("one", "two"), "problems": ("It is wrong.",)}
    named = inspect.signature(kind.__init__).parameters.values()
    facts = {each.name: values.get(each.name, "x") for each in named if each.kind is each.KEYWORD_ONLY}
    return kind(**facts)


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_every_error_has_a_sentence(kind: type[EaselError]) -> None:
    """No operator sees a class name, and the stored cause of a failed job gives the same sentence."""
    error = _sample(kind)
    sentence = sentence_from_error(error)
    assert kind.__name__ not in sentence and sentence
    assert sentence_from_cause(cause_from_error(error)) == sentence


@pytest.mark.parametrize("kind", [errors.StoreUnavailable, errors.StorageFull])
def test_what_postgres_did_not_confirm_is_not_called_safe(kind: type[EaselError]) -> None:
    """Nor lost: only looking tells."""
    told, sure = sentence_from_error(kind(cause="it is gone", is_unsure=True)), sentence_from_error(kind(cause="gone"))
    assert "did not confirm" in told and "heck that before you run this again" in told
    assert "did not confirm" not in sure and "Nothing is lost" not in told


def test_exit_code_tells_who_must_act() -> None:
    """3 means that the request must change; the others say what the operator looks at."""
    assert exit_code_from_error(errors.PromptRefused(message="no")) == 3
    assert exit_code_from_error(errors.StorageFull()) == 6
    assert exit_code_from_cause(cause_from_error(errors.SizeUnsupported(width=1, height=9, model="m"))) == 3
    assert exit_code_from_cause(cause_from_error(ValueError("what was this"))) == 1


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.EDQUOT, "Free some space"),
        (errno.EACCES, "Change its owner"),
        (errno.EROFS, "Change its owner"),
        (errno.EADDRINUSE, "--port"),
    ],
)
def test_os_errors_say_what_to_do(number: int, advice: str) -> None:
    """Full disks, missing permissions and used ports each get their own advice."""
    sentence = sentence_from_os_error(OSError(number, "as the system says", "/srv/easel"))
    assert advice in sentence


def test_unknown_cause_is_shown() -> None:
    """An unknown cause of a failed job is shown with its message."""
    assert "RuntimeError, broken" in sentence_from_cause(cause_from_error(RuntimeError("broken")))


def test_a_schema_of_the_same_release_number_is_of_another_build() -> None:
    """Before a release is out, its number does not tell which build wrote the schema."""
    facts = {"revision": "9", "release": "Easel 1.0", "own_release": "Easel 1.0"}
    newer = sentence_from_error(errors.SchemaNewer(**facts, newest="4"))
    assert "written by a later build of Easel 1.0. This is Easel 1.0, which" in newer and "that build again" in newer
    outdated = sentence_from_error(errors.SchemaOutdated(**facts, missing=("10",)))
    assert "written by an earlier build of Easel 1.0 and lacks what this one needs" in outdated


@pytest.mark.parametrize("code", [errno.ENOENT, errno.ENOTDIR])
def test_a_folder_that_cannot_be_made_is_told_with_what_to_do(code: int) -> None:
    told = sentence_from_os_error(OSError(code, "Refused", "/proc/easel"))
    assert told.startswith("Refused: /proc/easel. Check this path")
