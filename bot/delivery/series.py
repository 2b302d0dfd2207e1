"""The message of a series: one update of it, and where it goes when its channel is lost.

As with deliveries everything may be repeated after a kill at any line. Only grids are posted as messages of their own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.delivery.compose import moved_note
from bot.delivery.context import Closed, DeliveryContext, RetryLater, SendResult, UpToDate
from bot.delivery.discord_messages import MessageContent, edit, find, open_dm_channel, post, withdraw
from bot.delivery.due_edits import must_move
from bot.delivery.left_messages import delete_left, tell_undeliverable
from bot.delivery.outcomes import (
    ChannelDeleted,
    DiscordUnavailable,
    Found,
    MessageDeleted,
    Rejected,
    SendOutcome,
    Sent,
)
from bot.delivery.tracking import TrackedDelivery, TrackedSeries, moved_to
from bot.language import speaking
from bot.replies import queue_replies
from bot.series_card import series_card
from bot.store.deliveries import find_known_messages
from bot.store.eta import steady_wait
from bot.store.series import Series, holds_series, move_series, read_series, store_series_message
from engine.contract.errors import StorageFull
from engine.contract.jobs import FINAL


async def update_series(context: DeliveryContext, series: TrackedSeries) -> SendResult:
    """Update the message of the series.

    Raises: StoreUnavailable; the call may be repeated.
    """
    async with series.lock:
        state = await _read(context, series)
        if state is None:
            return Closed()
        if series.is_lost or series.is_done:
            return UpToDate(is_edited=False)
        with speaking(series.message.language):
            content = _content(context, series, state)
        num_ended = sum(job.status in FINAL for job in state.jobs)
        is_fixed = not state.is_over and not must_move(series.message)
        if is_fixed and (series.shown == content.card or series.num_ended_at_rejection == num_ended):
            return UpToDate(is_edited=False)
        if must_move(series.message):
            return await _move(context, series)
        outcome = await _send_or_edit(context, series, content)
        series.num_ended_at_rejection = num_ended if isinstance(outcome, Rejected) else None
        return await _apply_outcome(context, series, content, outcome)


async def move_series_message(context: DeliveryContext, series: TrackedSeries) -> SendResult:
    """Move the series to the member's direct messages, once, because the bot may no longer post in its channel."""
    async with series.lock:
        return await _move(context, series)


def follow_series(tracked: TrackedDelivery) -> None:
    """Let a delivery that is not posted yet go where its series has gone, and answer the series' message."""
    series, delivery = tracked.series, tracked.delivery
    if series is None or delivery.message_id is not None:
        return
    message = series.message
    tracked.delivery = replace(
        delivery,
        channel_id=message.channel_id,
        moved_from=message.moved_from,
        reply_to=None if series.is_lost else message.message_id,
        token=delivery.token if message.moved_from is None else None,
        form=message.form,
        language=message.language,
    )


async def _read(context: DeliveryContext, series: TrackedSeries) -> Series | None:
    """Return the state of the series, or None if another process has claimed it or nothing of it is open."""
    known = series.message.message_id
    async with context.transaction() as connection:
        if known is not None and not series.is_stored:
            is_held = await store_series_message(connection, series.press_id, known, context.instance)
        else:
            is_held = await holds_series(connection, series.press_id, context.instance)
        if not is_held:
            return None
        state = await read_series(connection, series.press_id)
    if known is None and state.message_id is not None:
        series.message = replace(series.message, message_id=state.message_id)
    series.is_stored = series.message.message_id is not None
    return state


def _content(context: DeliveryContext, series: TrackedSeries, state: Series) -> MessageContent:
    series.wait = steady_wait(series.wait, state.wait)
    state = replace(state, wait=series.wait)
    notes = []
    if series.message.moved_from is not None:
        notes.append(moved_note(series.message, state.jobs[0].visibility))
    if context.queue.is_paused_in(series.message.guild_id) and not state.is_over:
        notes.append(f"{queue_replies.PAUSED}.")
    problem = context.objects.problem
    if problem is not None and not state.is_over:
        notes.append(queue_replies.blocked_series(isinstance(problem, StorageFull)))
    card = series_card(state, series.message.discord_id, context.buttons, context.limits, note="\n".join(notes) or None)
    return MessageContent(card=card, attachment=None, name="", alt="", clears_attachment=False, is_last=state.is_over)


async def _send_or_edit(context: DeliveryContext, series: TrackedSeries, content: MessageContent) -> SendOutcome:
    if series.message.message_id is None and not series.is_searched:
        found = await find(
            context.client,
            series.message,
            content,
            lambda ids: _find_known(context, tuple(ids)),
            replaced=series.replaces,
            of_series=True,
        )
        if isinstance(found, Found):
            series.message = replace(series.message, message_id=found.message_id)
            series.replaces = series.replaces or found.replaces
        elif found is not None:
            return found
    if series.message.message_id is not None:
        return await edit(context.client, series.message, series.message.message_id, content)
    series.is_searched = False
    return await post(context.client, series.message, content, is_replacement=series.replaces is not None)


async def _find_known(context: DeliveryContext, message_ids: tuple[int, ...]) -> frozenset[int]:
    async with context.transaction() as connection:
        return await find_known_messages(connection, message_ids)


async def _apply_outcome(
    context: DeliveryContext, series: TrackedSeries, content: MessageContent, outcome: SendOutcome
) -> SendResult:
    is_posted = series.message.message_id is not None
    match outcome:
        case Sent(message_id=message_id):
            return await _record_shown(context, series, content, message_id)
        case MessageDeleted() if series.message.moved_from is not None and series.shown is None:
            # The message of the channel that was lost, where the process died before it posted one here.
            return await _post_anew(context, series, replaces=None)
        case Rejected(can_post=True) if is_posted and content.is_last:
            return await _post_anew(context, series, replaces=series.message.message_id)
        case Rejected(can_post=True) if is_posted:
            # As in an archived thread. A post reopens it, which only a grid or the end is worth.
            return UpToDate(is_edited=False)
        case ChannelDeleted() | Rejected():
            return await _move(context, series)
        case DiscordUnavailable():
            return RetryLater(after=None)
        case _:
            series.is_lost = True
            return UpToDate(is_edited=False)


async def _record_shown(
    context: DeliveryContext, series: TrackedSeries, content: MessageContent, message_id: int
) -> SendResult:
    if series.replaces not in (None, message_id):
        await withdraw(context.client, series.message, series.replaces)
    await delete_left(context.client, series)
    series.message, series.shown = replace(series.message, message_id=message_id), content.card
    if not series.is_stored:
        async with context.transaction() as connection:
            if not await store_series_message(connection, series.press_id, message_id, context.instance):
                return Closed()
        series.is_stored = True
    series.is_done = content.is_last
    return UpToDate(is_edited=True)


async def _post_anew(context: DeliveryContext, series: TrackedSeries, *, replaces: int | None) -> SendResult:
    async with context.transaction() as connection:
        if not await store_series_message(connection, series.press_id, None, context.instance):
            return Closed()
    series.replaces, series.message = replaces, replace(series.message, message_id=None)
    series.is_stored, series.is_searched = False, True
    return RetryLater(after=timedelta())


async def _move(context: DeliveryContext, series: TrackedSeries) -> SendResult:
    message = series.message
    if message.moved_from is not None:
        return await _give_up(context, series)
    channel_id = await open_dm_channel(context.client, message.discord_id)
    if isinstance(channel_id, DiscordUnavailable):
        return RetryLater(after=None)
    if not isinstance(channel_id, int) or channel_id == message.channel_id:
        return await _give_up(context, series)
    async with context.transaction() as connection:
        if not await move_series(connection, series.press_id, channel_id, context.instance):
            return Closed()
    series.message = moved_to(message, channel_id)
    series.is_stored, series.is_searched, series.shown, series.replaces = False, True, None, None
    series.left = message
    return RetryLater(after=timedelta())


async def _give_up(context: DeliveryContext, series: TrackedSeries) -> SendResult:
    """Leave the rest to the grids' own messages, which are tried once more."""
    state = await _read(context, series)
    if state is None:
        return Closed()
    await tell_undeliverable(context.client, series.left or series.message, _content(context, series, state))
    series.is_lost = True
    return RetryLater(after=timedelta())
