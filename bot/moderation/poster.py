"""Posts cases into moderators' channels and keeps them up to date; what is left is found again after a crash."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import structlog

from bot.claimed_work import INTERVAL, ClaimedWork
from bot.delivery.context import DeliveryContext
from bot.delivery.outcomes import (
    AttachmentTooLarge,
    ChannelDeleted,
    DiscordUnavailable,
    MessageDeleted,
    Rejected,
    SendOutcome,
    Sent,
)
from bot.interaction_context import guild_language
from bot.language import speaking
from bot.moderation.case_message import CaseMessage, compose, delete, edit, find, post, tell_appellant
from bot.store.moderation.appeals import record_told
from bot.store.moderation.cases import Case, DiscordPlace, Ruling
from bot.store.moderation.channels import TRY_AGAIN, record_fault
from bot.store.moderation.posting import (
    claim_case,
    close_gone,
    forget_case_message,
    read_reported,
    read_result_places,
    record_shown,
    release_case,
)
from bot.store.moderation.tables import CaseKind, ChannelFault, Decision
from engine.contract.jobs import Job, Picture

_BEING_POSTED = timedelta(seconds=1)

_log = structlog.get_logger()


class CasePoster(ClaimedWork):
    """Posts or edits one case at a time; several processes share them."""

    def __init__(self, context: DeliveryContext) -> None:
        super().__init__()
        self._context = context

    async def work_on_next(self) -> timedelta:
        """Bring the message of the next case up to date; return after how long to look again."""
        async with self._context.transaction() as connection:
            case = await claim_case(connection)
        if case is None:
            return INTERVAL
        after: timedelta | None = INTERVAL
        try:
            after = await self._show(case)
        finally:
            async with self._context.transaction() as connection:
                await release_case(connection, case.id, after=after)
        return after if after is not None and after < INTERVAL else timedelta()

    async def _show(self, case: Case) -> timedelta | None:
        """Return after how long the case is to be tried again; None if its message is up to date."""
        if case.ruling and case.ruling.is_removed and (wait := await self._delete_results(case)):
            return wait
        if case.ruling and case.appeal and not case.appeal.is_told and not await self._tell(case, case.ruling):
            return INTERVAL
        if case.ruling and case.message is None:
            await self._record(case, None)
            return None
        job, picture = await self._read(case)
        # An appeal against a refusal is about no job.
        if case.ruling is None and job is None and (case.kind is CaseKind.REPORT or case.job_id):
            async with self._context.transaction() as connection:
                await close_gone(connection, case.id)
            return timedelta()
        with speaking(guild_language(self._context.client, case.guild_id)):
            content = await compose(self._context, case, job, picture)
        if (old := _message_elsewhere(case)) is not None:
            if isinstance(await delete(self._context.client, old), DiscordUnavailable):
                return INTERVAL
            case = replace(case, message=None)
        outcome = await self._send(case, content)
        if isinstance(outcome, AttachmentTooLarge):
            outcome = await self._send(case, content.without_picture())
        return await self._settle(case, outcome)

    async def _read(self, case: Case) -> tuple[Job | None, Picture | None]:
        async with self._context.transaction() as connection:
            return await read_reported(connection, case)

    async def _send(self, case: Case, content: CaseMessage) -> SendOutcome:
        client = self._context.client
        if case.message:
            return await edit(client, case.message, content)
        assert case.channel_id is not None
        if case.attempts > 1 and (found := await find(client, case.channel_id, case.id)):
            return await edit(client, DiscordPlace(channel_id=case.channel_id, message_id=found), content)
        return await post(client, case.channel_id, case, content)

    async def _settle(self, case: Case, outcome: SendOutcome) -> timedelta | None:
        channel_id = case.message.channel_id if case.message else case.channel_id
        assert channel_id is not None
        match outcome:
            case Sent(message_id=message_id):
                await self._record(case, DiscordPlace(channel_id=channel_id, message_id=message_id))
                return None
            case MessageDeleted() if case.ruling is None:
                async with self._context.transaction() as connection:
                    await forget_case_message(connection, case.id)
                return timedelta()
            case DiscordUnavailable():
                return INTERVAL
        if case.ruling:
            # Decided, and nobody sees its message any more.
            await self._record(case, case.message)
            return None
        return await self._blame(case, channel_id, outcome)

    async def _blame(self, case: Case, channel_id: int, outcome: SendOutcome) -> timedelta:
        is_closed = isinstance(outcome, Rejected) and not outcome.can_post
        cause = outcome.cause if isinstance(outcome, Rejected) else type(outcome).__name__
        _log.warning("case_not_posted", case=str(case.id), guild=case.guild_id, cause=cause)
        fault = ChannelFault.DELETED if isinstance(outcome, ChannelDeleted) else ChannelFault.FORBIDDEN
        if is_closed or fault is ChannelFault.DELETED:
            async with self._context.transaction() as connection:
                await record_fault(connection, case.guild_id, channel_id, fault)
        return TRY_AGAIN

    async def _record(self, case: Case, message: DiscordPlace | None) -> None:
        async with self._context.transaction() as connection:
            is_current = await record_shown(connection, case, message)
            if message:
                await record_fault(connection, case.guild_id, message.channel_id, None)
        if message and not is_current:
            # What it shows was erased while it was being posted.
            await delete(self._context.client, message)

    async def _tell(self, case: Case, ruling: Ruling) -> bool:
        """Tell the member how their appeal was decided, if Discord lets the bot; False if Discord cannot be reached."""
        if ruling.decision is not Decision.GONE:
            outcome = await tell_appellant(self._context.client, case)
            if isinstance(outcome, DiscordUnavailable):
                return False
        async with self._context.transaction() as connection:
            await record_told(connection, case.id)
        return True

    async def _delete_results(self, case: Case) -> timedelta | None:
        """Delete the messages that show what the case is about; return after how long to go on, None if all are gone.

        One that is being posted cannot be deleted before its id is known.
        """
        async with self._context.transaction() as connection:
            places, is_posting = await read_result_places(connection, case)
        for place in places:
            outcome = await delete(self._context.client, place)
            if isinstance(outcome, DiscordUnavailable):
                return INTERVAL
            if isinstance(outcome, Rejected):
                _log.warning("result_not_removed", case=str(case.id), cause=outcome.cause)
        return _BEING_POSTED if is_posting else None


def _message_elsewhere(case: Case) -> DiscordPlace | None:
    """Return the message of an open case that is not in the channel which the moderators have named since."""
    is_open = case.ruling is None and case.channel_id is not None
    return case.message if is_open and case.message and case.message.channel_id != case.channel_id else None
