"""Vary (Region): a new grid in which only the chosen cells of a picture are painted anew.

The cells that a member has chosen stand in the message alone, in the colour of their buttons, so that the choice works
after a restart and with any bot process.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar
from uuid import UUID

import discord

from bot.answers import in_time, open_form, replace_answer, send_card, send_ephemeral
from bot.buttons.base import FormButton, JobButton, start, start_reworded
from bot.cards import AnswerSubject, ButtonFace, Card, CardKind, FaceStyle, answer_rows
from bot.custom_ids import ONE_TO_FOUR, ONE_TO_NINE, AnswerOrigin, id_from_text
from bot.delivery.attachments import ImageFile, signed
from bot.delivery.region_picture import with_cells
from bot.interaction_context import origin_of
from bot.policy.pictures import Showing
from bot.prompt_form import PROMPT_FIELD, prompt_form
from bot.prompts import NO_FIELDS, one_spec_from_text, usable_adapters
from bot.regions import region_follow_up
from bot.replies import followup_replies, mask_replies
from bot.services import Services
from bot.showing import showing_there
from bot.signed_links import signed_path
from bot.store.button_actions import open_mask_page, read_picture
from bot.store.followups import FollowUp
from bot.store.interaction import InteractionContext
from engine.contract.edits import CELLS
from engine.contract.errors import PromptRefused
from engine.contract.jobs import Job, Operation, Picture

_WHAT = "what"
_LONGEST_NAME = 100


class RegionButton(JobButton, verb="region", index=ONE_TO_FOUR):
    """Asks which cells of the picture to paint anew."""

    rows = {CardKind.PICTURE: 1}

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        assert slot is not None
        return (cls.face(job.id, slot + 1, label=str(followup_replies.REGION_LABEL), emoji="🖌️"),)

    @classmethod
    def operation_of(cls, job: Job) -> Operation:
        """Return the operation of the job that follows."""
        return Operation.INPAINT

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Show the picture under its cells; nothing is stored."""
        slot = self.slot()
        job, picture = await services.commit(context, lambda: read_picture(context, self.button.job_id, slot))
        showing = await showing_there(services, context, job, [picture])
        file = await in_time(interaction, _read(services, picture), in_place=False)
        origin = origin_of(interaction)
        assert origin is not None
        card = _card(services, job.id, replace(origin, slot=slot), frozenset(), job.spec.prompt)
        alt = followup_replies.region_alt(job.spec.prompt, slot)
        name, is_spoiler = f"cells_{picture.id}.{file.extension}", showing is Showing.SPOILER
        shown = discord.File(io.BytesIO(file.data), name, spoiler=is_spoiler, description=alt)
        await send_card(interaction, card, [shown])


class TopCellButton(JobButton, verb="topcell", index=ONE_TO_NINE):
    """Chooses a cell of the first row, or no longer."""

    rows = {CardKind.REGION: 0}
    cells: ClassVar[range] = CELLS[:3]

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return one button for each cell of the row; the chosen ones stand out."""
        return tuple(
            cls.face(
                subject.job_id,
                cell,
                origin=subject.origin,
                label=str(cell),
                style=FaceStyle.CHOSEN if cell in subject.cells else FaceStyle.PLAIN,
            )
            for cell in cls.cells
        )

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Show what is chosen now; nothing is stored."""
        assert self.button.index is not None and self.button.origin is not None
        cells = chosen_cells(interaction.message) ^ {self.button.index}
        slot = _slot(self.button.origin)
        job, _ = await services.commit(context, lambda: read_picture(context, self.button.job_id, slot))
        await replace_answer(interaction, _card(services, job.id, self.button.origin, cells, job.spec.prompt), None)


class MiddleCellButton(TopCellButton, verb="middlecell", index=ONE_TO_NINE):
    """Chooses a cell of the second row, or no longer."""

    rows = {CardKind.REGION: 1}
    cells = CELLS[3:6]


class BottomCellButton(TopCellButton, verb="bottomcell", index=ONE_TO_NINE):
    """Chooses a cell of the third row, or no longer."""

    rows = {CardKind.REGION: 2}
    cells = CELLS[6:]


class PaintRegionButton(JobButton, verb="paintregion"):
    """Starts the job with the chosen cells, and the prompt as it is."""

    rows = {CardKind.REGION: 3}

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        return (cls.face(subject.job_id, origin=subject.origin, label=str(followup_replies.PAINT_LABEL), emoji="🖌️"),)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store the job and show it, or say that no cell is chosen."""
        if cells := chosen_cells(interaction.message):
            await start(interaction, services, context, _follow_up(self, services, cells))
        else:
            await send_ephemeral(interaction, followup_replies.NO_CELLS)


class RewordRegionButton(FormButton, verb="rewordregion"):
    """Asks for the prompt of the chosen cells, then starts the job with it."""

    rows = {CardKind.REGION: 3}

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        return (cls.face(subject.job_id, origin=subject.origin, label=str(followup_replies.REWORD_LABEL), emoji="✏️"),)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Ask for the prompt, with the old one to change."""
        assert self.button.origin is not None
        if not chosen_cells(interaction.message):
            await send_ephemeral(interaction, followup_replies.NO_CELLS)
            return
        slot = _slot(self.button.origin)
        job, _ = await services.commit(context, lambda: read_picture(context, self.button.job_id, slot))
        title, label = followup_replies.REGION_LABEL, followup_replies.REGION_PROMPT
        await open_form(interaction, prompt_form(self.custom_id, str(title), str(label), job.spec.prompt))

    async def submit(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, form: Mapping[str, str]
    ) -> None:
        """Store the job with the new prompt and show it."""
        text = form.get(PROMPT_FIELD, "")
        spec = one_spec_from_text(services, text, NO_FIELDS, await usable_adapters(services, context, text))
        follow_up = _follow_up(self, services, chosen_cells(interaction.message))
        await start_reworded(interaction, services, context, follow_up, spec, text)


class PaintMaskButton(JobButton, verb="paintmask"):
    """Gives the member a link to a page on which they paint the region by hand."""

    rows = {CardKind.REGION: 3}

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return the one button, where there is such a page."""
        if not subject.has_pages:
            return ()
        return (cls.face(subject.job_id, origin=subject.origin, label=str(mask_replies.MASK_LABEL), emoji="✍️"),)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store the page, and tell the member alone where it is."""
        assert self.button.origin is not None
        slot = _slot(self.button.origin)
        job, picture = await services.commit(context, lambda: read_picture(context, self.button.job_id, slot))
        await showing_there(services, context, job, [picture])
        page = await services.commit(context, lambda: open_mask_page(context, self.button.job_id, slot))
        path = signed_path(page.secret, page.id, page.expires_at)
        text = mask_replies.link(f"{services.public_url}/masks/{path}", page.expires_at)
        await send_ephemeral(interaction, text if services.public_url else mask_replies.NO_PAGES)


class NameRegionButton(FormButton, verb="nameregion"):
    """Asks what in the picture to paint anew, and with which prompt, then starts the job."""

    rows = {CardKind.REGION: 3}

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return the one button, where the service can find what words name."""
        if not subject.has_segmenter:
            return ()
        return (cls.face(subject.job_id, origin=subject.origin, label=str(followup_replies.NAME_LABEL), emoji="🔎"),)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Ask, with the prompt to change."""
        assert self.button.origin is not None
        if not services.limits.has_segmenter:
            await send_ephemeral(interaction, followup_replies.NO_SEGMENTER)
            return
        slot = _slot(self.button.origin)
        job, _ = await services.commit(context, lambda: read_picture(context, self.button.job_id, slot))
        title, label = followup_replies.REGION_LABEL, followup_replies.NAMED_PROMPT
        form = prompt_form(self.custom_id, str(title), str(label), job.spec.prompt)
        what: discord.ui.TextInput[discord.ui.Modal] = discord.ui.TextInput(custom_id=_WHAT, max_length=_LONGEST_NAME)
        form.add_item(discord.ui.Label(text=str(followup_replies.NAME_WHAT), component=what))
        await open_form(interaction, form)

    async def submit(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, form: Mapping[str, str]
    ) -> None:
        """Store the job and show it."""
        assert self.button.origin is not None
        words = " ".join(form.get(_WHAT, "").split())
        if not words:
            raise PromptRefused(message=str(followup_replies.NO_WORDS))
        text = form.get(PROMPT_FIELD, "")
        spec = one_spec_from_text(services, text, NO_FIELDS, await usable_adapters(services, context, text))
        follow_up = region_follow_up(services, self.button.job_id, _slot(self.button.origin), words=words)
        await start_reworded(interaction, services, context, follow_up, spec, text)


async def _read(services: Services, picture: Picture) -> ImageFile:
    cells = await with_cells(await services.objects.get(picture.object_key))
    return await signed(cells, services.credentials)


def chosen_cells(message: discord.Message | None) -> frozenset[int]:
    """Return the cells that stand out in the message."""
    rows = [] if message is None else [row for row in message.components if isinstance(row, discord.ActionRow)]
    buttons = [child for row in rows for child in row.children if isinstance(child, discord.Button)]
    ids = [id_from_text(one.custom_id or "") for one in buttons if one.style is FaceStyle.CHOSEN.value]
    verbs = {TopCellButton.verb, MiddleCellButton.verb, BottomCellButton.verb}
    return frozenset(one.index for one in ids if one and one.verb in verbs and one.index)


def _card(services: Services, job_id: UUID, origin: AnswerOrigin, cells: frozenset[int], prompt: str) -> Card:
    subject = AnswerSubject(
        job_id=job_id,
        origin=origin,
        cells=cells,
        has_pages=services.public_url is not None,
        has_segmenter=services.limits.has_segmenter,
    )
    content = followup_replies.region_question(prompt, _slot(origin), cells)
    return Card(content=content, rows=answer_rows(services.buttons, CardKind.REGION, subject))


def _slot(origin: AnswerOrigin) -> int:
    return origin.slot or 0


def _follow_up(pressed: JobButton, services: Services, cells: frozenset[int]) -> FollowUp:
    assert pressed.button.origin is not None
    return region_follow_up(services, pressed.button.job_id, _slot(pressed.button.origin), cells=cells)
