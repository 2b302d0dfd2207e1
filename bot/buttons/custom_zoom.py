"""Custom Zoom: a new grid in which the picture is the middle of a larger one, as a form asks for."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from fractions import Fraction
from functools import partial

import discord

from bot.answers import open_form
from bot.buttons.base import FormButton, start_reworded
from bot.cards import ButtonFace, CardKind
from bot.custom_ids import ONE_TO_FOUR
from bot.prompt_form import PROMPT_FIELD, prompt_form
from bot.prompts import one_spec_from_text, usable_adapters
from bot.replies import followup_replies
from bot.services import Services
from bot.store.button_actions import read_picture
from bot.store.followups import FollowUp
from bot.store.interaction import InteractionContext
from engine.contract.edits import Edit
from engine.contract.errors import PromptRefused
from engine.contract.feedback import Verb
from engine.contract.jobs import Job, JobSpec, Operation, Picture
from engine.prompt import Limits
from engine.prompt.checks.canvases import reshaped_canvas
from engine.prompt.checks.followups import followup_spec, without
from engine.prompt.checks.sizes import ratio_of
from engine.prompt.grammar.numbers import DECIMAL

_FACTOR, _SHAPE = "factor", "shape"
_LEAST, _MOST = Fraction(1), Fraction(2)
_LONGEST_NUMBER = 10


class CustomZoomButton(FormButton, verb="zoomcustom", index=ONE_TO_FOUR):
    """Asks for the prompt, the factor and the shape, then starts the job."""

    rows = {CardKind.PICTURE: 2}

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        assert slot is not None
        return (cls.face(job.id, slot + 1, label=str(followup_replies.ZOOM_LABEL), emoji="🔍"),)

    @classmethod
    def operation_of(cls, job: Job) -> Operation:
        """Return the operation of the job that follows."""
        return Operation.ZOOM

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Ask, with what the picture has now."""
        job, picture = await services.commit(context, lambda: read_picture(context, self.button.job_id, self.slot()))
        prompt = without(followup_spec(services.limits, Operation.ZOOM, job.spec), "ar").prompt
        form = prompt_form(self.custom_id, str(followup_replies.ZOOM_LABEL), str(followup_replies.ZOOM_PROMPT), prompt)
        form.add_item(_field(_FACTOR, str(followup_replies.ZOOM_FACTOR), "2"))
        form.add_item(_field(_SHAPE, str(followup_replies.ZOOM_SHAPE), ratio_of((picture.width, picture.height))))
        await open_form(interaction, form)

    async def submit(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, form: Mapping[str, str]
    ) -> None:
        """Store the job and show it."""
        shape, factor = form.get(_SHAPE, "1:1"), _factor_from_text(form.get(_FACTOR, ""))
        text = form.get(PROMPT_FIELD, "")
        usable = await usable_adapters(services, context, text)
        fields = {"shape": str(followup_replies.ZOOM_SHAPE_NAME)}
        spec = one_spec_from_text(services, text, fields, usable, shape=shape)
        follow_up = FollowUp(
            verb=Verb.ZOOM,
            job_id=self.button.job_id,
            slot=self.slot(),
            operation_of=self.operation_of,
            renew_spec=partial(followup_spec, services.limits),
            edit_of=partial(_edit, services.limits, spec, factor),
            variation="custom",
        )
        await start_reworded(interaction, services, context, follow_up, spec, text, may_reshape=True)


def _edit(limits: Limits, spec: JobSpec, factor: Fraction, job: Job, picture: Picture) -> Edit:
    shape = str(spec.parameters["ar"])
    canvas = reshaped_canvas((picture.width, picture.height), shape, factor, spec, limits)
    if canvas is None:
        raise PromptRefused(message=str(followup_replies.NOTHING_TO_PAINT))
    return Edit(strength=None, canvas=canvas)


def _factor_from_text(text: str) -> Fraction:
    # As keyboards for Chinese and Japanese write digits.
    number = unicodedata.normalize("NFKC", text).strip().rstrip("xX").replace(",", ".")
    # Without an exponent: Fraction writes 1e99999999 out, and the bot would stand still for minutes.
    factor = Fraction(number) if DECIMAL.fullmatch(number) else Fraction(0)
    if not _LEAST <= factor <= _MOST:
        raise PromptRefused(message=str(followup_replies.WRONG_FACTOR))
    return factor


def _field(custom_id: str, label: str, value: str) -> discord.ui.Label[discord.ui.Modal]:
    field: discord.ui.TextInput[discord.ui.Modal] = discord.ui.TextInput(
        custom_id=custom_id, default=value, max_length=_LONGEST_NUMBER
    )
    return discord.ui.Label(text=label, component=field)
