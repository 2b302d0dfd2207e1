"""`easel models`: the registry as its operator works with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn
from rich.table import Table

from easel.errors import sentence_from_error
from engine.contract.errors import EaselError, SettingsInvalid
from engine.models import manage
from engine.models.files.weights import Watch, unwatched
from engine.models.manage import (
    AdapterStanding,
    Standing,
    adapter_standings,
    add_model,
    record_adapter,
    record_first,
    standing_of,
)
from engine.models.registry.registry import SHIPPED, Model, Registry, read_registry
from engine.settings import EngineSettings


def show_models(settings: EngineSettings) -> None:
    """Print what is registered; the files themselves are not looked at."""
    registry = _registry(settings)
    default = registry.model(settings.model).name
    table = Table("model", "family", "size", "steps", "licence", "source")
    for model in registry.models.values():
        name = f"{model.name} (default)" if model.name == default else model.name
        size = f"{model.defaults.width} x {model.defaults.height}"
        steps = str(model.defaults.steps)
        chosen = (f"{name} {value}" for name, value in model.speed.given.items())
        kind = ", ".join((model.family.name, *chosen))
        table.add_row(name, kind, size, steps, model.licence, escape(_source_text(model)))
    _console().print(table)
    for adapter in registry.adapters.values():
        _console().print(f"adapter {adapter.name}: {escape(str(adapter.file))}")


def check_models(settings: EngineSettings) -> int:
    """Print how each model and adapter stands, and record the hashes of those that have none.

    Returns: 1 when one of them cannot be used, or its hash not be written, otherwise 0.
    """
    registry = _registry(settings)
    num_faulty = 0
    for name, model in registry.models.items():
        with _hashing(name) as watch:
            standing = standing_of(model, watch)
        num_faulty += standing.error is not None
        _show(standing)
        num_faulty += not _is_recorded(name, partial(record_first, registry, standing))
    for adapted in adapter_standings(registry):
        num_faulty += adapted.error is not None
        _show_adapter(adapted)
        num_faulty += not _is_recorded(f"adapter {adapted.adapter.name}", partial(record_adapter, registry, adapted))
    return 1 if num_faulty else 0


def _is_recorded(name: str, record: Callable[[], None]) -> bool:
    """Record a hash and return True; where it cannot be written, show what to write by hand."""
    try:
        record()
    except SettingsInvalid as error:
        _show_fault(name, error)
        return False
    return True


def register_model(settings: EngineSettings, name: str, *, family: str, licence: str, source: dict[str, str]) -> int:
    """Add a model to the operator's file and print how it stands; return 1 when its files are not here yet.

    Raises: SettingsInvalid without a file of the operator's own, or when the entry would be faulty.
    """
    if settings.models_file is None:
        raise SettingsInvalid(
            problems=(f"Set EASEL_MODELS_FILE to a file of your own first; a copy of {SHIPPED} is a good beginning.",)
        )
    with _hashing(name) as watch:
        standing = add_model(settings.models_file, name, watch, family=family, licence=licence, **source)
    _show(standing)
    return 1 if standing.error else 0


def fetch_model(settings: EngineSettings, name: str) -> int:
    """Bring a hub model's files here, record their hash and print how it then stands; return 1 when it is not usable.

    Raises: ModelUnknown, WeightsMissing when the hub cannot be reached or has no such model, WeightsMismatch,
    ModelBroken when what it has makes no pipeline.
    """
    with _hashing(name) as watch:
        standing = manage.fetch_model(_registry(settings), name, watch)
    _show(standing)
    return 1 if standing.error else 0


def _registry(settings: EngineSettings) -> Registry:
    return read_registry(settings.models_file or SHIPPED)


def _source_text(model: Model) -> str:
    source = model.source
    place = source.hub or str((source.folder or source.file or Path()).resolve())
    return f"{place}, {source.variant}" if source.variant else place


@contextmanager
def _hashing(name: str) -> Iterator[Watch]:
    """Give what shows a bar on stderr, where that is a terminal, from when it is first told how far hashing is."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield unwatched
        return
    bar = Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=console, transient=True)
    task = bar.add_task(f"reading {name}", total=None)

    def show(done_bytes: int, total_bytes: int) -> None:
        bar.start()
        bar.update(task, completed=done_bytes, total=total_bytes)

    try:
        yield show
    finally:
        bar.stop()


def _show(standing: Standing) -> None:
    if standing.error is not None:
        _show_fault(standing.model.name, standing.error)
        return
    assert standing.place is not None
    _show_sound(standing.model.name, f"{standing.place.resolve()}, {_size_text(standing.size_bytes)}", standing.sha256)


def _show_adapter(standing: AdapterStanding) -> None:
    adapter = standing.adapter
    name = f"adapter {adapter.name}"
    if standing.error is not None:
        _show_fault(name, standing.error)
        return
    fits = ", ".join(standing.fits) or "no model that is here"
    _show_sound(name, f"{adapter.file.resolve()}, {_size_text(standing.size_bytes)}, fits {fits}", standing.sha256)


def _show_fault(name: str, error: EaselError) -> None:
    _console().print(f"[red]MEND[/red]  [bold]{name}[/bold]  {escape(sentence_from_error(error))}")


def _show_sound(name: str, about: str, sha256: str | None) -> None:
    _console().print(f"[green]ok[/green]    [bold]{name}[/bold]  {escape(about)}")
    typer.echo(f"      sha256 {sha256}")


def _size_text(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:,.0f} MiB"


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)
