"""`easel models`: lists, checks, adds and downloads models."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from itertools import groupby
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn
from rich.table import Table

from easel.errors import sentence_from_error
from engine.contract.errors import EaselError, SettingsInvalid
from engine.models import manage
from engine.models.files.locate import file_bytes
from engine.models.files.weights import ProgressCallback, ignore_progress
from engine.models.manage import (
    AdapterStatus,
    ModelStatus,
    adapter_statuses,
    add_model,
    model_status,
    record_adapter_hash,
    record_missing_hash,
    with_trial,
)
from engine.models.registry.registry import SHIPPED, Model, Registry, read_registry
from engine.painter.batch.host_memory import HostMemoryBound
from engine.painter.process.libraries import import_libraries
from engine.settings import EngineSettings

# Names that begin alike, above which one pattern stands for all of them.
_MOST_ALIKE = 12


def show_models(settings: EngineSettings) -> None:
    """Print the registered models and adapters, without reading their files."""
    registry = _registry(settings)
    default = registry.model(settings.model).name
    table = Table("model", "family", "size", "steps", "licence")
    # A path that does not fit goes on in the next line.
    table.add_column("source", overflow="fold")
    for model in registry.models.values():
        name = f"{model.name} (default)" if model.name == default else model.name
        size = f"{model.defaults.width} x {model.defaults.height}"
        steps = str(model.defaults.steps)
        speed = (f"{name} {value}" for name, value in model.speed.overrides.items())
        family = ", ".join((model.family.name, *speed))
        table.add_row(name, family, size, steps, model.licence, escape(_source_text(model)))
    _console().print(table)
    for adapter in registry.adapters.values():
        _console().print(f"adapter {adapter.name}: {escape(str(adapter.file))}")


def show_json(settings: EngineSettings) -> None:
    """Print the registered models and adapters as one JSON object."""
    registry = _registry(settings)
    default = registry.model(settings.model).name
    models = [
        {
            "name": model.name,
            "is_default": model.name == default,
            "family": model.family.name,
            "width": model.defaults.width,
            "height": model.defaults.height,
            "steps": model.defaults.steps,
            "speed": {name: str(value) for name, value in model.speed.overrides.items()},
            "licence": model.licence,
            "source": _source_text(model),
        }
        for model in registry.models.values()
    ]
    adapters = [{"name": adapter.name, "file": str(adapter.file)} for adapter in registry.adapters.values()]
    typer.echo(json.dumps({"models": models, "adapters": adapters}, ensure_ascii=False, indent=2))


def print_names(settings: EngineSettings) -> None:
    """Print the name of each registered model on a line of its own."""
    for name in _registry(settings).models:
        typer.echo(name)


def check_models(settings: EngineSettings) -> int:
    """Print the state of each model and adapter, and record missing hashes.

    Returns: 1 when one of them cannot be used or its hash cannot be written, otherwise 0.
    """
    registry = _registry(settings)
    num_failed, broken = 0, set[str]()
    for name, model in registry.models.items():
        with _hash_progress(name) as watch:
            status = _tried(model_status(model, watch))
        if status.error is not None:
            broken.add(name)
        _show(status)
        num_failed += not _is_recorded(name, partial(record_missing_hash, registry, status))
    num_failed += len(broken)
    for adapted in adapter_statuses(registry, broken):
        num_failed += adapted.error is not None
        _show_adapter(adapted)
        num_failed += not _is_recorded(
            f"adapter {adapted.adapter.name}", partial(record_adapter_hash, registry, adapted)
        )
    return 1 if num_failed else 0


def _tried(status: ModelStatus) -> ModelStatus:
    """Return the state after a trial, for which the libraries of the painter are imported: once, and only if needed."""
    if status.path is None:
        return status
    bound = _memory_bound()
    with bound.bounded(file_bytes(status.model)):
        return with_trial(status)


@cache
def _memory_bound() -> HostMemoryBound:
    import_libraries(compiles=False)
    return HostMemoryBound()


def _is_recorded(name: str, record: Callable[[], None]) -> bool:
    """Record a hash and return True; if it cannot be written, print the line to add by hand."""
    try:
        record()
    except SettingsInvalid as error:
        _show_problem(name, error)
        return False
    return True


def register_model(settings: EngineSettings, name: str, *, family: str, licence: str, source: dict[str, str]) -> int:
    """Add a model to the operator's models file and print its state; return 1 when its files are not here yet.

    Raises: SettingsInvalid when EASEL_MODELS_FILE is not set or the entry would be invalid.
    """
    if settings.models_file is None:
        raise SettingsInvalid(
            problems=(f"Set EASEL_MODELS_FILE to a file of your own first, such as a copy of {SHIPPED}.",)
        )
    with _hash_progress(name) as watch:
        status = _tried(add_model(settings.models_file, name, watch, family=family, licence=licence, **source))
    _show(status)
    return 1 if status.error else 0


def fetch_model(settings: EngineSettings, name: str) -> int:
    """Download a model from the Hugging Face Hub, record its hash and print its state; return 1 when it is not usable.

    Raises: ModelUnknown, WeightsMissing when the Hub cannot be reached or has no such model, WeightsMismatch,
    ModelBroken when the repository has no usable pipeline.
    """
    with _hash_progress(name) as watch:
        status = manage.fetch_model(_registry(settings), name, watch)
    _show(status)
    if status.error is None:
        _show_note(name, "its files are complete. Run `easel models check` to see whether they also load")
    return 1 if status.error else 0


def _registry(settings: EngineSettings) -> Registry:
    return read_registry(settings.models_file or SHIPPED)


def _source_text(model: Model) -> str:
    source = model.source
    place = source.hub or str((source.folder or source.file or Path()).resolve())
    return f"{place}, {source.variant}" if source.variant else place


@contextmanager
def _hash_progress(name: str) -> Iterator[ProgressCallback]:
    """Yield a callback that shows a progress bar on stderr if that is a terminal, from its first call on."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield ignore_progress
        return
    bar = Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=console, transient=True)
    task = bar.add_task(f"Hashing {name}", total=None)

    def show(done_bytes: int, total_bytes: int) -> None:
        bar.start()
        bar.update(task, completed=done_bytes, total=total_bytes)

    try:
        yield show
    finally:
        bar.stop()


def _show(status: ModelStatus) -> None:
    if status.error is not None:
        for error in (status.error, *status.more_errors):
            _show_problem(status.model.name, error)
        return
    assert status.path is not None
    _show_ok(status.model.name, f"{status.path.resolve()}, {_size_text(status.size_bytes)}", status.sha256)
    for warning in status.warnings:
        _show_note(status.model.name, warning)
    if status.unread:
        unread = ", ".join(_grouped(status.unread))
        _show_note(status.model.name, f"not used: {unread}")


def _grouped(names: Iterable[str]) -> Iterator[str]:
    """Yield the names; many that begin alike, as the averaged weights of a training do, as one pattern."""
    for start, group in groupby(sorted(names), lambda name: name.partition(".")[0]):
        alike = list(group)
        yield from alike if len(alike) <= _MOST_ALIKE else [f"{start}.* ({len(alike)} tensors)"]


def _show_adapter(status: AdapterStatus) -> None:
    adapter = status.adapter
    name = f"adapter {adapter.name}"
    if status.error is not None:
        for error in (status.error, *status.more_errors):
            _show_problem(name, error)
        return
    fits = ", ".join(status.fits) or "no registered model"
    _show_ok(name, f"{adapter.file.resolve()}, {_size_text(status.size_bytes)}, fits {fits}", status.sha256)


def _show_problem(name: str, error: EaselError) -> None:
    _console().print(f"[red]Fix[/red]   [bold]{name}[/bold]  {escape(sentence_from_error(error))}")


def _show_note(name: str, note: str) -> None:
    _console().print(f"[yellow]Note[/yellow]  [bold]{name}[/bold]  {escape(note)}")


def _show_ok(name: str, details: str, sha256: str | None) -> None:
    _console().print(f"[green]ok[/green]    [bold]{name}[/bold]  {escape(details)}")
    typer.echo(f"      sha256 {sha256}")


def _size_text(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:,.0f} MiB"


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)
