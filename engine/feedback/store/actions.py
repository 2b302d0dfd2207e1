"""Actions in Postgres: appended once per press however often it is delivered, and read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.feedback import ReportReason, Shown, Surface, Verb
from engine.contract.ids import new_id
from engine.feedback.records import Action, Choice, ConsentInForce
from engine.feedback.store.months import add_months, first_press_on, month_of_press, noting_missing_months
from engine.feedback.store.tables import actions, impressions
from engine.store.database import Database


@dataclass(frozen=True, kw_only=True)
class Rated:
    """What a member rates: a picture, or the whole grid when `picture_id` is None."""

    job_id: UUID
    member_id: UUID
    picture_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class StandingRating:
    """The rating that counts, 1 to 4, or 0 if it was taken back, and the press that gave it."""

    press_id: int
    value: int


_COLUMNS = ", ".join(actions.c.keys())
# Where the guild is closed, members have agreed to nothing there.
_VALUES = ", ".join(
    f"{name} AND coalesce(is_collecting, true)" if name in {"may_train", "may_publish"} else f"given.{name}"
    for name in actions.columns.keys()  # noqa: SIM118  of a collection that iterates over columns
)
_HELD_BY_OWNERS = """
        UNION ALL
        SELECT press_id, jobs.member_id FROM added JOIN jobs ON jobs.id = job_id WHERE NOT is_owner
"""
_HELD_BY_PAINTERS = """
        UNION ALL
        SELECT press_id, jobs.member_id FROM added CROSS JOIN unnest(shown_pictures) AS shown (picture_id)
        JOIN pictures ON pictures.id = picture_id JOIN jobs ON jobs.id = pictures.job_id WHERE added.job_id IS NULL
"""


def _append(also_held: str) -> sa.TextClause:
    """Return the statement that appends actions and notes whose months they are in.

    One parameter, so that any number of actions is one prepared statement. In one order, so that of two processes with
    the same presses neither waits for the other.

    also_held: a press is also something of those whose pictures it is about. Most presses need no look at other tables
        for that, and looks that find nothing take as long as the insert itself.
    """
    return sa.text(f"""
        WITH added AS (
            INSERT INTO actions ({_COLUMNS})
            SELECT {_VALUES} FROM jsonb_populate_recordset(NULL::actions, :rows) AS given
            LEFT JOIN LATERAL (
                SELECT is_collecting FROM guild_choices WHERE guild_id = given.guild_id ORDER BY press_id DESC LIMIT 1
            ) AS guild ON true
            ORDER BY given.press_id
            ON CONFLICT (press_id) DO NOTHING RETURNING press_id, member_id, job_id, is_owner, shown_pictures
        ), held AS (
            SELECT press_id, member_id FROM added {also_held}
        ), noted AS (
            INSERT INTO member_months (member_id, month)
            SELECT DISTINCT member_id, press_month(press_id) FROM held
            WHERE NOT EXISTS (
                SELECT FROM member_months AS known
                WHERE known.member_id = held.member_id AND known.month = press_month(press_id)
            )
            ORDER BY 1, 2
            ON CONFLICT DO NOTHING
        )
        SELECT press_id FROM added
    """).bindparams(sa.bindparam("rows", type_=pg.JSONB))  # noqa: S608  the names are the table's own


_APPEND_OWN = _append("")
_APPEND_OTHERS = _append(_HELD_BY_OWNERS)
_APPEND_ALL = _append(_HELD_BY_OWNERS + _HELD_BY_PAINTERS)
_RATINGS = sa.text("""
    SELECT latest.press_id, latest.value
    FROM unnest(:job_ids, :member_ids, :picture_ids) WITH ORDINALITY AS asked (job_id, member_id, picture_id, number)
    LEFT JOIN LATERAL (
        SELECT press_id, value FROM actions
        WHERE press_id >= :since AND job_id = asked.job_id AND member_id = asked.member_id AND verb = 'rate'
            AND picture_id IS NOT DISTINCT FROM asked.picture_id
        ORDER BY press_id DESC LIMIT 1
    ) AS latest ON true
    ORDER BY asked.number
""").bindparams(
    sa.bindparam("since", type_=sa.BigInteger),
    *(sa.bindparam(name, type_=pg.ARRAY(pg.UUID)) for name in ("job_ids", "member_ids", "picture_ids")),
)

_PRESS_ID = sa.text("SELECT press_id_of(:key, :at)").bindparams(
    sa.bindparam("key", type_=sa.Text), sa.bindparam("at", type_=sa.TIMESTAMP(timezone=True))
)

# A message shows one result of a job; one with pairs, which have no job, shows many, and its presses name theirs.
_BY_MESSAGE = sa.and_(
    actions.c.impression_id.is_(None),
    impressions.c.job_id == actions.c.job_id,
    impressions.c.message_id == actions.c.message_id,
)
_OWN_COLUMNS: list[sa.Column[Any]] = [column for column in actions.c if column.name != "impression_id"]
_WITH_IMPRESSION: sa.Select[Any] = sa.select(
    *_OWN_COLUMNS,
    sa.func.coalesce(actions.c.impression_id, impressions.c.id).label("impression_id"),
).select_from(actions.outerjoin(impressions, _BY_MESSAGE))


async def append_actions(connection: AsyncConnection, appended: Sequence[Action]) -> list[bool]:
    """Append the actions in one statement; return for each False if its press is already recorded.

    Raises: MonthMissing.
    """
    with noting_missing_months("actions", {month_of_press(action.press_id) for action in appended}):
        rows = {"rows": [_row_from_action(action) for action in appended]}
        new = set((await connection.execute(_statement_for(appended), rows)).scalars())
    return [action.press_id in new for action in appended]


async def append_keyed_action(connection: AsyncConnection, action: Action, *, key: str) -> None:
    """Append an action that has no id of its own: it gets one of its time, which stands for the key."""
    press_id = (await connection.execute(_PRESS_ID, {"key": key, "at": action.at})).scalar_one()
    await add_months(connection, "actions", [month_of_press(press_id)])
    await append_actions(connection, [replace(action, press_id=press_id)])


async def store_action(database: Database, action: Action) -> bool:
    """Append the action in its own transaction; return False when its press is already recorded.

    Raises: StoreUnavailable when the commit could not be confirmed.
    """
    async with database.autocommit() as connection:
        (is_new,) = await append_actions(connection, [action])
    return is_new


async def read_ratings(connection: AsyncConnection, rated: Sequence[Rated]) -> list[StandingRating | None]:
    """Return the member's last rating of each, or None where there was none.

    Months before the oldest of the jobs are not looked into, however many there are.
    """
    parameters = {
        "since": min((first_press_on(one.job_id) for one in rated), default=0),
        "job_ids": [one.job_id for one in rated],
        "member_ids": [one.member_id for one in rated],
        "picture_ids": [one.picture_id for one in rated],
    }
    rows = await connection.execute(_RATINGS, parameters)
    return [None if row.press_id is None else StandingRating(press_id=row.press_id, value=row.value) for row in rows]


async def read_actions(connection: AsyncConnection, job_id: UUID) -> tuple[Action, ...]:
    """Return the actions on a job, oldest first."""
    query = _WITH_IMPRESSION.where(actions.c.job_id == job_id).order_by(actions.c.press_id)
    return tuple(action_from_row(row) for row in await connection.execute(query))


async def count_actions(connection: AsyncConnection) -> int:
    """Return how many actions there are."""
    return int((await connection.execute(sa.select(sa.func.count()).select_from(actions))).scalar_one())


def _statement_for(appended: Sequence[Action]) -> sa.TextClause:
    if any(action.job_id is None for action in appended):
        return _APPEND_ALL
    return _APPEND_OWN if all(action.is_owner for action in appended) else _APPEND_OTHERS


def action_from_row(row: sa.Row[Any]) -> Action:
    """Return the action stored in the row."""
    shown = zip(row.shown_pictures, row.shown_slots, strict=True)
    return Action(
        press_id=row.press_id,
        impression_id=row.impression_id,
        message_id=row.message_id,
        job_id=row.job_id,
        member_id=row.member_id,
        is_owner=row.is_owner,
        verb=Verb(row.verb),
        slot=row.slot,
        picture_id=row.picture_id,
        value=row.value,
        choice=Choice(row.choice) if row.choice else None,
        variation=row.variation,
        reason=ReportReason(row.reason) if row.reason else None,
        replaces=row.replaces,
        shown=tuple(Shown(picture_id=picture_id, slot=slot) for picture_id, slot in shown),
        model=row.model,
        model_hash=row.model_hash,
        surface=Surface(row.surface),
        latency=None if row.latency_ms is None else timedelta(milliseconds=row.latency_ms),
        consent=consent_from_row(row),
        guild_id=row.guild_id,
        at=row.at,
    )


def consent_from_row(row: sa.Row[Any]) -> ConsentInForce:
    """Return the consent recorded in a row of the log."""
    return ConsentInForce(version=row.consent_version, may_train=row.may_train, may_publish=row.may_publish)


def row_from_consent(consent: ConsentInForce) -> dict[str, Any]:
    """Return the columns of the consent."""
    return {
        "consent_version": consent.version,
        "may_train": consent.may_train,
        "may_publish": consent.may_publish,
    }


def _row_from_action(action: Action) -> dict[str, Any]:
    """Return the row as JSON; a latency is never negative, whatever the clocks say."""
    latency = action.latency
    return {
        "press_id": action.press_id,
        "id": str(new_id()),
        "impression_id": text_from_id(action.impression_id),
        "message_id": action.message_id,
        "job_id": text_from_id(action.job_id),
        "member_id": str(action.member_id),
        "is_owner": action.is_owner,
        "verb": action.verb.value,
        "slot": action.slot,
        "picture_id": text_from_id(action.picture_id),
        "value": action.value,
        "choice": action.choice and action.choice.value,
        "variation": action.variation,
        "reason": action.reason and action.reason.value,
        "replaces": action.replaces,
        "shown_pictures": [str(shown.picture_id) for shown in action.shown],
        "shown_slots": [shown.slot for shown in action.shown],
        "model": action.model,
        "model_hash": action.model_hash,
        "surface": action.surface.value,
        "latency_ms": None if latency is None else max(0, latency // timedelta(milliseconds=1)),
        "guild_id": action.guild_id,
        **row_from_consent(action.consent),
        "at": action.at.isoformat(),
    }


def text_from_id(uuid: UUID | None) -> str | None:
    """Return the id for JSON."""
    return None if uuid is None else str(uuid)
