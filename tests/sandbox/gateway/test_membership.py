"""Guilds that a bot leaves and comes back to, and what roles allow their members."""

from __future__ import annotations

from sandbox.server import Sandbox
from sandbox.state.flags import MEMBER_PERMISSIONS, MODERATOR_PERMISSIONS
from sandbox.state.membership import add_bot, remove_bot, remove_member
from sandbox.state.roles import give_roles
from sandbox.state.seed import CLEO, DORA, GUILD_ID, MODERATORS
from tests.sandbox.raw_gateway import raw_socket


async def test_a_bot_hears_that_it_has_left_a_guild_and_that_it_is_back(sandbox: Sandbox) -> None:
    """Of what happens there meanwhile it hears nothing."""
    async with raw_socket(sandbox) as socket:
        await socket.identify()
        assert (await socket.until("GUILD_CREATE"))["id"] == str(GUILD_ID)
        was = remove_bot(sandbox.world, GUILD_ID)
        sandbox.world.update_channel(sandbox.channel("studio"))
        add_bot(sandbox.world, was)
        heard = [await socket.receive() for _ in range(2)]
    assert [event["t"] for event in heard] == ["GUILD_DELETE", "GUILD_CREATE"]
    assert [event["d"]["id"] for event in heard] == [str(GUILD_ID)] * 2


async def test_a_role_adds_to_what_every_member_may(sandbox: Sandbox) -> None:
    """As long as the member has it; who has left sees nothing any more."""
    world, studio = sandbox.world, sandbox.channel("studio")
    assert world.permissions(DORA, studio) == MEMBER_PERMISSIONS | MODERATOR_PERMISSIONS
    assert world.permissions(CLEO, studio) == MEMBER_PERMISSIONS
    give_roles(world, GUILD_ID, CLEO, (GUILD_ID + MODERATORS,))
    give_roles(world, GUILD_ID, DORA, ())
    assert world.permissions(CLEO, studio) == MEMBER_PERMISSIONS | MODERATOR_PERMISSIONS
    assert world.permissions(DORA, studio) == MEMBER_PERMISSIONS
    remove_member(world, GUILD_ID, DORA)
    assert not world.may_see(DORA, studio)
