"""The message of a series: how many of its grids are done, painted and waiting, and why some failed."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards import MAX_CONTENT, Buttons, Card, CardKind, escaped, length, percent, rows_of, shown_prompt
from bot.language import percentage, said
from bot.replies import series_replies
from bot.replies.cause_replies import sentence_from_cause
from bot.store.series import Series
from engine.contract.jobs import Job, JobStatus
from engine.prompt import Limits, notes_on

_MAX_PROMPTS, _MAX_PROMPT = 3, 200
_MAX_PERCENTAGES = 4


def series_card(series: Series, discord_id: int, buttons: Buttons, limits: Limits, *, note: str | None = None) -> Card:
    """Return the message of a series, from waiting to its end; `note` is one more line.

    limits: the current ones, by which notes on the prompts are told as well.

    Causes of failures that Discord's limit has no room for are left out.
    """
    content = f"{_prompts(series.jobs)} - <@{discord_id}>"
    state = series_replies.series_state(len(series.jobs), _counts(series), series.wait)
    for line in (state, *([note] if note else []), *_prompt_notes(series, limits), *_failures(series)):
        longer = f"{content}\n{line}"
        content = longer if length(longer) <= MAX_CONTENT else content
    # The last job is painted last, so a press that names it stops something.
    rows = () if series.is_over else rows_of(buttons, CardKind.SERIES, series.jobs[-1])
    return Card(content=content, rows=rows)


def _prompt_notes(series: Series, limits: Limits) -> list[str]:
    notes = [note for job in series.jobs for note in notes_on(job.spec, limits, job.operation)]
    return [f"⚠️ {escaped(said(note))}" for note in dict.fromkeys(notes)]


def _counts(series: Series) -> list[str]:
    """Return how many of the grids are in each state, with the percentages of those that are painted."""
    ended = {status: [job for job in series.jobs if job.status is status] for status in JobStatus}
    painted = [job for job in ended[JobStatus.RUNNING] if job.id not in series.waiting]
    counted = (
        (len(ended[JobStatus.FINISHED]), series_replies.grids_done),
        (len(painted), lambda count: series_replies.grids_painting(count, _percentages(painted))),
        (len(series.waiting), series_replies.grids_waiting),
        (len(ended[JobStatus.FAILED]), series_replies.grids_failed),
        (len(ended[JobStatus.CANCELLED]), series_replies.grids_cancelled),
    )
    return [count_text(count) for count, count_text in counted if count]


def _percentages(painted: Sequence[Job]) -> str:
    shown = [percentage(percent(job) / 100) for job in painted]
    if len(shown) <= _MAX_PERCENTAGES:
        return ", ".join(shown)
    least, most = min(map(percent, painted)), max(map(percent, painted))
    return series_replies.percentages_between(percentage(least / 100), percentage(most / 100))


def _failures(series: Series) -> list[str]:
    """Return one line for each cause, with the prompts it concerns if they differ."""
    by_cause: dict[str, list[Job]] = {}
    for job in series.jobs:
        if job.status is JobStatus.FAILED:
            by_cause.setdefault(sentence_from_cause(job.cause or {}), []).append(job)
    differ = len({job.spec.prompt for job in series.jobs}) > 1
    return [
        series_replies.series_failure(cause, len(failed), _prompts(failed) if differ else None)
        for cause, failed in by_cause.items()
    ]


def _prompts(of: Sequence[Job]) -> str:
    distinct = list(dict.fromkeys(job.spec.prompt for job in of))
    limit = None if len(distinct) == 1 and len(of) > 1 else _MAX_PROMPT
    shown = ", ".join(f"**{shown_prompt(prompt, limit)}**" for prompt in distinct[:_MAX_PROMPTS])
    return series_replies.and_more(shown, len(distinct) - _MAX_PROMPTS)
