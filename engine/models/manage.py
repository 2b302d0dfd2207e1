"""The operator's tasks with the registry: list, check, fetch and add models and adapters, and record their hashes.

The file keeps its comments and its order: entries are appended, and hashes are inserted into the entry's text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from engine.contract.errors import AdapterMismatch, EaselError, NoRoom, SettingsInvalid, WeightsMismatch, WeightsMissing
from engine.models.files.adapter_fit import check_fit
from engine.models.files.adapter_prediction import prediction_warnings
from engine.models.files.adapter_settings import adapter_settings
from engine.models.files.clip_folder import clip_hash
from engine.models.files.locate import fetch, file_bytes, local_path
from engine.models.files.scheduler_check import check_scheduler, scheduler_of, scheduler_warnings
from engine.models.files.usage_metadata import unfollowed_metadata
from engine.models.files.verify import check_layout, verified_hash
from engine.models.files.weights import (
    ProgressCallback,
    check_complete,
    hash_of,
    header_of,
    ignore_progress,
)
from engine.models.recorded_hashes import record_hash
from engine.models.registry.adapters import Adapter
from engine.models.registry.registry import SHIPPED, Model, Registry, read_registry
from engine.models.registry.toml_edit import quoted, text_from_key
from engine.prompt import is_name


@dataclass(frozen=True, kw_only=True)
class ModelStatus:
    """The state of a registered model on this machine.

    path: its folder or file; None if it is missing.
    size_bytes: total size of its files. sha256: hash of the current files. clip_sha256: of its CLIP; None without one.
    unread: tensors and settings in its files that nobody reads, by name; empty before `with_trial`.
    error: why the model does not work; None if it does. more_errors: what else is wrong with it.
    warnings: what may not be meant although the model works.
    is_complete: whether its files have all parts, undamaged.
    """

    model: Model
    path: Path | None = None
    size_bytes: int = 0
    sha256: str | None = None
    clip_sha256: str | None = None
    unread: tuple[str, ...] = ()
    error: EaselError | None = None
    more_errors: tuple[EaselError, ...] = ()
    warnings: tuple[str, ...] = ()
    is_complete: bool = True


def with_trial(status: ModelStatus) -> ModelStatus:
    """Return the state of a model after its parts were loaded without their numbers; imports torch and diffusers.

    Those of a model with another error are loaded too, to tell all at once, unless something in its files is missing or
    damaged: what cannot be loaded without it would be told twice.
    """
    errors = [error for error in (status.error, *status.more_errors) if error is not None]
    if status.path is None or not status.is_complete:
        return status
    from engine.models.loading.errors import result_or_error
    from engine.models.loading.trial import try_loading

    unread = result_or_error(status.model.name, partial(try_loading, status.model))
    if isinstance(unread, tuple):
        return replace(status, unread=unread)
    error = unread if isinstance(unread, EaselError) else NoRoom(model=status.model.name)
    return _broken(status.model, status.path, [*errors, error])


def _broken(model: Model, path: Path | None, errors: Iterable[EaselError]) -> ModelStatus:
    """Return the state of a model with these errors, each told once."""
    first, *others = {str(error): error for error in errors}.values()
    return ModelStatus(model=model, path=path, error=first, more_errors=tuple(others))


def model_status(model: Model, on_progress: ProgressCallback = ignore_progress) -> ModelStatus:
    """Return the state of a model: whether its files are there, complete, match the recorded hash, and have a
    scheduler that it can be painted with.

    on_progress: called during hashing, which takes a while for a large model.
    """
    try:
        path = local_path(model)
        check_layout(model, path)
    except EaselError as error:
        return ModelStatus(model=model, error=error)
    errors = [*_scheduler_errors(model, path)]
    try:
        sha256 = verified_hash(model, path, on_progress)
        clip_sha256 = clip_hash(path, model.clip_sha256)
    except EaselError as error:
        return replace(_broken(model, path, [*errors, error]), is_complete=False)
    if errors:
        return _broken(model, path, errors)
    size_bytes, warnings = file_bytes(model), tuple(scheduler_warnings(model, path))
    unusable = _name_error("model", model.name)
    return ModelStatus(
        model=model,
        path=path,
        size_bytes=size_bytes,
        sha256=sha256,
        clip_sha256=clip_sha256,
        error=unusable,
        warnings=warnings,
    )


def _scheduler_errors(model: Model, path: Path) -> Iterator[EaselError]:
    try:
        if (saved := scheduler_of(model, path)) is not None:
            check_scheduler(model, saved)
    except EaselError as error:
        yield error


def fetch_model(registry: Registry, name: str, on_progress: ProgressCallback = ignore_progress) -> ModelStatus:
    """Download a model, record its hash if there is none, and return its state.

    Raises: ModelUnknown, WeightsMissing, WeightsMismatch, ModelBroken; see `locate.fetch`.
    """
    fetch(registry.model(name))
    status = model_status(registry.model(name), on_progress)
    record_missing_hash(registry, status)
    return status


def record_missing_hash(registry: Registry, status: ModelStatus) -> None:
    """Write the model's current hashes into the operator's file, but for those that the file has already."""
    if registry.path != SHIPPED:
        _record_missing_hashes(registry.path, status)


def _record_missing_hashes(path: Path, status: ModelStatus) -> None:
    for key in ("sha256", "clip_sha256"):
        current, recorded = getattr(status, key), getattr(status.model, key)
        if current is not None and recorded is None:
            record_hash(path, status.model.name, current, key=key)


def add_model(
    path: Path,
    name: str,
    on_progress: ProgressCallback = ignore_progress,
    /,
    *,
    family: str,
    licence: str,
    **source: str,
) -> ModelStatus:
    """Append a model to the registry file, with its hash if its files are on this machine.

    source: one of `folder`, `file` or `hub`, and `revision`, `variant` or `config` as in the file.
    on_progress: see `model_status`.

    Raises: SettingsInvalid if the model or the file is invalid; the file is then unchanged.
    """
    if (unusable := _name_error("model", name)) is not None:
        raise unusable
    before = path.read_bytes()
    values = {"family": family, "licence": licence, **source}
    lines = [f"[models.{text_from_key(name)}]", *(f"{key} = {quoted(value)}" for key, value in values.items())]
    path.write_bytes(before.rstrip() + ("\n\n" + "\n".join(lines) + "\n").encode())
    try:
        status = model_status(read_registry(path).model(name), on_progress)
    except SettingsInvalid:
        path.write_bytes(before)
        raise
    _record_missing_hashes(path, status)
    return status


def _name_error(kind: str, name: str) -> SettingsInvalid | None:
    """Return the error of a name that prompts cannot use, or None."""
    if is_name(name):
        return None
    problem = (
        f"Prompts cannot use the {kind} name {name!r}. A name starts with a letter from A to Z or a digit, followed by"
        " at most 63 letters, digits, _, . or -."
    )
    return SettingsInvalid(problems=(problem,))


@dataclass(frozen=True, kw_only=True)
class AdapterStatus:
    """The state of a registered adapter on this machine.

    fits: the models that it was checked against and fits; models with missing or damaged files are not checked.
    size_bytes, sha256: size and hash of its file. error: why the adapter does not work; None if it does.
    more_errors: what else is wrong with it. warnings: what may not be meant although the adapter works.
    """

    adapter: Adapter
    fits: tuple[str, ...] = ()
    size_bytes: int = 0
    sha256: str | None = None
    error: EaselError | None = None
    more_errors: tuple[EaselError, ...] = ()
    warnings: tuple[str, ...] = ()


def adapter_statuses(registry: Registry, broken: Collection[str] = ()) -> Iterator[AdapterStatus]:
    """Yield the state of each adapter: whether its file is there, complete, matches its hash and fits its models.

    broken: names of models that cannot be used, so that nothing need fit them.
    """
    for adapter in registry.adapters.values():
        yield _adapter_status(adapter, registry, broken)


def record_adapter_hash(registry: Registry, status: AdapterStatus) -> None:
    """Write the adapter's current hash into the operator's file, unless the file has one already."""
    if status.sha256 is not None and status.adapter.sha256 is None and registry.path != SHIPPED:
        record_hash(registry.path, status.adapter.name, status.sha256, table="adapters")


def _adapter_status(adapter: Adapter, registry: Registry, broken: Collection[str]) -> AdapterStatus:
    try:
        check_complete(adapter.file)
        sha256 = hash_of(adapter.file)
        if adapter.sha256 not in (None, sha256):
            raise WeightsMismatch(path=adapter.file)
        usable = [model for model in _models_of(adapter, registry) if model.name not in broken]
    except EaselError as error:
        return AdapterStatus(adapter=adapter, error=error)
    found = [(model.name, _misfit(adapter, model)) for model in usable]
    found = [(name, _unknown_settings(adapter) if part == "" else part) for name, part in found]
    if errors := [*_misfits(adapter, found)]:
        return AdapterStatus(adapter=adapter, error=errors[0], more_errors=tuple(errors[1:]))
    fitting = [model for model, (_, part) in zip(usable, found, strict=True) if part == ""]
    told = [told for model in fitting for told in prediction_warnings(adapter.file, model, local_path(model))]
    told += unfollowed_metadata(header_of(adapter.file), adapter.family)
    return AdapterStatus(
        adapter=adapter,
        fits=tuple(model.name for model in fitting),
        size_bytes=adapter.file.stat().st_size,
        sha256=sha256,
        error=_name_error("adapter", adapter.name),
        warnings=tuple(dict.fromkeys(told)),
    )


def _unknown_settings(adapter: Adapter) -> str:
    """Return what the adapter's metadata sets that loading it would fail on, or nothing."""
    header = header_of(adapter.file)
    if not adapter_settings(header):
        return ""
    from engine.models.loading.adapter_trial import unknown_settings

    return unknown_settings(header) or ""


def _models_of(adapter: Adapter, registry: Registry) -> tuple[Model, ...]:
    """Return the models that the adapter is registered for."""
    if adapter.model is None:
        return tuple(model for model in registry.models.values() if adapter in registry.adapters_of(model))
    if adapter.model not in registry.models:
        part = "no model has that name"
        raise AdapterMismatch(name=adapter.name, model=adapter.model, part=part)
    return (registry.models[adapter.model],)


def _misfit(adapter: Adapter, model: Model) -> str | None:
    """Return why the adapter does not fit; empty if it does, None if the model's files are missing or damaged."""
    try:
        check_fit(adapter, model, local_path(model))
    except AdapterMismatch as error:
        return error.part
    except (WeightsMissing, WeightsMismatch):
        return None
    return ""


def _misfits(adapter: Adapter, found: Iterable[tuple[str, str | None]]) -> Iterator[AdapterMismatch]:
    """Yield an error for each reason why the adapter does not fit, with all models for which it is the reason."""
    models: dict[str, list[str]] = {}
    for name, part in found:
        if part:
            models.setdefault(part, []).append(name)
    for part, (first, *others) in models.items():
        more = f", nor {', '.join(others)} for the same reason" if others else ""
        yield AdapterMismatch(name=adapter.name, model=first, part=f"{part}{more}")
