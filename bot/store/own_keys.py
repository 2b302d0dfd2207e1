"""A member's own key of the API, which acts for them; the coroutines are presses, to be run by `bot.store.batch`."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.quotas import MAX_PENDING
from bot.store.batch import Statement
from bot.store.interaction import InteractionContext
from bot.store.statements import lock_any_member, lock_member
from engine.contract.ids import new_id
from engine.store.api_keys import ApiKey, KeyOptions, create_key, read_key_of, revoke_key_of

__all__ = ["ApiKey", "create_own_key", "read_own_key", "revoke_own_key"]


async def create_own_key(context: InteractionContext) -> tuple[ApiKey, str] | None:
    """Return a new key of the member's and its secret; None if they have one in force.

    Raises: MemberBanned, MemberRestricted.
    """
    member = await lock_member(context)
    return await _create_key(member.id)


async def read_own_key(context: InteractionContext) -> ApiKey | None:
    """Return the member's key in force, None if they have none."""
    member = await lock_any_member(context.discord_id)
    return await _read_key(member.id)


async def revoke_own_key(context: InteractionContext) -> ApiKey | None:
    """Revoke the member's key, and return it; None if they have none in force."""
    member = await lock_any_member(context.discord_id)
    return await _revoke_key(member.id)


async def _create(connection: AsyncConnection, member_ids: Sequence[UUID]) -> list[tuple[ApiKey, str] | None]:
    return [await create_key(connection, _options(), member_id=member_id) for member_id in member_ids]


async def _read(connection: AsyncConnection, member_ids: Sequence[UUID]) -> list[ApiKey | None]:
    return [await read_key_of(connection, member_id) for member_id in member_ids]


async def _revoke(connection: AsyncConnection, member_ids: Sequence[UUID]) -> list[ApiKey | None]:
    return [await revoke_key_of(connection, member_id) for member_id in member_ids]


def _options() -> KeyOptions:
    """Return what a member's key may do: what they may, whose unfinished jobs it counts among."""
    return KeyOptions(name=f"member {new_id().hex[-12:]}", jobs_at_once=MAX_PENDING)


_create_key = Statement(order=23, run=_create, is_kept=False)
_read_key = Statement(order=24, run=_read)
_revoke_key = Statement(order=25, run=_revoke, is_kept=False)
