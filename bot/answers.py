"""Answering interactions: run the work, and reply with an error if it fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import aiohttp
import discord
import structlog
from structlog.contextvars import bound_contextvars

from bot import replies
from bot.appeals import refusal_card
from bot.cards import MAX_CONTENT, Card, Rows, length, view_from_card
from bot.consent_notice import ask_for_consent
from bot.delivery.discord_messages import NO_MENTIONS
from bot.interaction_context import member_language
from bot.language import Phrase, speak
from bot.replies import upload_replies
from bot.services import Services
from bot.store.deliveries import Delivery
from bot.store.tables import DeliveryForm
from engine.contract.errors import EaselError
from engine.error_boundary import logged_result_of, result_of

_log = structlog.get_logger()

T = TypeVar("T")

MOMENT = timedelta(seconds=0.3)
"""How long an answer may take beside the commit, which has most of the time that Discord gives."""

_AWAITED, _ALONE, _BY_ALL = "awaited", "alone", "by all"

UNSENT = (discord.HTTPException, aiohttp.ClientError, OSError, asyncio.TimeoutError)
"""Errors of sending an answer; it may have arrived all the same."""


async def answer(
    interaction: discord.Interaction, services: Services, name: str, work: Awaitable[None], *, asks: bool = True
) -> None:
    """Run the work, which answers the interaction; if it raises, reply with the error.

    name: of the command or verb, for logs and metrics.
    asks: whether a member who was not asked for consent yet is asked afterwards.
    """
    began = time.monotonic()
    speak(member_language(interaction))
    task = asyncio.current_task()
    assert task is not None
    services.answer_tasks.add(task)
    task.add_done_callback(services.answer_tasks.discard)
    with bound_contextvars(action=name, interaction=interaction.id):
        with services.unanswered.one():
            result = await logged_result_of(work)
            if isinstance(result, EaselError):
                await refuse(interaction, await refusal_card(interaction, services, result))
            elif isinstance(result, Exception):
                await refuse(interaction, Card(content=str(replies.BROKEN)))
        outcome = type(result).__name__ if result else "done"
        services.metrics.answers.labels(name=name, outcome=outcome).inc()
        services.metrics.answer_seconds.labels(name=name).observe(time.monotonic() - began)
        if asks:
            await _ask_for_consent(interaction, services)


async def _ask_for_consent(interaction: discord.Interaction, services: Services) -> None:
    asked = await result_of(ask_for_consent(interaction, services))
    if isinstance(asked, (*UNSENT, EaselError)):
        _log.warning("consent_not_asked_for", error=type(asked).__name__)
    elif isinstance(asked, Exception):
        _log.error("unexpected_error", exc_info=asked)


async def refuse(interaction: discord.Interaction, card: Card) -> None:
    """Tell the member alone, in the place of an answer that they or all see coming."""
    awaited = interaction.extras.get(_AWAITED)
    if awaited == _ALONE:
        view = view_from_card(card) if card.rows else None
        await edit_pressed(interaction, content=_cut(card.content), view=view, allowed_mentions=NO_MENTIONS)
        return
    if awaited == _BY_ALL:
        # Discord makes the first reply after it as public as the answer that all wait for.
        await _try(interaction.delete_original_response())
    await send_ephemeral(interaction, card.content, card.rows)


async def send_ephemeral(interaction: discord.Interaction, text: str | Phrase, rows: Rows = ()) -> None:
    """Reply to the member alone, with buttons if any; if Discord no longer accepts a reply, only log that."""
    # It may repeat what the member wrote, of which an option takes three times as much as a message.
    said = _cut(str(text))
    view = view_from_card(Card(content=said, rows=rows)) if rows else discord.utils.MISSING
    if interaction.response.is_done():
        await _try(interaction.followup.send(said, view=view, ephemeral=True, allowed_mentions=NO_MENTIONS))
    else:
        await _try(interaction.response.send_message(said, view=view, ephemeral=True, allowed_mentions=NO_MENTIONS))


def _cut(text: str) -> str:
    """Return the text as far as a message takes it."""
    if length(text) <= MAX_CONTENT:
        return text
    units = text.encode("utf-16-le", "surrogatepass")[: 2 * (MAX_CONTENT - 1)]
    return f"{units.decode('utf-16-le', 'ignore')}…"


async def send_card(interaction: discord.Interaction, card: Card, files: Sequence[discord.File] = ()) -> None:
    """Reply to the member alone with text, buttons and files; if Discord no longer accepts a reply, only log that."""
    view = view_from_card(card) if card.rows else None
    if interaction.response.is_done():
        await edit_pressed(
            interaction, content=card.content, view=view, attachments=list(files), allowed_mentions=NO_MENTIONS
        )
        return
    sending = interaction.response.send_message(
        card.content,
        view=view or discord.utils.MISSING,
        files=list(files),
        ephemeral=True,
        allowed_mentions=NO_MENTIONS,
    )
    await _try(sending)


async def replace_answer(
    interaction: discord.Interaction, card: Card, files: Sequence[discord.File] | None = ()
) -> None:
    """Answer a press on an answer to the member alone, or a form that it opened, by putting another in its place.

    files: those of the new answer; None keeps the old one's.
    """
    view = view_from_card(card) if card.rows else None
    attachments = discord.utils.MISSING if files is None else list(files)
    await edit_pressed(
        interaction, content=card.content, view=view, attachments=attachments, allowed_mentions=NO_MENTIONS
    )


async def answer_privately(interaction: discord.Interaction, card: Card, files: Sequence[discord.File] = ()) -> None:
    """Answer the member alone: a command with a new message, a press on such a message in its place."""
    is_press = interaction.type is discord.InteractionType.component
    await (replace_answer if is_press else send_card)(interaction, card, files)


async def show_panel(interaction: discord.Interaction, panel: discord.ui.LayoutView) -> None:
    """Answer a command with the panel, or a press in it with the panel as it is now; for the member alone."""
    # discord.py does not keep it: presses are dispatched by id alone.
    panel.stop()
    if interaction.type is discord.InteractionType.application_command:
        await _try(interaction.response.send_message(view=panel, ephemeral=True, allowed_mentions=NO_MENTIONS))
    else:
        await edit_pressed(interaction, view=panel, allowed_mentions=NO_MENTIONS)


async def open_form(interaction: discord.Interaction, form: discord.ui.Modal) -> None:
    """Answer a press with a form. discord.py does not keep it: what is sent in it is found by its id."""
    form.stop()
    await _try(interaction.response.send_modal(form))


async def in_time(interaction: discord.Interaction, work: Awaitable[T], *, in_place: bool) -> T:
    """Return what the work for an answer returns; if it takes a moment, the member is told to wait for the answer.

    in_place: whether the answer takes the place of the message that was pressed, which then stays as it is meanwhile.
    """

    async def tell_to_wait() -> None:
        if not interaction.response.is_done():
            await _try(interaction.response.defer(ephemeral=True, thinking=not in_place))

    return await _after_a_moment(work, tell_to_wait)


async def while_thinking(interaction: discord.Interaction, work: Awaitable[T], *, is_private: bool = False) -> T:
    """Return what the work returns; if it takes a moment, the channel, or the member alone, sees that Easel thinks.

    If it fails, or what follows it, or the bot stops meanwhile, the member alone is told why.
    """

    async def think() -> None:
        await _try(interaction.response.defer(thinking=True, ephemeral=is_private))
        interaction.extras[_AWAITED] = _ALONE if is_private else _BY_ALL

    try:
        return await _after_a_moment(work, think)
    except asyncio.CancelledError:
        await refuse(interaction, Card(content=str(upload_replies.CUT_SHORT)))
        raise


async def _after_a_moment(work: Awaitable[T], tell: Callable[[], Awaitable[None]]) -> T:
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task,), timeout=MOMENT.total_seconds())
        if not task.done():
            await tell()
        return await task
    finally:
        task.cancel()


async def show_waiting(interaction: discord.Interaction) -> None:
    """Tell the member alone that the answer takes a moment; `finish_waiting` gives it."""
    await _try(interaction.response.defer(ephemeral=True, thinking=True))


async def finish_waiting(
    interaction: discord.Interaction, text: str | Phrase, files: Sequence[discord.File] = ()
) -> None:
    """Give the answer that the member waits for, with these files."""
    editing = interaction.edit_original_response(
        content=str(text), attachments=list(files), allowed_mentions=NO_MENTIONS
    )
    await _try(editing)


async def _try(sending: Awaitable[object]) -> None:
    """Send; if Discord no longer accepts it, only log that."""
    try:
        await sending
    except UNSENT as error:
        _log.warning("answer_not_sent", error=type(error).__name__)


async def acknowledge(interaction: discord.Interaction, delivery: Delivery | None = None) -> None:
    """Answer a press with nothing to see; if Discord no longer accepts an answer, only log that.

    Where the bot cannot post what the press asks for as a message of its own, the answer waits to become that message.
    """
    if delivery is None or delivery.form is DeliveryForm.MESSAGE:
        await _try(interaction.response.defer())
    else:
        is_private = delivery.form is DeliveryForm.EPHEMERAL
        await _try(interaction.response.defer(thinking=True, ephemeral=is_private))


async def remove_buttons(interaction: discord.Interaction) -> None:
    """Answer a press by taking the buttons off its message; if Discord no longer accepts that, only log it."""
    await edit_pressed(interaction, view=None)


async def edit_pressed(interaction: discord.Interaction, **changes: Any) -> None:
    """Answer a press by changing its message, as `edit_message` does; if Discord no longer accepts that, log it.

    An answer that a member was told to wait for is changed the same way.
    """
    is_awaited = interaction.response.is_done()
    await _try((interaction.edit_original_response if is_awaited else interaction.response.edit_message)(**changes))
