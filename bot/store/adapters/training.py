"""Submitting a training: the job, its delivery and the adapter's row in one transaction, or none of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.adapters import check_may_train
from bot.policy.guild_rules import check_guild_rules
from bot.policy.training_quota import check_trainings
from bot.store.allowance import Admitted, admit
from bot.store.batch import Statement
from bot.store.deliveries import BotInstance
from bot.store.interaction import InteractionContext
from bot.store.members import Member
from bot.store.moderation.prompts import check_prompts
from bot.store.standing import AskedFor
from bot.store.statements import lock_member, read_guild_terms, read_standing, read_time_spent
from bot.store.submissions import Draft, SubmittedJob, random_seed, submit_for_member
from engine.contract.ids import new_id
from engine.contract.jobs import JobSpec, Operation, Part, Visibility
from engine.contract.training import AdapterNameTaken, OwnAdapter
from engine.store.own_adapters import add_adapter, read_adapters_of


@dataclass(frozen=True, kw_only=True)
class WantedTraining:
    """What a member wants to have trained; its adapter is called as the trigger word.

    image_keys: object keys of the pictures.
    """

    trigger: str
    kind: str
    model: str
    image_keys: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """The text that is to mean what the pictures show."""
        return f"{self.trigger} {self.kind}"


async def may_train(context: InteractionContext, wanted: WantedTraining) -> None:
    """Check whether the member may have this trained now, before its pictures are fetched; nothing is stored. A press.

    Raises: as `submit_training`.
    """
    await _admitted(context, wanted)


async def submit_training(
    context: InteractionContext, wanted: WantedTraining, instance: BotInstance
) -> SubmittedJob | None:
    """Store the training with its delivery; None if the interaction was already answered. A press.

    Raises: what `admit` raises, TrainingsUsedUp, MemberBanned, MemberRestricted, GuildPaused, ChannelNotAllowed,
        WordForbidden, AlreadyTraining, AdapterNameTaken, TooManyAdapters; nothing is stored then.
    """
    found = await _admitted(context, wanted)
    if found is None:
        return None
    member, admission = found
    adapter_id = new_id()
    draft = Draft(
        operation=Operation.TRAIN,
        spec=replace(_spec(wanted), adapters=MappingProxyType({wanted.trigger: adapter_id})),
        seed=random_seed(),
        image_keys=wanted.image_keys,
        visibility=Visibility.PRIVATE,
    )
    # It waits for the member's pictures, and would keep them out.
    unlimited = replace(admission, plan=replace(admission.plan, max_running=None))
    (submitted,) = await submit_for_member(context, member, unlimited, [draft], instance)
    adapter = OwnAdapter(
        id=adapter_id,
        member_id=member.id,
        name=wanted.trigger,
        subject=wanted.subject,
        kind=wanted.kind,
        model=wanted.model,
        job_id=submitted.job.id,
        object_key=None,
        created_at=context.at,
    )
    if not await _add(adapter):
        raise AdapterNameTaken(name=wanted.trigger)
    return submitted


async def _admitted(context: InteractionContext, wanted: WantedTraining) -> tuple[Member, Admitted] | None:
    member = await lock_member(context)
    terms = await read_guild_terms(context.guild_id)
    check_guild_rules(terms.rules, context.channel_id, context.thread_parent_id)
    standing = await read_standing(AskedFor(press_id=context.id, member_id=member.id))
    if standing.is_answered:
        return None
    admission = await admit(context, member, [_spec(wanted)], terms.plans, standing.num_pending)
    if admission.plan.trainings is not None:
        check_trainings(admission.plan, await read_time_spent(admission.account), context.at)
    check_may_train(await _read_own(member.id), wanted.trigger)
    await check_prompts(context, member.id, [_spec(wanted)], terms.words)
    return member, admission


def _spec(wanted: WantedTraining) -> JobSpec:
    return JobSpec(
        prompt=wanted.subject,
        parts=(Part(text=wanted.subject), Part(text=wanted.kind)),
        parameters=MappingProxyType({"model": wanted.model}),
    )


async def _read_all(connection: AsyncConnection, member_ids: Sequence[UUID]) -> list[tuple[OwnAdapter, ...]]:
    return [await read_adapters_of(connection, member_id) for member_id in member_ids]


async def _add_all(connection: AsyncConnection, adapters: Sequence[OwnAdapter]) -> list[bool]:
    return [await add_adapter(connection, adapter) for adapter in adapters]


_read_own = Statement(order=9, run=_read_all)
_add = Statement(order=15, run=_add_all, is_kept=False)
