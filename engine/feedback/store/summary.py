"""The sums over the log that `easel stats` and the statistics page show, made by Postgres.

No statement sends a row for each press, and months before the asked ones are not read.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.feedback import Verb
from engine.contract.jobs import JobSpec, spec_from_json
from engine.feedback.preferences.sources import CHOICES
from engine.feedback.stats.agreement import RaterAgreement, rater_agreement
from engine.feedback.stats.inequality import gini, lorenz_curve
from engine.feedback.stats.slots import slot_shares
from engine.feedback.stats.summary import (
    SCORE_PRIOR,
    DayCount,
    LogSummary,
    RatedModel,
    RatedPrompt,
    RatedResult,
    Raters,
    RatingCounts,
    SlotChoices,
)
from engine.feedback.store.months import press_at

MAX_PROMPTS = 20
MAX_RESULTS = 8
_MAX_LORENZ_POINTS = 100
# Of the results that are rated best or worst, so many are looked at for some that may be shown.
_MAX_LOOKED_AT = 1000

_DAYS = sa.text("""
    SELECT (at AT TIME ZONE 'UTC')::date AS day, verb, count(*) AS presses FROM actions
    WHERE press_id >= :since GROUP BY 1, 2 ORDER BY 1, 2
""")
_MEMBERS = sa.text("SELECT count(*) AS presses FROM actions WHERE press_id >= :since GROUP BY member_id")
_SLOTS = sa.text("""
    SELECT verb, cardinality(shown_pictures) AS num_slots, count(*) AS choices,
        CASE choice WHEN 'left' THEN 1 WHEN 'right' THEN 2 ELSE array_position(shown_pictures, picture_id) END
            AS position
    FROM actions
    WHERE press_id >= :since AND cardinality(shown_pictures) > 1 AND (
        choice IN ('left', 'right')
        OR verb = ANY (:choices) AND picture_id = ANY (shown_pictures) AND value IS DISTINCT FROM 0
    )
    GROUP BY 1, 2, 4
""").bindparams(sa.bindparam("choices", [verb.value for verb in CHOICES], type_=pg.ARRAY(sa.Text)))

# The newest rating of each member and picture or grid is the one that stands. Tables, because several queries read them
# and because Postgres only guesses how many rows a part of a query has.
_MAKE_STANDING = (
    "SELECT set_config('work_mem', '64MB', true)",
    "DROP TABLE IF EXISTS standing, scored",
    """
    CREATE TEMPORARY TABLE standing ON COMMIT DROP AS
    SELECT job_id, picture_id, value, model, surface FROM (
        SELECT DISTINCT ON (member_id, job_id, picture_id) job_id, picture_id, value, model, surface FROM actions
        WHERE press_id >= :since AND verb = 'rate' AND job_id IS NOT NULL
        ORDER BY member_id, job_id, picture_id, press_id DESC
    ) AS newest WHERE value > 0
    """,
    "ANALYZE standing",
    f"""
    CREATE TEMPORARY TABLE scored ON COMMIT DROP AS
    SELECT job_id, picture_id, min(model) AS model, count(*) AS ratings,
        (sum(value) + {SCORE_PRIOR} * (SELECT avg(value) FROM standing)::float8) / (count(*) + {SCORE_PRIOR}) AS score
    FROM standing GROUP BY job_id, picture_id HAVING bool_and(surface = 'guild')
    """,  # noqa: S608  all parts are constants
)
_COUNTS = ", ".join(f"count(*) FILTER (WHERE value = {rating}) AS rated_{rating}" for rating in (1, 2, 3, 4))
_SUMS = ", ".join(f"sum(rated_{rating}) AS rated_{rating}" for rating in (1, 2, 3, 4))
_MODELS = sa.text(f"""
    SELECT model, {_COUNTS} FROM standing GROUP BY model ORDER BY count(*) DESC, model
""")  # noqa: S608  all parts are constants
_PROMPTS = sa.text(f"""
    WITH by_job AS (SELECT job_id, {_COUNTS} FROM standing GROUP BY job_id),
    hashes AS (
        SELECT job_id, min(prompt_hash) AS prompt_hash FROM impressions
        WHERE job_id IN (SELECT job_id FROM by_job) GROUP BY job_id
    ), by_prompt AS (
        SELECT (array_agg(job_id ORDER BY job_id))[1] AS job_id, {_SUMS} FROM by_job LEFT JOIN hashes USING (job_id)
        GROUP BY coalesce(prompt_hash, job_id::text)
    )
    SELECT by_prompt.*, jobs.spec FROM by_prompt JOIN jobs ON jobs.id = by_prompt.job_id
    WHERE jobs.visibility = 'public'
    ORDER BY rated_1 + rated_2 + rated_3 + rated_4 DESC, jobs.id LIMIT {MAX_PROMPTS}
""")  # noqa: S608  all parts are constants
# Whether a result may be shown is looked up for the first of them alone, in order, until there are enough.
_RESULTS = """
    WITH first AS (
        SELECT * FROM scored ORDER BY score {order}, ratings DESC, job_id, picture_id LIMIT {looked_at}
    )
    SELECT first.*, jobs.spec, shown.pictures FROM first
    JOIN jobs ON jobs.id = first.job_id AND jobs.visibility = 'public'
    JOIN LATERAL (
        SELECT array_agg(id ORDER BY slot) AS pictures FROM pictures
        WHERE pictures.job_id = first.job_id AND (first.picture_id IS NULL OR pictures.id = first.picture_id)
    ) AS shown ON shown.pictures IS NOT NULL
    WHERE NOT EXISTS (
        SELECT FROM actions WHERE actions.job_id = first.job_id AND verb IN ('report', 'delete')
    ) AND NOT EXISTS (
        SELECT FROM impressions WHERE impressions.job_id = first.job_id AND surface <> 'guild'
    )
    ORDER BY score {order}, ratings DESC, first.job_id, first.picture_id LIMIT {limit}
"""
_BEST, _WORST = (
    sa.text(_RESULTS.format(order=order, limit=MAX_RESULTS, looked_at=_MAX_LOOKED_AT)) for order in ("DESC", "ASC")
)
_ANSWERS = sa.text("""
    WITH newest AS (
        SELECT DISTINCT ON (member_id, least(shown_pictures[1], shown_pictures[2]),
            greatest(shown_pictures[1], shown_pictures[2])) shown_pictures, choice
        FROM actions WHERE press_id >= :since AND verb = 'choose' AND cardinality(shown_pictures) = 2
        ORDER BY member_id, least(shown_pictures[1], shown_pictures[2]),
            greatest(shown_pictures[1], shown_pictures[2]), press_id DESC
    )
    SELECT count(*) FILTER (WHERE (choice = 'left') = is_ordered) AS first,
        count(*) FILTER (WHERE (choice = 'left') <> is_ordered) AS second
    FROM (SELECT *, shown_pictures[1] < shown_pictures[2] AS is_ordered FROM newest) AS answers
    WHERE choice IN ('left', 'right')
    GROUP BY least(shown_pictures[1], shown_pictures[2]), greatest(shown_pictures[1], shown_pictures[2])
    HAVING count(*) > 1
""")


async def read_summary(connection: AsyncConnection, *, since: date | None = None) -> LogSummary:
    """Return the summary of the log since the beginning of a day in UTC, or of all of it; takes a temporary table."""
    at = {"since": 0 if since is None else press_at(datetime.combine(since, time(), UTC))}
    for statement in _MAKE_STANDING:
        await connection.execute(sa.text(statement), at if ":since" in statement else {})
    best = [_rated_result(row) for row in await connection.execute(_BEST)]
    worst = [_rated_result(row) for row in await connection.execute(_WORST)]
    best, worst = _apart(best, worst)
    return LogSummary(
        made_at=datetime.now(UTC),
        since=since,
        days=tuple(
            DayCount(day=row.day, verb=Verb(row.verb), presses=row.presses)
            for row in await connection.execute(_DAYS, at)
        ),
        raters=_raters(list((await connection.execute(_MEMBERS, at)).scalars())),
        slots=_slot_choices(list(await connection.execute(_SLOTS, at))),
        models=tuple(
            RatedModel(model=row.model, ratings=_rating_counts(row)) for row in await connection.execute(_MODELS)
        ),
        prompts=tuple(
            RatedPrompt(prompt=_text(spec_from_json(row.spec)), ratings=_rating_counts(row))
            for row in await connection.execute(_PROMPTS)
        ),
        agreement=await _agreement(connection, at),
        best=tuple(best),
        worst=tuple(worst),
    )


def _apart(best: list[RatedResult], worst: list[RatedResult]) -> tuple[list[RatedResult], list[RatedResult]]:
    """Return both without what they have in common; of few results, half are best and half are worst."""
    common = [result for result in best if result in worst]
    if not common:
        return best, worst
    falling = best + [result for result in reversed(worst) if result not in common]
    half = (len(falling) + 1) // 2
    return falling[:half], falling[: half - 1 : -1]


async def _agreement(connection: AsyncConnection, at: dict[str, int]) -> RaterAgreement:
    return rater_agreement((row.first, row.second) for row in await connection.execute(_ANSWERS, at))


def _raters(presses: list[int]) -> Raters:
    curve = lorenz_curve(presses)
    step = max(1, len(curve) // _MAX_LORENZ_POINTS)
    thinned = (*curve[:-1:step], *curve[-1:])
    return Raters(members=len(presses), presses=sum(presses), lorenz=thinned, gini=gini(presses))


def _slot_choices(rows: list[sa.Row[Any]]) -> tuple[SlotChoices, ...]:
    counts: dict[tuple[Verb, int], dict[int, int]] = {}
    for row in rows:
        counts.setdefault((Verb(row.verb), row.num_slots), {})[row.position] = row.choices
    return tuple(
        SlotChoices(
            verb=verb,
            num_slots=num_slots,
            shares=slot_shares([by_position.get(position, 0) for position in range(1, num_slots + 1)]),
        )
        for (verb, num_slots), by_position in sorted(counts.items())
    )


def _rated_result(row: sa.Row[Any]) -> RatedResult:
    return RatedResult(
        prompt=_text(spec_from_json(row.spec)),
        model=row.model,
        pictures=tuple(row.pictures),
        ratings=row.ratings,
        score=float(row.score),
    )


def _rating_counts(row: sa.Row[Any]) -> RatingCounts:
    return RatingCounts(counts=(int(row.rated_1), int(row.rated_2), int(row.rated_3), int(row.rated_4)))


def _text(spec: JobSpec) -> str:
    """Return the prompt without its parameters."""
    return " :: ".join(part.text for part in spec.parts if part.weight > 0)
