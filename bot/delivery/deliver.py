"""One update of one delivery: read the state of its job, show it in the message, and store the outcome.

Everything here may be repeated after a kill at any line: edits are idempotent, a message is searched for before it
is posted again, and a delivery is closed only after its last update.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import structlog

from bot.delivery.attachments import MAX_BYTES, next_size_limit
from bot.delivery.compose import compose
from bot.delivery.context import Closed, DeliveryContext, RetryLater, SendResult, UpToDate
from bot.delivery.discord_messages import MessageContent, edit, find, open_dm_channel, post, withdraw
from bot.delivery.due_edits import must_move, needs_edit, with_block
from bot.delivery.left_messages import delete_left, tell_undeliverable
from bot.delivery.outcomes import (
    OUTCOME_LABELS,
    AttachmentTooLarge,
    ChannelDeleted,
    DiscordUnavailable,
    Found,
    MessageDeleted,
    Rejected,
    SendOutcome,
    Sent,
)
from bot.delivery.result_showing import read_result_showing
from bot.delivery.series import follow_series, move_series_message, update_series
from bot.delivery.tracking import TrackedDelivery, has_unstored_message, moved_to
from bot.language import speak
from bot.policy.pictures import Showing
from bot.store.deliveries import (
    close_delivery,
    find_known_messages,
    forget_message,
    move_delivery,
    renew_claim,
    store_message_id,
)
from bot.store.gallery.posts import read_post
from bot.store.impressions import log_impression
from bot.store.job_status import JobDetails, JobProgress, progress_of, read_job_details
from bot.store.moderation.barred import log_barred
from bot.store.original_requests import request_preferred
from bot.store.ranking.grids import enter_grid
from bot.store.series import is_series_over
from bot.store.tables import DeliveryForm, DeliveryKind, DeliveryState
from engine.contract.jobs import FINAL, JobStatus

_log = structlog.get_logger()

_STORE_RECHECK = timedelta(seconds=5)
"""How often a message that lacks its picture looks whether the picture store is back: the growing pauses between
failures would let it miss the moments in which a store that comes and goes is there."""


async def send(context: DeliveryContext, tracked: TrackedDelivery) -> SendResult:
    """Update the delivery's message.

    Raises: StoreUnavailable if a store cannot be reached; the call may be repeated.
    """
    if tracked.lacks_picture and context.objects.problem is not None:
        return RetryLater(after=_STORE_RECHECK)
    follow_series(tracked)
    found = await _read(context, tracked)
    if found is None:
        return Closed()
    details, showing = found
    if tracked.series:
        told = await _tell_series(context, tracked, details)
        if told is not None:
            return told
    progress = with_block(progress_from_details(details), context, tracked.delivery.guild_id)
    is_due = tracked.lacks_picture or must_move(tracked.delivery) or needs_edit(tracked.shown, progress)
    if not is_due or not (tracked.takes_edits or details.job.status in FINAL):
        return UpToDate(is_edited=False)
    speak(tracked.delivery.language)
    content = await compose(
        tracked.delivery,
        details,
        context.objects,
        context.limits,
        context.buttons,
        max_bytes=MAX_BYTES if tracked.max_bytes is None else tracked.max_bytes,
        is_paused=context.queue.is_paused_in(tracked.delivery.guild_id),
        showing=showing,
        credentials=context.credentials,
    )
    if tracked.lacks_picture and content.lacks_picture:
        return RetryLater(after=None)
    outcome = await _send_or_edit(context, tracked, content)
    context.metrics.messages.labels(outcome=OUTCOME_LABELS[type(outcome)]).inc()
    result = await _apply_outcome(context, tracked, content, progress, outcome)
    tracked.lacks_picture = content.lacks_picture and isinstance(result, UpToDate)
    return RetryLater(after=None) if tracked.lacks_picture else result


def progress_from_details(details: JobDetails) -> JobProgress:
    """Return the progress that a message made from the details shows."""
    return progress_of(details.job.status, details.job.progress, details.num_ahead)


async def close(
    context: DeliveryContext, tracked: TrackedDelivery, state: DeliveryState, cause: str | None = None
) -> Closed:
    """Close the delivery in the store, unless another process has claimed it, with its message and what that shows."""
    delivery, instance, wants_originals = tracked.delivery, context.instance, False
    async with context.transaction() as connection:
        if delivery.message_id and has_unstored_message(tracked):
            await store_message_id(connection, delivery.id, delivery.message_id, instance)
        is_closed = await close_delivery(connection, delivery.id, state, instance, cause=cause)
        if is_closed and tracked.shows_pictures:
            await log_impression(connection, delivery)
            await enter_grid(connection, delivery)
            wants_originals = await request_preferred(connection, delivery.id)
        elif is_closed and state is DeliveryState.DELIVERED:
            await log_barred(connection, delivery)
    if not is_closed:
        return Closed()
    context.metrics.closed.labels(state=state.value).inc()
    if wants_originals:
        context.has_requests.set()
    if cause:
        _log.warning("delivery_failed", state=state.value, cause=cause)
    return Closed()


async def _read(context: DeliveryContext, tracked: TrackedDelivery) -> tuple[JobDetails, Showing] | None:
    """Return what the message can show and how, or None if the delivery is closed or another process has claimed it."""
    delivery = tracked.delivery
    async with context.transaction() as connection:
        if not await renew_claim(connection, delivery.id, context.instance):
            return None
        if delivery.message_id and has_unstored_message(tracked):
            await store_message_id(connection, delivery.id, delivery.message_id, context.instance)
        details = await read_job_details(connection, delivery.job_id, delivery.picture_id)
        showing = await read_result_showing(connection, context.limits, delivery, details) if details else Showing.SHOW
        if details and delivery.kind is DeliveryKind.GALLERY:
            details = replace(details, post=await read_post(connection, delivery))
    tracked.is_stored = delivery.message_id is not None
    return (details, showing) if details else None


async def _tell_series(context: DeliveryContext, tracked: TrackedDelivery, details: JobDetails) -> SendResult | None:
    """Return what the message of the series makes of the delivery; None if it is to be posted.

    That message is there before the first grid. It is finished before the last delivery of the series is closed:
    after a kill in between it would stay.
    """
    series = tracked.series
    if series is None or details.job.status not in FINAL:
        return None if series is None else UpToDate(is_edited=False)
    async with context.transaction() as connection:
        is_over = await is_series_over(connection, series.press_id)
    has_grid = details.job.status is JobStatus.FINISHED
    if (is_over and not series.is_done) or series.message.message_id is None or not has_grid:
        updated = await update_series(context, series)
        if isinstance(updated, RetryLater | Closed):
            return updated
    follow_series(tracked)
    if not has_grid and not series.is_lost and tracked.delivery.message_id is None:
        return await close(context, tracked, DeliveryState.GONE)
    return None


async def _send_or_edit(context: DeliveryContext, tracked: TrackedDelivery, content: MessageContent) -> SendOutcome:
    delivery = tracked.delivery
    if must_move(delivery):
        return Rejected(cause="the interaction's token expires", can_post=False)
    if delivery.is_in_series and delivery.form is not DeliveryForm.MESSAGE:
        return Rejected(cause="the one answer to the interaction is the series'", can_post=False)
    if delivery.message_id is None and not tracked.is_searched:
        found = await find(
            context.client, delivery, content, lambda ids: _find_known(context, ids), replaced=tracked.replaces
        )
        if isinstance(found, Found):
            delivery = tracked.delivery = replace(delivery, message_id=found.message_id)
            tracked.replaces = tracked.replaces or found.replaces
        elif found is not None:
            return found
    if delivery.message_id is not None:
        return await edit(context.client, delivery, delivery.message_id, content)
    tracked.is_searched = False
    return await post(context.client, delivery, content, is_replacement=tracked.replaces is not None)


async def _find_known(context: DeliveryContext, message_ids: Iterable[int]) -> frozenset[int]:
    async with context.transaction() as connection:
        return await find_known_messages(connection, tuple(message_ids))


async def _apply_outcome(
    context: DeliveryContext,
    tracked: TrackedDelivery,
    content: MessageContent,
    progress: JobProgress,
    outcome: SendOutcome,
) -> SendResult:
    match outcome:
        case Sent(message_id=message_id):
            return await _record_shown(context, tracked, content, progress, message_id)
        case MessageDeleted():
            return await close(context, tracked, DeliveryState.GONE)
        case ChannelDeleted():
            return await _move(context, tracked, content, "the channel was deleted")
        case AttachmentTooLarge() if content.attachment:
            tracked.is_searched = tracked.delivery.message_id is None
            tracked.max_bytes = next_size_limit(len(content.attachment.data))
            return RetryLater(after=timedelta())
        case Rejected(can_post=True) if tracked.delivery.message_id is not None:
            return await _replace_message(context, tracked, content)
        case Rejected(cause=cause):
            return await _move(context, tracked, content, cause)
        case DiscordUnavailable():
            return RetryLater(after=None)
        case _:
            return await _give_up(context, tracked, content, "too large without a picture")


async def _record_shown(
    context: DeliveryContext, tracked: TrackedDelivery, content: MessageContent, progress: JobProgress, message_id: int
) -> SendResult:
    tracked.delivery = replace(tracked.delivery, message_id=message_id)
    await delete_left(context.client, tracked)
    if content.is_last:
        # Before the delivery is closed: after a kill in between the message would stay. It may be the same one, since
        # Discord answers a second post of a replacement with the first.
        if tracked.replaces not in (None, message_id):
            await withdraw(context.client, tracked.delivery, tracked.replaces)
        tracked.shows_pictures = content.attachment is not None
        return await close(context, tracked, DeliveryState.DELIVERED)
    tracked.shown = progress
    if not tracked.is_stored:
        async with context.transaction() as connection:
            if not await store_message_id(connection, tracked.delivery.id, message_id, context.instance):
                return Closed()
        tracked.is_stored = True
    return UpToDate(is_edited=True)


async def _replace_message(context: DeliveryContext, tracked: TrackedDelivery, content: MessageContent) -> SendResult:
    """Post the result as a new message where the old one can no longer be edited, as in an archived thread.

    Progress is not worth it: a post reopens the thread.
    """
    tracked.takes_edits = False
    if not content.is_last:
        return UpToDate(is_edited=False)
    delivery = tracked.delivery
    async with context.transaction() as connection:
        if not await forget_message(connection, delivery.id, context.instance):
            return Closed()
    tracked.replaces, tracked.delivery = delivery.message_id, replace(delivery, message_id=None)
    tracked.is_stored, tracked.is_searched = False, True
    return RetryLater(after=timedelta())


async def _move(context: DeliveryContext, tracked: TrackedDelivery, content: MessageContent, cause: str) -> SendResult:
    """Move the delivery to the member's direct messages, once, if the bot may no longer post in the channel.

    A post in a gallery goes nowhere else.
    """
    delivery = tracked.delivery
    if delivery.kind is DeliveryKind.GALLERY:
        return await _give_up(context, tracked, content, cause)
    if tracked.series and not tracked.series.is_lost:
        return await move_series_message(context, tracked.series)
    if delivery.moved_from is not None:
        return await _give_up(context, tracked, content, cause)
    channel_id = await open_dm_channel(context.client, delivery.discord_id)
    if isinstance(channel_id, DiscordUnavailable):
        return RetryLater(after=None)
    if not isinstance(channel_id, int) or channel_id == delivery.channel_id:
        return await _give_up(context, tracked, content, cause)
    async with context.transaction() as connection:
        if not await move_delivery(connection, delivery.id, channel_id, context.instance):
            return Closed()
    tracked.delivery = moved_to(delivery, channel_id)
    tracked.is_stored, tracked.is_searched, tracked.takes_edits = False, True, True
    tracked.shown, tracked.replaces, tracked.left = None, None, delivery
    return RetryLater(after=timedelta())


async def _give_up(context: DeliveryContext, tracked: TrackedDelivery, content: MessageContent, cause: str) -> Closed:
    await tell_undeliverable(context.client, tracked.left or tracked.delivery, content)
    return await close(context, tracked, DeliveryState.UNDELIVERABLE, cause)
