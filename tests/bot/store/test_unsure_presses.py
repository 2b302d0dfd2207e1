"""Presses whose time is over: what a member reads is true, whether they were stored or not."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from bot import replies
from bot.store.press_batches import PressBatches
from bot.store.submissions import submit_drafts
from engine.contract.errors import StoreUnavailable
from engine.store.database import Database
from tests.bot.engine_hand import EngineHand
from tests.bot.store.test_button_actions import DRAFT, US, press
from tests.engine.worker.following import until
from tests.killing import held

PATIENCE = timedelta(seconds=3)

SLOW_COMMIT = (
    "CREATE FUNCTION hold() RETURNS trigger AS 'BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END'"
    " LANGUAGE plpgsql",
    "CREATE CONSTRAINT TRIGGER held AFTER INSERT ON jobs DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION hold()",
)


@pytest.mark.parametrize(
    ("obstacle", "sentence", "num_stored"),
    [
        ("SELECT pg_advisory_lock(7)", str(replies.UNSURE), 1),
        ("LOCK TABLE jobs IN EXCLUSIVE MODE", str(replies.UNSAVED), 0),
    ],
)
async def test_nothing_was_saved_is_said_only_where_that_is_so(
    database: Database, database_url: str, hand: EngineHand, obstacle: str, sentence: str, num_stored: int
) -> None:
    """A commit that is under way cannot be called back; everything before it is undone."""
    async with database.begin() as connection:
        for statement in SLOW_COMMIT:
            await connection.execute(sa.text(statement))
    batches = PressBatches(database, limit=timedelta(minutes=1))
    async with held(database_url, obstacle):
        with pytest.raises(StoreUnavailable) as told:
            await batches.commit(5, partial(submit_drafts, press(1), [DRAFT], US), patience=PATIENCE)
    assert replies.reply_for(told.value) == sentence
    later = partial(submit_drafts, press(2, discord_id=6), [DRAFT], US)
    await batches.commit(6, later)

    async def are_stored() -> bool:
        return len(await hand.jobs()) == num_stored + 1

    await until(are_stored)


ENDED = (
    "CREATE FUNCTION fault() RETURNS trigger AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid());"
    " PERFORM pg_sleep(9); END' LANGUAGE plpgsql"
)


@pytest.mark.parametrize(("when", "sentence"), [("DEFERRED", str(replies.UNSURE)), ("IMMEDIATE", str(replies.UNSAVED))])
async def test_a_connection_that_is_lost_while_it_commits_is_told_so(
    database: Database, when: str, sentence: str
) -> None:
    """To all members whose presses are in that batch: it may be stored."""
    trigger = f"CONSTRAINT TRIGGER fault AFTER INSERT ON jobs DEFERRABLE INITIALLY {when} FOR EACH ROW"
    async with database.begin() as connection:
        await connection.execute(sa.text(ENDED))
        await connection.execute(sa.text(f"CREATE {trigger} EXECUTE FUNCTION fault()"))
    batches = PressBatches(database, limit=timedelta(minutes=1))
    presses = {member: press(member, discord_id=member) for member in (5, 6)}
    told = await asyncio.gather(
        *(
            batches.commit(member, partial(submit_drafts, one, [DRAFT], US), patience=PATIENCE)
            for member, one in presses.items()
        ),
        return_exceptions=True,
    )
    assert [replies.reply_for(error) for error in told if isinstance(error, StoreUnavailable)] == [sentence] * 2
