"""The options of `easel export` that say what of the log is exported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

_DAY = ["%Y-%m-%d"]

Since = Annotated[datetime | None, typer.Option(formats=_DAY, help="First day (UTC) to export.")]
Until = Annotated[datetime | None, typer.Option(formats=_DAY, help="First day (UTC) not to export any more.")]
OnlyModel = Annotated[str | None, typer.Option("--model", help="Export only pictures of this model.")]
MinWeight = Annotated[
    float, typer.Option(min=0.0, help="Export only preferences of this weight or more; docs/preferences.md has them.")
]
SplitSeed = Annotated[int, typer.Option(help="Seed of the splits; the same one keeps prompts in their splits.")]


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What of the log is exported."""

    since: datetime | None = None
    until: datetime | None = None
    model: str | None = None
    min_weight: float = 0.0
    split_seed: int = 0
