"""`easel models`: lists, checks, adds and downloads models."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import cache, partial
from pathlib import Path

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn
from rich.table import Table

from easel.commands.model_reports import (
    ModelReport,
    print_report,
    report_on_adapter,
    report_on_folder,
    report_on_ip_adapter,
    report_on_model,
    report_on_module,
    report_on_upscaler,
)
from easel.exit_codes import ExitCode
from easel.output import Output, print_whole
from engine.contract.errors import SettingsInvalid, WeightsMissing
from engine.models import manage
from engine.models.files.locate import file_bytes, ip_adapter_files
from engine.models.files.weights import ProgressCallback, ignore_progress
from engine.models.folder_check import folder_statuses, record_folder_hash
from engine.models.ip_adapter_check import ip_adapter_status, ip_adapter_statuses, record_ip_adapter_hash
from engine.models.manage import (
    ModelStatus,
    adapter_statuses,
    add_model,
    model_status,
    record_adapter_hash,
    record_missing_hash,
    with_trial,
)
from engine.models.module_check import fetch_and_check, module_named, module_statuses, record_module_hash
from engine.models.registry.folders import TABLES
from engine.models.registry.registry import SHIPPED, Model, Registry, read_registry
from engine.models.upscaler_check import record_upscaler_hash, upscaler_statuses
from engine.painter.batch.host_memory import HostMemoryBound
from engine.painter.process.libraries import import_libraries
from engine.settings import EngineSettings


def show_models(settings: EngineSettings) -> None:
    """Print the registered models and what works with them, without reading their files."""
    registry = _registry(settings)
    default = registry.model(settings.model).name
    table = Table("model", "family", "size", "steps", "licence", "source", box=SIMPLE_HEAD, show_edge=False)
    for model in registry.models.values():
        name = f"{model.name} (default)" if model.name == default else model.name
        size = f"{model.defaults.width} x {model.defaults.height}"
        steps = str(model.defaults.steps)
        speed = (f"{name} {value}" for name, value in model.speed.overrides.items())
        family = ", ".join((model.family.name, *speed))
        table.add_row(name, family, size, steps, model.licence, _source_text(model))
    print_whole(table)
    for adapter in registry.adapters.values():
        _console().print(f"adapter {adapter.name}: {adapter.file}")
    for reader in registry.ip_adapters.values():
        place = reader.hub or str(reader.folder)
        _console().print(f"IP-Adapter {reader.name}: {reader.use}, {reader.licence}, {place}/{reader.file}")
    for upscaler in registry.upscalers.values():
        _console().print(f"upscaler {upscaler.name}: {upscaler.licence}, {upscaler.file}")
    for kind, named in registry.folders.items():
        for one in named.values():
            _console().print(f"{kind} {one.name}: {one.licence}, {one.folder}")
    for control in registry.controls.values():
        told = f"{control.kind}, {control.family}, {control.licence}, {control.hub or control.folder}"
        _console().print(f"control {control.name}: {told}")
    for motion in registry.motion_adapters.values():
        told = f"{motion.family}, {motion.licence}, {motion.hub or motion.folder}"
        _console().print(f"motion adapter {motion.name}: {told}")


def show_json(settings: EngineSettings) -> None:
    """Print the registered models and what works with them as one JSON object."""
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
    upscalers = [
        {"name": one.name, "licence": one.licence, "file": str(one.file)} for one in registry.upscalers.values()
    ]
    folders = {
        TABLES[kind]: [{"name": one.name, "licence": one.licence, "folder": str(one.folder)} for one in named.values()]
        for kind, named in registry.folders.items()
    }
    ip_adapters = [
        {"name": one.name, "use": str(one.use), "licence": one.licence, "source": one.hub or str(one.folder)}
        for one in registry.ip_adapters.values()
    ]
    controls = [
        {
            "name": one.name,
            "kind": one.kind,
            "family": one.family,
            "licence": one.licence,
            "source": one.hub or str(one.folder),
        }
        for one in registry.controls.values()
    ]
    motion_adapters = [
        {"name": one.name, "family": one.family, "licence": one.licence, "source": one.hub or str(one.folder)}
        for one in registry.motion_adapters.values()
    ]
    listed = {"models": models, "adapters": adapters, "ip_adapters": ip_adapters}
    listed |= {"upscalers": upscalers, **folders, "controls": controls, "motion_adapters": motion_adapters}
    typer.echo(json.dumps(listed, ensure_ascii=False, indent=2))


def print_names(settings: EngineSettings) -> None:
    """Print the name of each registered model on a line of its own."""
    for name in _registry(settings).models:
        typer.echo(name)


def check_models(settings: EngineSettings, output: Output) -> int:
    """Print the state of each model and of what works with models, and record missing hashes.

    Returns: the exit code of the first that cannot be used or whose hash cannot be written, otherwise 0.
    """
    registry = _registry(settings)
    reports: list[ModelReport] = []
    broken = set[str]()
    for name, model in registry.models.items():
        with _hash_progress(name, output) as watch:
            status = _tried(model_status(model, watch))
        if status.error is not None:
            broken.add(name)
        unwritten = _write_error(partial(record_missing_hash, registry, status))
        _print_or_keep(reports, report_on_model(status, unwritten), output)
    for adapted in adapter_statuses(registry, broken):
        unwritten = _write_error(partial(record_adapter_hash, registry, adapted))
        _print_or_keep(reports, report_on_adapter(adapted, unwritten), output)
    for reader in ip_adapter_statuses(registry):
        unwritten = _write_error(partial(record_ip_adapter_hash, registry, reader))
        _print_or_keep(reports, report_on_ip_adapter(reader, unwritten), output)
    for checked in upscaler_statuses(registry):
        unwritten = _write_error(partial(record_upscaler_hash, registry, checked))
        _print_or_keep(reports, report_on_upscaler(checked, unwritten), output)
    for registered in folder_statuses(registry):
        unwritten = _write_error(partial(record_folder_hash, registry, registered))
        _print_or_keep(reports, report_on_folder(registered, unwritten), output)
    for module in module_statuses(registry):
        unwritten = _write_error(partial(record_module_hash, registry, module))
        _print_or_keep(reports, report_on_module(module, unwritten), output)
    if output.as_json:
        output.print_json([asdict(report) for report in reports])
    return next((report.code for report in reports if report.code), ExitCode.DONE)


def _print_or_keep(reports: list[ModelReport], report: ModelReport, output: Output) -> None:
    """Print the report as soon as it is known, unless all are printed as one JSON array; a quiet one has problems."""
    if not output.as_json:
        print_report(report, quiet=output.quiet)
    if report.code or not output.quiet or not output.as_json:
        reports.append(report)


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


def _write_error(record: Callable[[], None]) -> SettingsInvalid | None:
    """Record a hash; return why it cannot be written, with the line to add by hand, or None."""
    try:
        record()
    except SettingsInvalid as error:
        return error
    return None


def register_model(
    settings: EngineSettings, output: Output, name: str, *, family: str, licence: str, source: dict[str, str]
) -> int:
    """Add a model to the operator's models file and print its state; return the exit code, 0 if it can be fetched.

    Raises: SettingsInvalid when EASEL_MODELS_FILE is not set or the entry would be invalid.
    """
    if settings.models_file is None:
        line = f'default = "{name}"'
        raise SettingsInvalid(problems=(f"Set EASEL_MODELS_FILE to a file of your own first, with the line: {line}",))
    with _hash_progress(name, output) as watch:
        added = add_model(settings.models_file, name, watch, family=family, licence=licence, **source)
    if "hub" in source and isinstance(added.error, WeightsMissing):
        told = asdict(report_on_model(added))
        output.print_done(f"Registered {name}. `easel models fetch {name}` downloads its files.", told)
        return ExitCode.DONE
    return _print(report_on_model(_tried(added)), output)


def fetch_model(settings: EngineSettings, output: Output, name: str) -> int:
    """Download a model or what works with models from the Hub and print its state; return the exit code.

    The hash of a model, a ControlNet or a motion adapter is recorded.

    Raises: ModelUnknown, WeightsMissing when the Hub cannot be reached or has no such model, WeightsMismatch,
    ModelBroken when the repository has no usable pipeline.
    """
    registry = _registry(settings)
    if name in registry.ip_adapters and name not in registry.models:
        ip_adapter_files(registry.ip_adapters[name], may_fetch=True)
        return _print(report_on_ip_adapter(ip_adapter_status(registry.ip_adapters[name], registry)), output)
    if (module := module_named(registry, name)) is not None and name not in registry.models:
        return _print(report_on_module(fetch_and_check(registry, module)), output)
    with _hash_progress(name, output) as watch:
        status = manage.fetch_model(registry, name, watch)
    report = report_on_model(status)
    if report.works:
        complete = "its files are complete. Run `easel models check` to see whether they also load"
        report = replace(report, notes=(*report.notes, complete))
    return _print(report, output)


def _print(report: ModelReport, output: Output) -> ExitCode:
    if output.as_json:
        output.print_json(asdict(report))
    else:
        print_report(report, quiet=output.quiet)
    return report.code


def _registry(settings: EngineSettings) -> Registry:
    return read_registry(settings.models_file or SHIPPED)


def _source_text(model: Model) -> str:
    source = model.source
    place = source.hub or str((source.folder or source.file or Path()).resolve())
    return f"{place}, {source.variant}" if source.variant else place


@contextmanager
def _hash_progress(name: str, output: Output) -> Iterator[ProgressCallback]:
    """Yield a callback that shows a progress bar on stderr if that is a terminal, from its first call on."""
    console = Console(stderr=True)
    if output.quiet or not console.is_terminal:
        yield ignore_progress
        return
    bar = Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), console=console, transient=True
    )
    task = bar.add_task(f"Hashing {name}", total=None)

    def show(done_bytes: int, total_bytes: int) -> None:
        bar.start()
        bar.update(task, completed=done_bytes, total=total_bytes)

    try:
        yield show
    finally:
        bar.stop()


def _console() -> Console:
    return Console(markup=False, emoji=False, highlight=False, soft_wrap=True)
