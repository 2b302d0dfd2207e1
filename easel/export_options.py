"""The options of `easel export` that say what of the log is exported."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import typer

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def _format_names(incomplete: str) -> list[str]:
    # Its libraries take a while to import.
    from engine.feedback.exports import FORMATS

    return [name for name in FORMATS if name.startswith(incomplete)]


def _check_name(name: str | None) -> str | None:
    if name is not None and not _NAME.fullmatch(name):
        raise typer.BadParameter("Use letters, digits, - and _, 64 at most, and begin with a letter or a digit.")
    return name


def _day_from_text(text: str) -> date:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise typer.BadParameter(f'"{text}" is not a day. Write it as year, month and day, such as 2026-01-31.')


FormatName = Annotated[
    str,
    typer.Argument(
        metavar="FORMAT",
        help="raw for everything, release for all that members agreed to publish, or one of its formats, such as "
        "pickapic; docs/exports.md lists them.",
        autocompletion=_format_names,
    ),
]
Release = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Name of the data set, in its card and folders.",
        callback=_check_name,
        show_default="today's date",
    ),
]

Since = Annotated[
    date | None, typer.Option(parser=_day_from_text, metavar="YYYY-MM-DD", help="First day (UTC) to export.")
]
Until = Annotated[
    date | None,
    typer.Option(parser=_day_from_text, metavar="YYYY-MM-DD", help="First day (UTC) not to export any more."),
]
OnlyModel = Annotated[str | None, typer.Option("--model", help="Export only pictures of this model.")]
MinWeight = Annotated[
    float, typer.Option(min=0.0, help="Export only preferences of this weight or more; docs/preferences.md has them.")
]
SplitSeed = Annotated[int, typer.Option(help="Seed of the splits; the same one keeps prompts in their splits.")]


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What of the log is exported."""

    since: date | None = None
    until: date | None = None
    model: str | None = None
    min_weight: float = 0.0
    split_seed: int = 0
    release: str | None = None
