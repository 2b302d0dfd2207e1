"""The buttons of a case, for moderators: what happens to a picture and its member, and to an appeal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import discord

from bot.answers import open_form, send_ephemeral
from bot.buttons.base import FormButton, JobButton
from bot.cards import AnswerSubject, ButtonFace, CardKind, FaceStyle
from bot.language import Phrase
from bot.replies import appeal_replies, moderation_replies
from bot.services import Services
from bot.store.interaction import InteractionContext
from bot.store.moderation.rulings import RulingWish, decide
from bot.store.moderation.tables import Decision

_LASTS, _REASON, _PICTURE = "lasts", "reason", "picture"
_LONGEST_REASON = 300
_MANAGES_MESSAGES = discord.Permissions(manage_messages=True)
_TIMES_OUT = discord.Permissions(moderate_members=True)
_BANS = discord.Permissions(ban_members=True)


class _DecidingButton(FormButton):
    """A button that decides the case that its id names; any of `allowed` is enough, as Discord says with the press."""

    rows = {CardKind.CASE: 0}
    decision: ClassVar[Decision]
    allowed: ClassVar[tuple[discord.Permissions, ...]]
    label: ClassVar[Phrase]
    style: ClassVar[FaceStyle] = FaceStyle.PLAIN

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        return (cls.face(subject.job_id, label=str(cls.label), style=cls.style),)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Decide the case, or ask for what the decision needs."""
        if not self._may(interaction):
            await send_ephemeral(interaction, moderation_replies.not_allowed(self.decision))
            return
        form = self.form()
        if form:
            await open_form(interaction, form)
        else:
            await self._decide(interaction, services, context, self.wish({}))

    async def submit(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, form: Mapping[str, str]
    ) -> None:
        """Decide the case by what the form says, if the moderator still may."""
        if not self._may(interaction):
            await send_ephemeral(interaction, moderation_replies.not_allowed(self.decision))
            return
        await self._decide(interaction, services, context, self.wish(form))

    def form(self) -> discord.ui.Modal | None:
        """Return what asks for more; None where nothing is to be asked."""
        return None

    def wish(self, form: Mapping[str, str]) -> RulingWish:
        """Return how the case is to be decided."""
        return RulingWish(decision=self.decision)

    def _may(self, interaction: discord.Interaction) -> bool:
        held = interaction.permissions
        is_enough = held.administrator or any(held.is_superset(needed) for needed in self.allowed)
        return interaction.guild_id is not None and is_enough

    async def _decide(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, wish: RulingWish
    ) -> None:
        held = interaction.permissions
        full = replace(wish, may_ban=held.administrator or held.ban_members)
        decided = await services.commit(context, lambda: decide(context, self.button.job_id, full))
        services.case_poster.wake()
        await send_ephemeral(interaction, moderation_replies.decided(decided))


class KeepReportedButton(_DecidingButton, verb="casekeep"):
    """Leaves the picture where it is."""

    decision, label = Decision.KEEP, moderation_replies.KEEP_LABEL
    allowed = (_TIMES_OUT, _MANAGES_MESSAGES)


class RemoveReportedButton(_DecidingButton, verb="caseremove"):
    """Deletes the messages with the picture."""

    decision, label = Decision.REMOVE, moderation_replies.REMOVE_LABEL
    allowed = (_TIMES_OUT, _MANAGES_MESSAGES)
    style = FaceStyle.DANGER

    def wish(self, form: Mapping[str, str]) -> RulingWish:
        """Return that it is to be removed."""
        return RulingWish(decision=self.decision, removes=True)


class TimeOutButton(_DecidingButton, verb="casetimeout"):
    """Lets the member start nothing in the server for a while."""

    decision, label = Decision.TIME_OUT, moderation_replies.TIME_OUT_LABEL
    allowed = (_TIMES_OUT,)
    style = FaceStyle.DANGER

    def form(self) -> discord.ui.Modal:
        """Return what asks how long, why, and about the picture."""
        lasts = {name: label for name, (label, _lasts) in moderation_replies.DURATIONS.items()}
        form = discord.ui.Modal(title=str(moderation_replies.TIME_OUT_TITLE), custom_id=self.custom_id)
        form.add_item(_choice(_LASTS, str(moderation_replies.LASTS_LABEL), lasts))
        return _with_reason(form)

    def wish(self, form: Mapping[str, str]) -> RulingWish:
        """Return for how long and why."""
        _label, lasts = moderation_replies.DURATIONS[form[_LASTS]]
        return RulingWish(decision=self.decision, lasts=lasts, reason=form.get(_REASON), removes=_removes(form))


class BanButton(_DecidingButton, verb="caseban"):
    """Lets the member start nothing in the server any more."""

    decision, label = Decision.BAN, moderation_replies.BAN_LABEL
    allowed = (_BANS,)
    style = FaceStyle.DANGER

    def form(self) -> discord.ui.Modal:
        """Return what asks why, and about the picture."""
        return _with_reason(discord.ui.Modal(title=str(moderation_replies.BAN_TITLE), custom_id=self.custom_id))

    def wish(self, form: Mapping[str, str]) -> RulingWish:
        """Return why."""
        return RulingWish(decision=self.decision, reason=form.get(_REASON), removes=_removes(form))


class AcceptAppealButton(_DecidingButton, verb="appealaccept"):
    """Lets the member do what was refused, and tells them."""

    rows = {CardKind.APPEAL: 0}
    decision, label = Decision.ACCEPT, appeal_replies.ACCEPT_LABEL
    allowed = (_TIMES_OUT, _BANS)


class RefuseAppealButton(_DecidingButton, verb="appealrefuse"):
    """Leaves it as it is, and tells the member."""

    rows = {CardKind.APPEAL: 0}
    decision, label = Decision.REFUSE, appeal_replies.REFUSE_LABEL
    allowed = (_TIMES_OUT, _BANS)
    style = FaceStyle.DANGER


CASE_BUTTONS: tuple[type[JobButton], ...] = (
    KeepReportedButton,
    RemoveReportedButton,
    TimeOutButton,
    BanButton,
    AcceptAppealButton,
    RefuseAppealButton,
)


def _with_reason(form: discord.ui.Modal) -> discord.ui.Modal:
    reason: discord.ui.TextInput[discord.ui.Modal] = discord.ui.TextInput(custom_id=_REASON, max_length=_LONGEST_REASON)
    form.add_item(discord.ui.Label(text=str(moderation_replies.REASON_LABEL), component=reason))
    form.add_item(_choice(_PICTURE, str(moderation_replies.PICTURE_LABEL), moderation_replies.REMOVES_CHOICES))
    return form


def _choice(custom_id: str, label: str, choices: Mapping[str, Phrase]) -> discord.ui.Label[discord.ui.Modal]:
    """Return a choice of one, of which the first stands unless another is made."""
    options = [
        discord.RadioGroupOption(label=str(text), value=name, default=place == 0)
        for place, (name, text) in enumerate(choices.items())
    ]
    group: discord.ui.RadioGroup[discord.ui.Modal] = discord.ui.RadioGroup(custom_id=custom_id, options=options)
    return discord.ui.Label(text=label, component=group)


def _removes(form: Mapping[str, str]) -> bool:
    first, *_ = moderation_replies.REMOVES_CHOICES
    return form.get(_PICTURE, first) == first
