"""What the buttons have in common: each is made from its id alone, and every press is answered."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Self
from uuid import UUID

import discord

from bot import replies
from bot.answers import answer, open_form, refuse, while_thinking
from bot.cards import AnswerSubject, ButtonFace, Card, CardKind, FaceStyle
from bot.custom_ids import NO_INDEX, AnswerOrigin, ButtonId, id_from_match, pattern, text_from_id
from bot.interaction_context import context_from_interaction, values_of_form
from bot.job_answers import show_job
from bot.prompt_form import PROMPT_FIELD, prompt_form
from bot.prompts import NO_FIELDS, one_spec_from_text, usable_adapters
from bot.replies import followup_replies
from bot.result_links import check_seen, with_job_ids
from bot.services import Services, services_of
from bot.store.followups import FollowUp, PromptWanted, read_visibility, start_follow_up
from bot.store.interaction import InteractionContext
from bot.store.submissions import form_of
from bot.store.tables import DeliveryForm
from bot.uploads import keys_of_images, known_keys
from engine.contract.edits import Edit
from engine.contract.errors import PromptRefused
from engine.contract.feedback import Verb
from engine.contract.jobs import Job, JobSpec, Operation, Picture
from engine.contract.references import pictures_of
from engine.prompt import Limits
from engine.prompt.checks.followups import (
    asks_for_other_shape,
    followup_spec,
    relaxed_spec,
    repeated_spec,
    reworded_spec,
)

_KEEP_SHAPE = frozenset({Operation.INPAINT, Operation.ZOOM, Operation.PAN})
NEVER = re.compile("(?!)")


class JobButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=NEVER):
    """A button of some job. The class of each verb declares everything about it and is listed in `BUTTONS`.

    verb: as it stands in the id. rows: the cards that have the button, each with the row, counted from 0.
    """

    verb: ClassVar[str] = ""
    id_pattern: ClassVar[re.Pattern[str]] = NEVER
    rows: ClassVar[Mapping[CardKind, int]] = {}
    variation: ClassVar[str | None] = None

    def __init_subclass__(cls, *, verb: str = "", index: str = NO_INDEX) -> None:
        """Take the verb and the form of its index; a class without a verb is a base of others."""
        cls.verb = verb
        cls.id_pattern = pattern(verb, index) if verb else NEVER
        super().__init_subclass__(template=cls.id_pattern)

    def __init__(self, item: discord.ui.Button[discord.ui.View], button: ButtonId) -> None:
        super().__init__(item)
        self.button = button

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return the verb's buttons on a card of the job, from left to right.

        slot: the picture, 0 to 3, on a card of a single picture; None on any other.
        """
        raise NotImplementedError

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return the verb's buttons on an answer to one member, from left to right."""
        raise NotImplementedError

    @classmethod
    def operation_of(cls, job: Job) -> Operation | None:
        """Return the operation of the job that a press starts, or None when it starts none."""
        return None

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store what the press means, then answer it."""
        raise NotImplementedError

    @classmethod
    def face(
        cls,
        job_id: UUID,
        index: int | None = None,
        *,
        origin: AnswerOrigin | None = None,
        label: str | None = None,
        emoji: str | None = None,
        style: FaceStyle = FaceStyle.PLAIN,
        is_disabled: bool = False,
    ) -> ButtonFace:
        """Return one button of the verb; `origin` is the message that the answer which has the button is about.

        Raises: ValueError for an index that the verb does not have.
        """
        custom_id = text_from_id(ButtonId(verb=cls.verb, job_id=job_id, index=index, origin=origin))
        if not cls.id_pattern.fullmatch(custom_id):
            raise ValueError(f"{cls.verb} has no index {index}")
        return ButtonFace(custom_id=custom_id, label=label, emoji=emoji, style=style, is_disabled=is_disabled)

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that the id names."""
        assert isinstance(item, discord.ui.Button)
        return cls(item, id_from_match(match))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the verb says, and answer."""
        services = services_of(interaction)
        context = context_from_interaction(interaction)
        await answer(interaction, services, self.verb, self.press(interaction, services, context))

    def slot(self) -> int:
        """Return the slot, 0 to 3, of the picture that an index of 1 to 4 names."""
        assert self.button.index is not None
        return self.button.index - 1

    def slot_or_all(self) -> int | None:
        """Return the slot, 0 to 3, of the picture that the index names; None without one."""
        return None if self.button.index is None else self.button.index - 1


class FormButton(JobButton):
    """A button that opens a form; what the member sends in it is handled by `submit`, also after a restart.

    The form has the button's own id.
    """

    async def submit(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, form: Mapping[str, str]
    ) -> None:
        """Store what was sent, then answer it; `form` has the values by the ids of the fields."""
        raise NotImplementedError

    async def submitted(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the form says, and answer."""
        services = services_of(interaction)
        context = context_from_interaction(interaction)
        form = values_of_form(interaction)
        await answer(interaction, services, self.verb, self.submit(interaction, services, context, form))


class FollowUpButton(FormButton):
    """A button that starts a job from another one; a verb's class declares only these two, its id and its faces.

    Of members with remix it first asks for the prompt, in a form.

    event_verb: how the press is recorded, and `variation` of which kind it is, where there are several.
    operation: of the new job; None repeats the old one, with all that its prompt says but the seed.
    """

    event_verb: ClassVar[Verb]
    operation: ClassVar[Operation | None] = None

    @classmethod
    def edit_of(cls, limits: Limits, job: Job, picture: Picture) -> Edit | None:
        """Return what is done to the picture that the button names; None for what the operation does by itself.

        Raises: RequestError when the job's model cannot do it.
        """
        return None

    @classmethod
    def operation_of(cls, job: Job) -> Operation:
        """Return the operation of the new job."""
        return cls.operation or job.operation

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store the new job, and show it as the answer; a press that repeats one of a moment ago starts none."""
        wanted = await start(interaction, services, context, self._follow_up(services))
        if wanted:
            form = prompt_form(
                self.custom_id, str(followup_replies.REMIX_TITLE), str(followup_replies.REMIX_PROMPT), wanted.prompt
            )
            await open_form(interaction, form)

    async def submit(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, form: Mapping[str, str]
    ) -> None:
        """Store the new job with the prompt that the member has written, and show it as the answer."""
        text = await with_job_ids(services, context, form.get(PROMPT_FIELD, ""))
        usable = await usable_adapters(services, context, text)
        spec = one_spec_from_text(services, text, NO_FIELDS, usable)
        await check_seen(interaction, services, context, [spec])
        await start_reworded(interaction, services, context, self._follow_up(services), spec, text)

    def _follow_up(self, services: Services) -> FollowUp:
        return FollowUp(
            verb=self.event_verb,
            job_id=self.button.job_id,
            slot=self.slot_or_all(),
            operation_of=self.operation_of,
            renew_spec=partial(followup_spec if self.operation else repeated_spec, services.limits),
            edit_of=partial(self.edit_of, services.limits),
            variation=self.variation,
        )


async def start(
    interaction: discord.Interaction, services: Services, context: InteractionContext, follow_up: FollowUp
) -> PromptWanted | None:
    """Store the new job, and show it as the answer; a press that repeats one of a moment ago starts none.

    A member who wants to be asked for the prompt has no answer yet; what to ask for is then returned.
    """
    follow_up = replace(follow_up, relax=relaxed_spec)
    started = await services.commit(context, lambda: start_follow_up(context, follow_up, services.instance))
    if isinstance(started, PromptWanted):
        return started
    if started:
        await show_job(interaction, services, started)
    else:
        await refuse(interaction, Card(content=str(replies.PRESSED_AGAIN)))
    return None


async def start_reworded(
    interaction: discord.Interaction,
    services: Services,
    context: InteractionContext,
    follow_up: FollowUp,
    spec: JobSpec,
    text: str,
    *,
    may_reshape: bool = False,
) -> None:
    """Store the new job with a prompt that the member has just written as `text`, and show it as the answer.

    may_reshape: as in `reworded`.
    """
    known = await known_keys(services, spec, follow_up.job_id)
    if known.keys() >= {image.url for image in pictures_of(spec)}:
        keys = known
    else:
        visibility = await services.commit(context, lambda: read_visibility(context, follow_up.job_id, spec))
        is_private = form_of(context, visibility) is DeliveryForm.EPHEMERAL
        taking = keys_of_images(services, context, [spec], text, known)
        keys = await while_thinking(interaction, taking, is_private=is_private)
    # A form closes when it is sent: another one is no second click, and its words would be lost.
    renewed = replace(reworded(follow_up, services.limits, spec, keys, may_reshape=may_reshape), is_deliberate=True)
    await start(interaction, services, context, renewed)


def reworded(
    follow_up: FollowUp, limits: Limits, spec: JobSpec, image_keys: Mapping[str, str], *, may_reshape: bool = False
) -> FollowUp:
    """Return the same with a prompt that the member has just written, and the keys of the pictures in it.

    may_reshape: whether the new job has the shape that the prompt says; otherwise another `--ar` is refused where the
        picture keeps its own.
    """

    def renew(operation: Operation, old: JobSpec) -> JobSpec:
        if operation is not Operation.IMAGINE and "between" in spec.parameters:
            raise PromptRefused(message=str(followup_replies.FROM_ONE_PICTURE))
        if operation in _KEEP_SHAPE and not may_reshape and asks_for_other_shape(spec, old):
            raise PromptRefused(message=str(followup_replies.SHAPE_KEPT))
        return reworded_spec(limits, operation, spec)

    return replace(
        follow_up,
        renew_spec=renew,
        image_keys=image_keys,
        has_prompt=True,
    )


def numbered_answers(
    button: type[JobButton], subject: AnswerSubject, emoji: str, chosen: Collection[int | None]
) -> tuple[ButtonFace, ...]:
    """Return one button for each picture of a grid, on an answer; those of the chosen slots stand out."""
    return tuple(
        button.face(
            subject.job_id,
            slot + 1,
            origin=subject.origin,
            label=f"{slot + 1}",
            emoji=emoji,
            style=FaceStyle.CHOSEN if slot in chosen else FaceStyle.PLAIN,
        )
        for slot in range(4)
    )


def numbered(button: type[JobButton], job: Job, letter: str) -> tuple[ButtonFace, ...]:
    """Return one button for each picture of a grid, labelled with the letter and the picture's number."""
    return tuple(button.face(job.id, number, label=f"{letter}{number}") for number in range(1, 5))
