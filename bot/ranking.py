"""The message that asks a member to compare two pictures, and what they may be shown where they ask for it."""

from __future__ import annotations

import io
from functools import partial

import discord

from bot.answers import answer_privately, in_time
from bot.cards import AnswerSubject, Card, CardKind, answer_rows
from bot.delivery.attachments import ImageFile, signed
from bot.delivery.pair_picture import side_by_side
from bot.replies.feedback_replies import RANK_CLOSED, RANK_REFUSED, nothing_to_compare, pair_alt, pair_question
from bot.services import Services
from bot.store.interaction import InteractionContext
from bot.store.ranking.grids import Place
from bot.store.ranking.pairs import NextPair
from bot.store.ranking.presses import next_pair
from engine.contract.errors import PictureCorrupt
from engine.error_boundary import result_of

_MAX_CHANNELS = 200
_MAX_LOST = 5
"""Pairs whose files are missing, until the member is told."""


def place_of(interaction: discord.Interaction, context: InteractionContext) -> Place:
    """Return which channels the member sees in this server, first this one, and whether it is restricted by age."""
    here, user = context.channel_id, interaction.user
    others: list[int] = []
    if interaction.guild is not None and isinstance(user, discord.Member):
        others = [channel.id for channel in interaction.guild.channels if _sees(channel, user)]
        others += [
            thread.id
            for thread in interaction.guild.threads
            if thread.parent is not None and not thread.is_private() and _sees(thread.parent, user)
        ]
    visible = dict.fromkeys((here, *others))
    return Place(channel_ids=tuple(visible)[:_MAX_CHANNELS], is_nsfw=bool(context.is_nsfw_channel))


async def ask_to_compare(
    interaction: discord.Interaction, services: Services, context: InteractionContext, pair: NextPair
) -> None:
    """Show the pair, in place of the one that was pressed if there was one.

    One whose files are missing is passed over.

    Raises: PictureCorrupt, StoreUnavailable.
    """
    place, in_place = place_of(interaction, context), interaction.type is discord.InteractionType.component
    reading = _read_any(services, context, place, pair)
    pair, file = await in_time(interaction, reading, in_place=in_place)
    if file is None or pair.job is None:
        await answer_privately(interaction, Card(content=_refusal(pair)))
        return
    card = Card(
        content=pair_question(pair.job.spec.prompt, pair.num_answered),
        rows=answer_rows(services.buttons, CardKind.PAIR, AnswerSubject(job_id=pair.impression_id, origin=None)),
    )
    name = f"pair_{pair.impression_id}.{file.extension}"
    shown = discord.File(io.BytesIO(file.data), name, description=pair_alt(pair.job.spec.prompt))
    await answer_privately(interaction, card, [shown])


def _refusal(pair: NextPair) -> str:
    if pair.is_closed:
        return str(RANK_CLOSED)
    return str(nothing_to_compare(pair.num_answered) if pair.has_agreed else RANK_REFUSED)


async def _read_any(
    services: Services, context: InteractionContext, place: Place, pair: NextPair
) -> tuple[NextPair, ImageFile | None]:
    """Return the pair, or the next one whose files are there, with its pictures side by side."""
    for _ in range(_MAX_LOST):
        file = await result_of(_read(services, pair))
        if not isinstance(file, PictureCorrupt) or pair.job is None:
            break
        pair = await services.commit(context, partial(next_pair, context, place, lost=pair.job.id))
    if isinstance(file, Exception):
        raise file
    return pair, file


async def _read(services: Services, pair: NextPair) -> ImageFile | None:
    """Return both pictures side by side, None if there is no pair."""
    if not pair.pictures:
        return None
    left, right = [await services.objects.get(picture.object_key) for picture in pair.pictures]
    return await signed(await side_by_side(left, right), services.credentials)


def _sees(channel: discord.abc.GuildChannel, member: discord.Member) -> bool:
    allowed = channel.permissions_for(member)
    return allowed.view_channel and allowed.read_message_history
