"""What a member's actions on a job say now: the last one of each verb on each picture, read from the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.feedback import Verb
from engine.feedback.store.months import first_press_on


@dataclass(frozen=True, kw_only=True)
class Presser:
    """A member and a job that they press the buttons of."""

    job_id: UUID
    member_id: UUID


@dataclass(frozen=True, kw_only=True)
class LastAction:
    """The last action of a verb on a picture, None for the whole grid; of `best` there is one for the grid.

    value: as in `Action`.
    """

    press_id: int
    verb: Verb
    picture_id: UUID | None
    value: int | None


_LAST = sa.text("""
    SELECT asked.number, last.press_id, last.verb, last.picture_id, last.value
    FROM unnest(:job_ids, :member_ids) WITH ORDINALITY AS asked (job_id, member_id, number)
    CROSS JOIN LATERAL (
        SELECT DISTINCT ON (verb, subject) verb, picture_id, value, press_id,
            CASE WHEN verb <> 'best' THEN picture_id END AS subject
        FROM actions
        WHERE press_id >= :since AND job_id = asked.job_id AND member_id = asked.member_id
            AND verb IN ('best', 'delete', 'favourite', 'rate', 'report')
        ORDER BY verb, subject, press_id DESC
    ) AS last
    ORDER BY asked.number, last.press_id
""").bindparams(
    sa.bindparam("since", type_=sa.BigInteger),
    *(sa.bindparam(name, type_=pg.ARRAY(pg.UUID)) for name in ("job_ids", "member_ids")),
)


async def read_last_actions(connection: AsyncConnection, asked: Sequence[Presser]) -> list[tuple[LastAction, ...]]:
    """Return for each the last actions that a later one may replace, oldest first.

    Months before the oldest of the jobs are not looked into, however many there are.
    """
    parameters = {
        "since": min((first_press_on(one.job_id) for one in asked), default=0),
        "job_ids": [one.job_id for one in asked],
        "member_ids": [one.member_id for one in asked],
    }
    found: list[list[LastAction]] = [[] for _ in asked]
    for row in await connection.execute(_LAST, parameters):
        last = LastAction(press_id=row.press_id, verb=Verb(row.verb), picture_id=row.picture_id, value=row.value)
        found[row.number - 1].append(last)
    return [tuple(lasts) for lasts in found]
