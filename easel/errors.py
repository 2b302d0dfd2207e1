"""What an operator reads when something goes wrong: one plain sentence per error that says what to do.

The sentences for members are in `bot/replies/__init__.py`.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from typing import Any

from easel.exit_codes import ExitCode
from engine.contract import errors
from engine.contract.store_faults import StoreFault

Facts = Mapping[str, Any]

_STORE_FIXES: Mapping[StoreFault, str] = {
    StoreFault.UNREACHABLE: (
        "Check that it runs, and that AWS_ENDPOINT_URL is its address, http:// or https:// included, such as "
        "http://minio:9000."
    ),
    StoreFault.NO_BUCKET: "Create the bucket that EASEL_STORAGE_URL names, or name one that exists.",
    StoreFault.NO_FOLDER: "Mount its disk again, or put the folder back from a backup; a restart makes it anew, empty.",
    StoreFault.WRONG_KEY: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a key of this service.",
    StoreFault.FORBIDDEN: (
        "Allow the key, or for a folder the user that runs Easel, to read and write in EASEL_STORAGE_URL. For S3, also "
        "check AWS_REGION."
    ),
    StoreFault.NO_CREDENTIALS: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    StoreFault.OVERWRITES: (
        "Update the service to a release with conditional writes, let no proxy remove the header If-None-Match, or "
        "name another store in EASEL_STORAGE_URL."
    ),
    StoreFault.BROKEN: "Its own log says why. Check EASEL_STORAGE_URL and AWS_ENDPOINT_URL.",
}

_ADD_ON_FIX = "Put its original files there, or remove its entry from EASEL_MODELS_FILE."

_SENTENCES: Mapping[type[errors.EaselError], Callable[[Facts], str]] = {
    errors.PromptRefused: lambda facts: str(facts["message"]),
    errors.PictureBarred: lambda facts: (
        "A picture is like one in EASEL_HASHES_FILE, so nothing was kept. Change the prompt or the picture."
    ),
    errors.TooManyPending: lambda facts: (
        f"You have reached the limit of {facts['limit']} unfinished jobs. Try again when some have finished."
    ),
    errors.MemberBanned: lambda facts: f"The member is banned: {facts.get('reason', '')}",
    errors.JobUnknown: lambda _: "Job not found.",
    errors.PictureUnknown: lambda _: (
        "Picture not found. `easel imagine` prints picture ids, and `easel export raw` has those of who agrees to it."
    ),
    errors.NotYours: lambda _: "Only the job's owner or an administrator can do that.",
    errors.JobOver: lambda facts: f"The job has already ended ({facts['status']}).",
    errors.ModelUnknown: lambda facts: (
        f'Unknown model "{facts["name"]}". Available: {_listed(facts["known"])}. '
        "Use one of them, or register the model in EASEL_MODELS_FILE."
    ),
    errors.OperationUnsupported: lambda facts: (
        f'The model "{facts["model"]}" does not support {facts["operation"]}. Choose another model with --model, '
        "or add the operation in EASEL_MODELS_FILE."
    ),
    errors.SourceMismatch: lambda facts: (
        f"The operation {facts['operation']} {'needs' if facts['needs_source'] else 'does not use'} a source picture."
    ),
    errors.NothingFound: lambda facts: (
        f'Nothing in the picture looks like "{facts.get("words", "")}". Name it in other words.'
    ),
    errors.SizeUnsupported: lambda facts: (
        f'The model "{facts["model"]}" cannot paint {facts["width"]} x {facts["height"]}. Choose another aspect ratio.'
    ),
    errors.SettingUnsupported: lambda facts: (
        f'The model "{facts["model"]}" does not support {facts["name"]} "{facts["value"]}".'
        + (f" Available: {_listed(facts['known'])}." if facts["known"] else "")
    ),
    errors.AdapterMismatch: lambda facts: (
        f'The adapter "{facts["name"]}" does not fit the model "{facts["model"]}": {facts["part"]}. '
        "Remove it from the prompt, or register it for the model that it was made for."
    ),
    errors.StoreUnavailable: lambda facts: (
        f"Postgres did not confirm what was to be saved{_cause(facts)}, so it may be saved or not. Check that before "
        "you run this again, and run `easel doctor` to find out why."
        if facts.get("is_unsure")
        else f"Cannot reach Postgres or the picture store{_cause(facts)}. Run `easel doctor` to find out why."
    ),
    errors.PictureStoreUnavailable: lambda facts: (
        f"The picture store {facts['fault']}{_cause(facts)}. "
        + _STORE_FIXES.get(facts["fault"], _STORE_FIXES[StoreFault.BROKEN])
    ),
    errors.StorageFull: lambda facts: (
        f"{_full_disk(facts)} is full. Free some space, or move EASEL_HOME, EASEL_STORAGE_URL or DATABASE_URL to "
        "another disk. "
        + (
            "Postgres did not confirm what was to be saved: check that before you run this again."
            if facts.get("is_unsure")
            else "Nothing is lost: waiting jobs continue afterwards."
        )
    ),
    errors.PainterLost: lambda _: "The painting process died. Its jobs are back in the queue; the log says why.",
    errors.PainterNotReady: lambda _: "The painting process does not start; the log says why. No job is lost.",
    errors.RequestLost: lambda _: "The painting process met an unexpected error; the log has its traceback.",
    errors.JobInterrupted: lambda _: "The engine is stopping. The job is back in the queue.",
    errors.WeightsMissing: lambda facts: (
        f"{_add_on(facts)} has no weights in {facts['path']}{_cause(facts)}. {_ADD_ON_FIX}"
        if "add_on" in facts
        else f"File not found: {facts['path']}{_cause(facts)}. Put it there, or remove the model or adapter that uses "
        "it."
        if str(facts["path"]).endswith(".safetensors")
        else f"Model not found: {facts['path']}{_cause(facts)}. Put its folder there, run `easel models fetch` if it "
        "comes from the Hugging Face Hub, or set EASEL_MODEL to another model."
    ),
    errors.WeightsMismatch: lambda facts: (
        f"The picture was painted with other weights than those in {facts['path']}: their SHA-256 begins with "
        f"{facts['painted_with'][:10]}. Restore them, or register them under the same name, to repaint it."
        if "painted_with" in facts
        else f"{facts['path']} is damaged or is not the registered file{_cause(facts)}. Restore the original files."
    ),
    errors.ModelBroken: lambda facts: (
        f"{_add_on(facts)} does not work: {facts['cause']}. {_ADD_ON_FIX}"
        if "add_on" in facts
        else f'The model "{facts["name"]}" does not work: {facts["cause"]}. Fix it, or set EASEL_MODEL to another '
        "model."
    ),
    errors.PaintedNothing: lambda facts: (
        f'The model "{facts["name"]}" painted no usable picture: {facts["cause"]}. Run `easel models check` to verify '
        "its files. If they are intact, remove its adapters and speed settings, or set EASEL_MODEL to another model."
    ),
    errors.SpeedUnsupported: lambda facts: (
        f'The model "{facts["name"]}" cannot use {facts["setting"]} here: {facts["cause"]}. Change its speed settings '
        "in EASEL_MODELS_FILE."
    ),
    errors.NoRoom: lambda facts: (
        f'The device has too little memory for one {facts["size"]} picture by the model "{facts["model"]}". Lower its '
        "default size and max_side in EASEL_MODELS_FILE, lower EASEL_MODELS_MEMORY so that it is loaded in parts, or "
        "close other programs that use the device."
        if facts["size"]
        else f'The device has too little memory for the model "{facts["model"]}". Lower EASEL_MODELS_MEMORY so that it '
        "is loaded in parts, set EASEL_MODEL to a smaller model, or close other programs that use the device."
    ),
    errors.PictureCorrupt: lambda facts: (
        f"The stored picture {facts.get('key', '')} is {facts.get('cause', 'damaged')}. "
        "Restore it from a backup of the picture store."
    ),
    errors.RecipeUnreadable: lambda facts: (
        f"Cannot read the picture's recipe: {'; '.join(map(str, _tuple(facts['problems'])))}. If a newer release of "
        "Easel painted it, repaint it with that release. Otherwise its row was changed: restore the database from a "
        "backup."
    ),
    errors.PostgresBroken: lambda facts: (
        f"The embedded Postgres does not start; the end of {facts['log']} says why. If the disk is full, free some "
        "space. If the data is damaged, restore EASEL_HOME from a backup."
    ),
    errors.SchemaOutdated: lambda facts: (
        "The database has no schema yet. Run `easel migrate`."
        if facts["revision"] is None
        else f"The database schema (revision {facts['revision']}) was written by {_writer(facts, 'older')} and lacks "
        f"what {_this_release(facts)} needs ({_listed(facts['missing'])} missing). Stop the bot and the engines, back "
        "up the database, and run `easel migrate`."
    ),
    errors.SchemaNewer: lambda facts: (
        f"The database schema (revision {facts['revision']}) was written by {_writer(facts, 'newer')}. This is "
        f"{facts['own_release']}, which knows revisions up to {facts['newest']}. Install {_former_release(facts)} "
        "again, or restore the backup of the database from before its upgrade."
    ),
    errors.DatabaseUnusable: lambda facts: "\n".join(map(str, _tuple(facts["problems"]))),
    errors.SettingsInvalid: lambda facts: "\n".join(map(str, _tuple(facts["problems"]))),
}


_BY_NAME = {kind.__name__: kind for kind in _SENTENCES}


def sentence_from_error(error: errors.EaselError) -> str:
    """Return what to tell the operator about `error`."""
    known = next((kind for kind in type(error).__mro__ if kind in _SENTENCES), None)
    return _SENTENCES[known](error.facts) if known else f"{type(error).__name__}: {error}"


def sentence_from_cause(cause: Facts) -> str:
    """Return what to tell the operator about the stored cause of a failed job."""
    known = _BY_NAME.get(cause["error"])
    return _SENTENCES[known](cause) if known else f"The job failed: {cause['error']}, {cause.get('message', '')}"


def sentence_from_os_error(error: OSError) -> str:
    """Return what to tell the operator about an error from the operating system."""
    path = f": {error.filename}" if error.filename else ""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"The disk is full{path}. Free some space, or set EASEL_HOME to a folder on another disk."
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"Permission denied{path}. Change its owner, or set EASEL_HOME to another folder."
        case errno.ENOTDIR | errno.ENOENT | errno.EEXIST if error.filename:
            return f"{error.strerror}{path}. Check this path and the folders above it."
        case errno.EADDRINUSE:
            return "The port is already in use. Stop the program that uses it, or choose another with --port."
        case _:
            return f"{error.strerror or error}{path}"


def exit_code_from_os_error(error: OSError) -> ExitCode:
    """Return the exit code for an error from the operating system."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ExitCode.STORAGE
    return ExitCode.SETTINGS if error.errno in _SETTINGS else ExitCode.FAILED


_SETTINGS = (errno.EADDRINUSE, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR)


def _cause(facts: Facts) -> str:
    return f" ({facts['cause']})" if "cause" in facts else ""


def _add_on(facts: Facts) -> str:
    """Return what works with models and does not itself, as the beginning of a sentence."""
    return f'The {facts["add_on"]} "{facts["add_on_name"]}"'


def _writer(facts: Facts, age: str) -> str:
    """Return who wrote the schema; before a release, its number does not tell which build of it."""
    if facts["release"] == facts["own_release"]:
        return f"{'a later' if age == 'newer' else 'an earlier'} build of {facts['release']}"
    if facts["release"]:
        return str(facts["release"])
    return "a newer release, or by another program" if age == "newer" else "an older release"


def _this_release(facts: Facts) -> str:
    return "this one" if facts["release"] == facts["own_release"] else str(facts["own_release"])


def _former_release(facts: Facts) -> str:
    if facts["release"] == facts["own_release"]:
        return "that build"
    return str(facts["release"] or "the release that wrote it")


def _full_disk(facts: Facts) -> str:
    if "path" in facts:
        return f"The disk of {facts['path']}"
    return "The disk of Postgres" if facts.get("place") == "database" else "The disk that holds the pictures"


def _tuple(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else tuple(value) if isinstance(value, list) else (value,)


def _listed(names: object) -> str:
    return ", ".join(str(name) for name in _tuple(names)) or "none"
