"""What an operator reads when something is wrong: one plain sentence for each error, saying what to do.

Sentences for members are elsewhere.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from typing import Any

from engine.contract import errors

Facts = Mapping[str, Any]

_SENTENCES: Mapping[type[errors.EaselError], Callable[[Facts], str]] = {
    errors.PromptRefused: lambda facts: str(facts["message"]),
    errors.TooManyPending: lambda _: "Too many jobs are waiting already: try again when some have finished.",
    errors.JobUnknown: lambda _: "There is no such job here.",
    errors.PictureUnknown: lambda _: (
        "There is no such picture here. `easel imagine` prints the ids of what it paints, `easel export raw` lists all."
    ),
    errors.NotYours: lambda _: "Only the job's owner or an administrator may do that.",
    errors.JobOver: lambda facts: f"That job has already ended: it is {facts['status']}.",
    errors.ModelUnknown: lambda facts: (
        f"There is no model called {facts['name']!r}. Known are: {_listed(facts['known'])}. "
        "Set EASEL_MODEL to one of them, or register another in EASEL_MODELS_FILE."
    ),
    errors.OperationUnsupported: lambda facts: (
        f"The model {facts['model']!r} has no {facts['operation']!r} among its operations: name another with --model, "
        "or add it in EASEL_MODELS_FILE."
    ),
    errors.SizeUnsupported: lambda facts: (
        f"The model {facts['model']!r} cannot paint {facts['width']} x {facts['height']}: ask for another aspect ratio."
    ),
    errors.SettingUnsupported: lambda facts: (
        f"The model {facts['model']!r} does not take {facts['name']} {facts['value']!r}."
        + (f" It takes: {_listed(facts['known'])}." if facts["known"] else "")
    ),
    errors.AdapterMismatch: lambda facts: (
        f"The adapter {facts['name']!r} does not fit the model {facts['model']!r}: {facts['part']}. "
        "Leave it out, or register it for the model that it is made for."
    ),
    errors.StoreUnavailable: lambda facts: (
        f"Postgres or the picture store cannot be reached{_cause(facts)}: `easel doctor` says which, and why."
    ),
    errors.PainterLost: lambda _: "The painting process died; its jobs are back in the queue. The log says why.",
    errors.JobInterrupted: lambda _: "The engine is stopping; the job is back in the queue.",
    errors.WeightsMissing: lambda facts: (
        f"There is no file {facts['path']}{_cause(facts)}. "
        "Put it there, or leave out the model or the adapter that it belongs to."
        if str(facts["path"]).endswith(".safetensors")
        else f"There is no model at {facts['path']}{_cause(facts)}. "
        "Put its folder there, fetch it with `easel models fetch` if it is the hub's, "
        "or set EASEL_MODEL to a model that is here."
    ),
    errors.WeightsMismatch: lambda facts: (
        f"{facts['path']} is damaged, or not what was registered{_cause(facts)}. Put the right files back."
    ),
    errors.ModelBroken: lambda facts: (
        f"The model {facts['name']!r} cannot be painted with: {facts['cause']}. "
        "Mend that, or set EASEL_MODEL to another."
    ),
    errors.PaintedNothing: lambda facts: (
        f"The model {facts['name']!r} painted nothing usable: {facts['cause']}. `easel models check` says whether its "
        "files are whole; if they are, leave out its adapters and its speed, or set EASEL_MODEL to another."
    ),
    errors.SpeedUnsupported: lambda facts: (
        f"The model {facts['name']!r} cannot have {facts['setting']} here: {facts['cause']}. Change its speed in "
        "EASEL_MODELS_FILE."
    ),
    errors.NoRoom: lambda facts: (
        f"The device has no room for one picture of {facts['size']} by the model {facts['model']!r}: set smaller "
        "defaults and a smaller max_side for it in EASEL_MODELS_FILE, set EASEL_MODELS_MEMORY lower, so that it is "
        "there in parts, or close other programs that use the device."
        if facts["size"]
        else f"The device has no room for the model {facts['model']!r}: set EASEL_MODELS_MEMORY lower, so that it is "
        "there in parts, set EASEL_MODEL to a smaller one, or close other programs that use the device."
    ),
    errors.StorageFull: lambda _: (
        "The disk that holds the pictures is full. Make room, or move EASEL_HOME or EASEL_STORAGE_URL to another disk; "
        "nothing is lost, waiting jobs go on then."
    ),
    errors.PictureCorrupt: lambda facts: (
        f"The stored picture {facts.get('key', '')} is {facts.get('cause', 'damaged')}: "
        "restore it from a backup of the picture store."
    ),
    errors.RecipeUnreadable: lambda facts: (
        f"The picture's recipe cannot be read: {'; '.join(map(str, _tuple(facts['problems'])))}. If a newer release of "
        "Easel painted it, repaint it with that one; if not, its row was changed: restore the database from a backup."
    ),
    errors.PostgresBroken: lambda facts: (
        f"The embedded Postgres does not start: the end of {facts['log']} says why. Make room where its disk is full; "
        "where its data is damaged, restore EASEL_HOME from a backup."
    ),
    errors.SettingsInvalid: lambda facts: "\n".join(map(str, _tuple(facts["problems"]))),
}


_BY_NAME = {kind.__name__: kind for kind in _SENTENCES}


def sentence_from_error(error: errors.EaselError) -> str:
    """Return what to tell the operator about `error`."""
    known = next((kind for kind in type(error).__mro__ if kind in _SENTENCES), None)
    return _SENTENCES[known](error.facts) if known else f"{type(error).__name__}: {error}"


def sentence_from_cause(cause: Facts) -> str:
    """Return what to tell the operator about the cause that a failed job keeps."""
    known = _BY_NAME.get(cause["error"])
    return _SENTENCES[known](cause) if known else f"The job failed: {cause['error']}, {cause.get('message', '')}"


def sentence_from_os_error(error: OSError) -> str:
    """Return what to tell the operator about a refusal of the operating system."""
    place = f" {error.filename}" if error.filename else ""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"The disk is full{place and ':' + place}. Make room, or set EASEL_HOME to a folder on another disk."
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"Easel may not write to{place or ' a file'}: change its owner, or set EASEL_HOME elsewhere."
        case errno.EADDRINUSE:
            return "The port is in use: stop what uses it, or choose another with --port."
        case _:
            return f"The system refused{place}: {error.strerror or error}."


def exit_code_from_error(error: errors.EaselError) -> int:
    """Return 2 where the request was wrong, 1 where it failed."""
    return 2 if isinstance(error, errors.RequestError) else 1


def exit_code_from_cause(cause: Facts) -> int:
    """Return 2 where the request of a failed job was wrong, 1 where it failed."""
    return 2 if issubclass(_BY_NAME.get(cause["error"], errors.EaselError), errors.RequestError) else 1


def _cause(facts: Facts) -> str:
    return f" ({facts['cause']})" if "cause" in facts else ""


def _tuple(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else tuple(value) if isinstance(value, list) else (value,)


def _listed(names: object) -> str:
    return ", ".join(str(name) for name in _tuple(names)) or "none"
