"""Hands the file of an export over to its member: attached where Discord takes it, as a link otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import discord

from bot.delivery.attachments import MAX_BYTES
from bot.delivery.discord_messages import NO_MENTIONS, open_dm_channel
from bot.delivery.outcomes import AttachmentTooLarge, DiscordUnavailable, SendOutcome, Sent, outcome_of
from bot.exports.place import ExportPlace
from bot.language import speaking
from bot.replies import export_replies
from bot.store.export_tables import ExportState, Telling
from bot.store.exports import KEPT_FOR, Export
from bot.store.interaction import InteractionToken


@dataclass(frozen=True, kw_only=True)
class Handover:
    """What a message says of an export; `delivered` is where its file is, None if it is attached."""

    delivered: str | None
    file: discord.File | None = None


def hand_over(place: ExportPlace, export: Export, *, max_bytes: int) -> Handover:
    """Return the file, open, if it has at most so many bytes, or else where it is."""
    path = place.file(export.id)
    if export.state is not ExportState.DONE:
        return Handover(delivered=None)
    if export.ended_at is None or not path.exists():
        return Handover(delivered=export_replies.file_gone())
    if path.stat().st_size <= max_bytes:
        name = "easel-data" if export.guild_id is None else f"easel-{export.options['format']}"
        return Handover(delivered=None, file=discord.File(path, f"{name}.zip"))
    end, address = export.ended_at + KEPT_FOR, place.link(export)
    if address is None:
        return Handover(delivered=export_replies.no_address(path, end))
    return Handover(delivered=export_replies.link(address, end))


async def tell(client: discord.Client, place: ExportPlace, export: Export) -> Telling:
    """Tell the member what became of the export, and give them its file.

    By the interaction while it can be answered, else in their direct messages. HELD if Discord lets the bot do neither.
    DUE while Discord cannot be reached.
    """
    token = export.token
    if token is not None:
        outcome = await _send_fitting(place, export, _ByToken(client, token), export.max_bytes)
        if isinstance(outcome, Sent | DiscordUnavailable):
            return _telling_of(outcome)
    channel_id = await open_dm_channel(client, export.discord_id)
    if not isinstance(channel_id, int):
        return _telling_of(channel_id)
    by_message = _ByMessage(client, channel_id, export)
    return _telling_of(await _send_fitting(place, export, by_message, MAX_BYTES))


@dataclass(frozen=True)
class _ByToken:
    """Answers the interaction once more, to the member alone."""

    client: discord.Client
    token: InteractionToken

    async def send(self, text: str, file: discord.File | None) -> None:
        webhook = discord.Webhook.partial(self.client.application_id or 0, self.token.text, client=self.client)
        # Of others, discord.py sends no messages to one member alone.
        webhook.type = discord.WebhookType.application
        files = [file] if file else []
        await webhook.send(text, files=files, ephemeral=True, wait=True, allowed_mentions=NO_MENTIONS)


@dataclass(frozen=True)
class _ByMessage:
    """Writes to the member's direct messages; for a few minutes Discord ignores the same message a second time."""

    client: discord.Client
    channel_id: int
    export: Export

    async def send(self, text: str, file: discord.File | None) -> None:
        channel = self.client.get_partial_messageable(self.channel_id)
        nonce = self.export.id.hex[-25:]
        await channel.send(text, files=[file] if file else [], nonce=nonce, allowed_mentions=NO_MENTIONS)


async def _send_fitting(place: ExportPlace, export: Export, way: _ByToken | _ByMessage, max_bytes: int) -> SendOutcome:
    outcome = await _send(place, export, way, max_bytes)
    return await _send(place, export, way, 0) if isinstance(outcome, AttachmentTooLarge) else outcome


async def _send(place: ExportPlace, export: Export, way: _ByToken | _ByMessage, max_bytes: int) -> SendOutcome:
    with speaking(export.language):
        handover = hand_over(place, export, max_bytes=max_bytes)
        text = export_replies.ended(export, delivered=handover.delivered)

    async def send() -> SendOutcome:
        await way.send(text, handover.file)
        return Sent(message_id=0)

    try:
        return await outcome_of(send)
    finally:
        if handover.file:
            handover.file.close()


def _telling_of(outcome: SendOutcome) -> Telling:
    if isinstance(outcome, DiscordUnavailable):
        return Telling.DUE
    return Telling.TOLD if isinstance(outcome, Sent) else Telling.HELD
