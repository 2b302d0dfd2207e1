"""One delivery shown once: read how its job stands, show that in its message, and keep what came of it.

Everything here may be repeated after a kill at any line: edits are idempotent, a post is looked for before it is
repeated, and a delivery ends only after its last showing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import discord
import structlog

from bot.cards import Buttons
from bot.delivery.attachments import MAX_BYTES
from bot.delivery.compose import compose
from bot.delivery.discord_messages import (
    Gone,
    Later,
    Outcome,
    Refused,
    Showing,
    Shown,
    TooLarge,
    edit,
    find,
    open_direct_channel,
    post,
)
from bot.delivery.tracking import Tracked
from bot.metrics import BotMetrics
from bot.store.deliveries import (
    Claimant,
    close_delivery,
    find_known_messages,
    keep_message,
    move_delivery,
    renew_claim,
)
from bot.store.job_status import Scene, Standing, read_scene
from bot.store.tables import DeliveryState
from engine.contract.jobs import JobStatus
from engine.prompt import Limits
from engine.store.database import AsyncConnection, Database
from engine.store.objects import Objects

_log = structlog.get_logger()

_MAX_TRANSACTIONS = 6
_LEAST_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Office:
    """What sending needs: Discord, the stores, this process's name for its claims, and what the models can do.

    gate: lets few deliveries at a time to the database, so that presses find connections free.
    """

    client: discord.Client
    buttons: Buttons
    database: Database
    objects: Objects
    claimant: Claimant
    metrics: BotMetrics
    limits: Limits
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_MAX_TRANSACTIONS))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection in a transaction of its own.

        Raises: StoreUnavailable.
        """
        async with self.gate, self.database.begin() as connection:
            yield connection


@dataclass(frozen=True, kw_only=True)
class Ended:
    """Nothing more is to be done here: the delivery is closed, or another process has it."""


@dataclass(frozen=True, kw_only=True)
class UpToDate:
    """The message shows what there is; the next change of the job asks for more."""

    is_edited: bool


@dataclass(frozen=True, kw_only=True)
class Again:
    """To be tried again; `after` None means as soon as Discord may have recovered."""

    after: timedelta | None


Progress = Ended | UpToDate | Again


async def send(office: Office, tracked: Tracked) -> Progress:
    """Bring the delivery's message up to date.

    Raises: StoreUnavailable when a store cannot be reached; the same call may be made again.
    """
    scene = await _read(office, tracked)
    if scene is None:
        return Ended()
    standing = standing_of(scene)
    if not is_news(tracked.shown, standing):
        return UpToDate(is_edited=False)
    max_bytes = MAX_BYTES if tracked.max_bytes is None else tracked.max_bytes
    showing = await compose(tracked.delivery, scene, office.objects, office.limits, office.buttons, max_bytes=max_bytes)
    outcome = await _show(office, tracked, showing)
    office.metrics.messages.labels(outcome=type(outcome).__name__.lower()).inc()
    return await _conclude(office, tracked, showing, standing, outcome)


def is_news(shown: Standing | None, standing: Standing) -> bool:
    """Return whether a message that shows `shown` is out of date enough for an edit.

    A job that only just started is not worth one, nor is a place in the queue that has hardly moved.
    """
    if shown is None:
        return True
    if shown.status is standing.status is JobStatus.WAITING:
        return _has_moved(shown.num_ahead or 0, standing.num_ahead or 0)
    if standing.status is JobStatus.RUNNING and standing.percent == 0 and shown.status is JobStatus.WAITING:
        return False
    return shown != standing


def must_keep(tracked: Tracked) -> bool:
    """Return whether the message's id is known here but not yet in the store."""
    return tracked.delivery.message_id is not None and not tracked.kept


def standing_of(scene: Scene) -> Standing:
    """Return the standing that a message made from the scene shows."""
    return Standing(status=scene.job.status, percent=int(scene.job.progress * 100), num_ahead=scene.num_ahead)


async def close(office: Office, tracked: Tracked, state: DeliveryState, cause: str | None = None) -> Ended:
    """End the delivery in the store, with its message where there is one."""
    delivery = tracked.delivery
    async with office.transaction() as connection:
        if delivery.message_id and must_keep(tracked):
            await keep_message(connection, delivery.id, delivery.message_id)
        await close_delivery(connection, delivery.id, state, cause=cause)
    office.metrics.closed.labels(state=state.value).inc()
    if cause:
        _log.warning("delivery_failed", state=state.value, cause=cause)
    return Ended()


async def _read(office: Office, tracked: Tracked) -> Scene | None:
    """Return what there is to show; None when the delivery is no longer this process's to show."""
    delivery = tracked.delivery
    async with office.transaction() as connection:
        if not await renew_claim(connection, delivery.id, office.claimant):
            return None
        if delivery.message_id and must_keep(tracked):
            await keep_message(connection, delivery.id, delivery.message_id)
        scene = await read_scene(connection, delivery.job_id, delivery.picture_id)
    tracked.kept = delivery.message_id is not None
    return scene


async def _show(office: Office, tracked: Tracked, showing: Showing) -> Outcome:
    delivery = tracked.delivery
    if delivery.message_id is None and not tracked.searched:
        found = await find(office.client, delivery, showing, lambda ids: _known(office, ids))
        if isinstance(found, Shown):
            delivery = tracked.delivery = replace(delivery, message_id=found.message_id)
        elif found is not None:
            return found
    if delivery.message_id is not None:
        return await edit(office.client, delivery, delivery.message_id, showing)
    tracked.searched = False
    return await post(office.client, delivery, showing)


async def _known(office: Office, message_ids: Iterable[int]) -> frozenset[int]:
    async with office.transaction() as connection:
        return await find_known_messages(connection, tuple(message_ids))


async def _conclude(
    office: Office, tracked: Tracked, showing: Showing, standing: Standing, outcome: Outcome
) -> Progress:
    match outcome:
        case Shown(message_id=message_id):
            return await _record_shown(office, tracked, showing, standing, message_id)
        case Gone():
            return await close(office, tracked, DeliveryState.GONE)
        case TooLarge() if showing.attachment:
            tracked.searched = tracked.delivery.message_id is None
            tracked.max_bytes = _smaller(len(showing.attachment.data))
            return Again(after=timedelta())
        case Refused(may_write=False, cause=cause):
            return await _move(office, tracked, cause)
        case Later():
            return Again(after=None)
        case _:
            cause = outcome.cause if isinstance(outcome, Refused) else "too large without a picture"
            return await close(office, tracked, DeliveryState.UNDELIVERABLE, cause)


async def _record_shown(
    office: Office, tracked: Tracked, showing: Showing, standing: Standing, message_id: int
) -> Progress:
    tracked.delivery = replace(tracked.delivery, message_id=message_id)
    if showing.is_last:
        return await close(office, tracked, DeliveryState.DELIVERED)
    tracked.shown = standing
    if not tracked.kept:
        async with office.transaction() as connection:
            await keep_message(connection, tracked.delivery.id, message_id)
        tracked.kept = True
    return UpToDate(is_edited=True)


async def _move(office: Office, tracked: Tracked, cause: str) -> Progress:
    """Turn to the member's direct messages, once, where the channel no longer takes the bot's messages."""
    delivery = tracked.delivery
    channel_id = None
    if delivery.moved_from is None:
        channel_id = await open_direct_channel(office.client, delivery.discord_id)
    if channel_id is None or channel_id == delivery.channel_id:
        return await close(office, tracked, DeliveryState.UNDELIVERABLE, cause)
    async with office.transaction() as connection:
        await move_delivery(connection, delivery.id, channel_id)
    tracked.delivery = replace(
        delivery, moved_from=delivery.channel_id, channel_id=channel_id, message_id=None, reply_to=None, token=None
    )
    tracked.kept, tracked.searched, tracked.shown = False, True, None
    return Again(after=timedelta())


def _has_moved(told: int, num_ahead: int) -> bool:
    """Return whether the place has changed by a quarter of what was told: a long wait takes a dozen edits at most."""
    return told != num_ahead and 4 * abs(told - num_ahead) >= told


def _smaller(size_bytes: int) -> int:
    """Return the next limit to try: half, and in the end too little for any picture."""
    return size_bytes // 2 if size_bytes > _LEAST_BYTES else 0
