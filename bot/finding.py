"""The list of found pictures, for the member alone, and a job that they bring back from it."""

from __future__ import annotations

import io
from uuid import UUID

import discord

from bot import replies
from bot.answers import answer_privately, in_time, send_ephemeral
from bot.cards import AnswerSubject, Card, CardKind, answer_rows
from bot.delivery.attachments import signed
from bot.delivery.contact_sheet import contact_sheet
from bot.delivery.discord_messages import message_link
from bot.interaction_context import may_post
from bot.job_answers import show_job
from bot.policy.pictures import may_be_unsafe
from bot.replies import finding_replies, gallery_replies
from bot.services import Services
from bot.store.finding.bringing_back import bring_back
from bot.store.finding.searches import FoundJob, Page
from bot.store.finding.wanted import Wanted
from bot.store.interaction import InteractionContext
from bot.store.tables import DeliveryForm
from engine.contract.errors import PictureCorrupt, StoreUnavailable
from engine.error_boundary import result_of


async def show_page(interaction: discord.Interaction, services: Services, page: Page) -> None:
    """Show the page, in place of the one that was pressed if there was one."""
    in_place = interaction.type is discord.InteractionType.component
    sheet = await in_time(interaction, _sheet(services, page), in_place=in_place)
    await answer_privately(interaction, page_card(services, page), [sheet] if sheet else [])


def page_card(services: Services, page: Page) -> Card:
    """Return the list with its buttons."""
    own = () if page.wanted.is_of_server else tuple(one.job.id for one in page.found)
    pages = (page.number - 1 or None, page.number + 1 if page.has_next else None)
    subject = AnswerSubject(job_id=page.search_id, origin=None, found=own, pages=pages)
    return Card(content="\n".join(_lines(page)), rows=answer_rows(services.buttons, CardKind.FOUND, subject))


async def show_again(
    interaction: discord.Interaction,
    services: Services,
    context: InteractionContext,
    job_id: UUID,
    *,
    makes_public: bool = False,
) -> None:
    """Post the member's job in the channel once more, with its pictures and buttons; a private one is for them alone.

    makes_public: whether others may see it from now on.

    Raises: JobUnknown, PictureUnknown, StoreUnavailable.
    """
    if not may_post(interaction):
        await send_ephemeral(interaction, replies.CHANNEL_CLOSED)
        return
    brought = await services.commit(
        context, lambda: bring_back(context, job_id, services.instance, makes_public=makes_public)
    )
    if brought:
        await show_job(interaction, services, brought)
    else:
        await send_ephemeral(interaction, replies.ALREADY_DONE)


def _lines(page: Page) -> list[str]:
    if not page.found:
        return [_nothing(page)]
    wanted = page.wanted
    of_server = finding_replies.title(is_of_server=wanted.is_of_server, words=wanted.words, page=page.number)
    first = gallery_replies.title(wanted.best) if wanted.best else of_server
    last = [] if wanted.is_of_server else [finding_replies.SHOW_HINT]
    return [first, *(_line(number, one) for number, one in enumerate(page.found, 1)), *map(str, last)]


def _line(number: int, found: FoundJob) -> str:
    job, delivery = found.job, found.delivery
    model = str(found.pictures[0].recipe.get("model", "")) if found.pictures else ""
    # A message that only its member sees is gone once Discord is opened again.
    stays = delivery and delivery.message_id and delivery.form is not DeliveryForm.EPHEMERAL
    link = message_link(delivery, delivery.guild_id) if delivery and stays else None
    return finding_replies.found_line(number, job.spec.prompt, model, job.created_at, link, found.votes)


def _nothing(page: Page) -> str:
    if page.has_next:
        return str(finding_replies.NOTHING_AMONG_NEWEST)
    if page.number > 1:
        return str(finding_replies.NOTHING_HERE)
    if page.wanted.best:
        return str(gallery_replies.NOTHING_LIKED)
    if page.wanted.is_of_server:
        return str(finding_replies.NOTHING_FOUND)
    return str(finding_replies.NOTHING_OWN if page.wanted == Wanted() else finding_replies.NOTHING_FOUND_OWN)


async def _sheet(services: Services, page: Page) -> discord.File | None:
    """Return the pictures of the page, without unsafe ones; None if there are none, or the store is away."""
    files: list[bytes | None] = []
    for one in page.found:
        key = one.job.grid_key or (one.pictures[0].object_key if one.pictures else None)
        is_hidden = not services.limits.shows_unsafe and may_be_unsafe(picture.unsafe_score for picture in one.pictures)
        data = await result_of(services.objects.get(key)) if key and not is_hidden else None
        if isinstance(data, StoreUnavailable):
            return None
        if isinstance(data, Exception) and not isinstance(data, PictureCorrupt):
            raise data
        files.append(data if isinstance(data, bytes) else None)
    if not files:
        return None
    sheet = await signed(await contact_sheet(files), services.credentials)
    name = f"found_{page.search_id}_{page.number}.{sheet.extension}"
    return discord.File(io.BytesIO(sheet.data), name, description=finding_replies.sheet_alt(len(files)))
