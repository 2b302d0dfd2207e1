"""`easel stats`: prints what members press, how they rate and how far they agree, as the statistics page does."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.table import Table

from easel.output import Output
from easel.postgres import open_migrated_postgres
from engine.feedback.stats.summary import LogSummary, RatedResult, RatingCounts, summary_to_json
from engine.feedback.store.summary import read_summary
from engine.settings import EngineSettings
from engine.store.database import open_database

_BAR_WIDTH = 30
_MAX_DAYS = 31
_RATINGS = ("😖", "🙁", "🙂", "😍")


async def show_stats(days: int | None, settings: EngineSettings, output: Output) -> None:
    """Print the summary of the last `days` days, or of the whole log; with `quiet`, nothing but JSON."""
    since = None if days is None else (datetime.now(UTC) - timedelta(days=days - 1)).date()
    async with (
        open_migrated_postgres(settings) as url,
        open_database(url, pool_size=1) as database,
        database.begin(limit=None) as connection,
    ):
        summary = await read_summary(connection, since=since)
    if output.as_json:
        output.print_json(summary_to_json(summary))
    elif not output.quiet:
        _print(summary, Console(markup=False, emoji=False))


def _print(summary: LogSummary, console: Console) -> None:
    raters, agreement = summary.raters, summary.agreement
    if not raters.presses:
        when = "yet" if summary.since is None else f"since {summary.since.isoformat()}"
        console.print(f"Nobody has pressed or rated anything {when}, so there is nothing to show.")
        return
    members = f"{raters.members:,} {'member' if raters.members == 1 else 'members'}"
    console.print(f"{raters.presses:,} presses by {members}; Gini coefficient {raters.gini:.2f}.")
    if agreement.of_two is not None:
        console.print(
            f"Two members who answered the same pair agree in {agreement.of_two:.1%} of {agreement.pairs:,} pairs."
        )
    tables = (
        _days(summary),
        _verbs(summary),
        _slots(summary),
        _ratings("Model", [(rated.model or "not recorded", rated.ratings) for rated in summary.models]),
        _ratings("Prompt", [(rated.prompt, rated.ratings) for rated in summary.prompts]),
        _results("Rated best", summary.best),
        _results("Rated worst", summary.worst),
    )
    for table in tables:
        if table.row_count:
            console.print()
            console.print(table)


def _table(*columns: str) -> Table:
    """Return a table whose first column is words that may be folded, and whose others are figures."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left", overflow="fold")
    return table


def _days(summary: LogSummary) -> Table:
    """Return the newest days that have presses."""
    presses: Counter[str] = Counter()
    for counted in summary.days:
        presses[counted.day.isoformat()] += counted.presses
    table, most = _table("Day (UTC)", "Presses"), max(presses.values(), default=0)
    table.add_column("")
    for day, count in sorted(presses.items())[-_MAX_DAYS:]:
        table.add_row(day, f"{count:,}", "█" * max(1, round(_BAR_WIDTH * count / most)))
    return table


def _verbs(summary: LogSummary) -> Table:
    presses: Counter[str] = Counter()
    for counted in summary.days:
        presses[counted.verb.value] += counted.presses
    table = _table("Button", "Presses", "Share")
    for verb, count in presses.most_common():
        table.add_row(verb, f"{count:,}", f"{count / summary.raters.presses:.1%}")
    return table


def _slots(summary: LogSummary) -> Table:
    table = _table("Choices by slot", "Choices", "Shares with 95 % intervals", "p")
    for choices in summary.slots:
        shares = choices.shares.shares
        listed = "  ".join(f"{share.share:.0%} ({share.low:.0%}-{share.high:.0%})" for share in shares)
        name = f"{choices.verb.value} of {choices.num_slots}"
        table.add_row(name, f"{shares[0].total:,}", listed, f"{choices.shares.test.p_value:.2g}")
    return table


def _ratings(heading: str, rated: list[tuple[str, RatingCounts]]) -> Table:
    table = _table(heading, *_RATINGS, "Mean")
    for name, ratings in rated:
        mean = "" if ratings.mean is None else f"{ratings.mean:.2f}"
        table.add_row(name, *(f"{count:,}" for count in ratings.counts), mean)
    return table


def _results(heading: str, results: tuple[RatedResult, ...]) -> Table:
    table = _table(heading, "Score", "Ratings", "First picture")
    for result in results:
        table.add_row(result.prompt, f"{result.score:.2f}", f"{result.ratings:,}", str(result.pictures[0]))
    return table
