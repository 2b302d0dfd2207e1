"""The state of a model or of what works with models as `easel models` prints it, in sentences or as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

import typer
from rich.console import Console
from rich.markup import escape

from easel.errors import sentence_from_error
from easel.exit_codes import ExitCode, exit_code_from_error
from engine.contract.add_ons import AddOn
from engine.contract.errors import EaselError
from engine.models.folder_check import FolderStatus
from engine.models.ip_adapter_check import IPAdapterStatus
from engine.models.manage import AdapterStatus, ModelStatus
from engine.models.module_check import ModuleStatus
from engine.models.upscaler_check import UpscalerStatus

# Names that begin alike, above which one pattern stands for all of them.
_MOST_ALIKE = 12


@dataclass(frozen=True, kw_only=True)
class ModelReport:
    """What `easel models` knows of a model or of what works with models.

    kind: "model", "adapter", "IP-Adapter", "upscaler", "segmenter", "captioner", "classifier", "scorer", "control" or
        "motion adapter".
    path: of its folder or file. size_bytes, sha256: of its files.
    fits: the models that an adapter, a ControlNet or a motion adapter fits; None for anything else.
    problems: what is wrong and what to do, also why its hash could not be written. code: the exit code of the first.
    works: whether it can be used.
    """

    kind: str
    name: str
    path: str | None = None
    size_bytes: int = 0
    sha256: str | None = None
    fits: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    works: bool = True
    code: ExitCode = ExitCode.DONE


def report_on_model(status: ModelStatus, unwritten: EaselError | None = None) -> ModelReport:
    """Return the report on a model; `unwritten` is why its hash could not be written."""
    unread = [f"not used: {', '.join(_grouped(status.unread))}"] if status.unread else []
    return ModelReport(
        kind="model",
        name=status.model.name,
        path=str(status.path.resolve()) if status.path else None,
        size_bytes=status.size_bytes,
        sha256=status.sha256,
        notes=(*status.warnings, *unread),
        problems=tuple(map(sentence_from_error, filter(None, (status.error, *status.more_errors, unwritten)))),
        works=status.error is None,
        code=_code_of(status.error or unwritten),
    )


def report_on_adapter(status: AdapterStatus, unwritten: EaselError | None = None) -> ModelReport:
    """Return the report on an adapter; `unwritten` is why its hash could not be written."""
    return ModelReport(
        kind="adapter",
        name=status.adapter.name,
        path=str(status.adapter.file.resolve()),
        size_bytes=status.size_bytes,
        sha256=status.sha256,
        fits=tuple(status.fits),
        notes=status.warnings,
        problems=tuple(map(sentence_from_error, filter(None, (status.error, *status.more_errors, unwritten)))),
        works=status.error is None,
        code=_code_of(status.error or unwritten),
    )


def report_on_ip_adapter(status: IPAdapterStatus, unwritten: EaselError | None = None) -> ModelReport:
    """Return the report on an IP-Adapter; `unwritten` is why its hash could not be written."""
    return ModelReport(
        kind="IP-Adapter",
        name=status.adapter.name,
        path=str(status.path.resolve()) if status.path else None,
        size_bytes=status.size_bytes,
        sha256=status.sha256,
        fits=status.fits,
        notes=(f"reads pictures for their {status.adapter.use}",) if status.error is None else (),
        problems=tuple(map(sentence_from_error, filter(None, (status.error, unwritten)))),
        works=status.error is None,
        code=_code_of(status.error or unwritten),
    )


def report_on_upscaler(status: UpscalerStatus, unwritten: EaselError | None = None) -> ModelReport:
    """Return the report on an upscaler; `unwritten` is why its hash could not be written."""
    return ModelReport(
        kind="upscaler",
        name=status.upscaler.name,
        path=str(status.upscaler.file.resolve()),
        size_bytes=status.size_bytes,
        sha256=status.sha256,
        notes=(f"enlarges {status.scale}x",) if status.error is None else (),
        problems=tuple(map(sentence_from_error, filter(None, (status.error, unwritten)))),
        works=status.error is None,
        code=_code_of(status.error or unwritten),
    )


def report_on_folder(status: FolderStatus, unwritten: EaselError | None = None) -> ModelReport:
    """Return the report on what is registered by its folder; `unwritten` is why its hash could not be written."""
    return ModelReport(
        kind=status.registered.kind.value,
        name=status.registered.name,
        path=str(status.registered.folder.resolve()),
        size_bytes=status.size_bytes,
        sha256=status.sha256,
        problems=tuple(map(sentence_from_error, filter(None, (status.error, unwritten)))),
        works=status.error is None,
        code=_code_of(status.error or unwritten),
    )


def report_on_module(status: ModuleStatus, unwritten: EaselError | None = None) -> ModelReport:
    """Return the report on a ControlNet or motion adapter; `unwritten` is why its hash could not be written."""
    return ModelReport(
        kind="control" if status.kind is AddOn.CONTROL else status.kind.value,
        name=status.module.name,
        path=str(status.path.resolve()) if status.path else None,
        size_bytes=status.size_bytes,
        sha256=status.sha256,
        fits=status.fits,
        notes=status.misfits,
        problems=tuple(map(sentence_from_error, filter(None, (status.error, unwritten)))),
        works=status.error is None,
        code=_code_of(status.error or unwritten),
    )


def print_report(report: ModelReport, *, quiet: bool) -> None:
    """Print the report in a few lines; a quiet one has only what is wrong."""
    name = report.name if report.kind == "model" else f"{report.kind} {report.name}"
    if report.works and not quiet:
        fits = "" if report.fits is None else f", fits {', '.join(report.fits) or 'no registered model'}"
        _print_line("[green]ok[/green]   ", name, f"{report.path}, {report.size_bytes / 2**20:,.0f} MiB{fits}")
        typer.echo(f"      sha256 {report.sha256}")
        for note in report.notes:
            _print_line("[yellow]Note[/yellow] ", name, note)
    for problem in report.problems:
        _print_line("[red]Fix[/red]  ", name, problem)


def _print_line(mark: str, name: str, told: str) -> None:
    Console(highlight=False, soft_wrap=True).print(f"{mark} [bold]{escape(name)}[/bold]  {escape(told)}")


def _code_of(error: EaselError | None) -> ExitCode:
    return exit_code_from_error(error) if error else ExitCode.DONE


def _grouped(names: Iterable[str]) -> Iterator[str]:
    """Yield the names; many tensors that begin alike, as the averaged weights of a training do, as one pattern."""
    for start, group in groupby(sorted(names), lambda name: name if ".json: " in name else name.partition(".")[0]):
        alike = list(group)
        yield from alike if len(alike) <= _MOST_ALIKE else [f"{start}.* ({len(alike)} tensors)"]
