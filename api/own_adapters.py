"""LoRAs that the member of a key has trained, for prompts that name them."""

from __future__ import annotations

from api.services import ApiCall
from engine.contract.training import UsableAdapter
from engine.prompt.checks.own_adapters import NONE_USABLE, Usable
from engine.store.own_adapters import read_adapters_of


async def usable_adapters(call: ApiCall, prompt: str) -> Usable:
    """Return the LoRAs of the key's member, for a prompt that names any; those that others share in servers are not.

    Raises: StoreUnavailable.
    """
    if not (call.key.is_members and ("lora" in prompt.lower() or "lyco" in prompt.lower())):
        return NONE_USABLE
    async with call.services.database.begin() as connection:
        own = await read_adapters_of(connection, call.member_id)
    return {
        one.name: UsableAdapter(id=one.id, name=one.name, model=one.model, is_own=True)
        for one in own
        if one.object_key is not None
    }
