"""`/apikey`: a member's own key of the API, which is shown once and acts for them."""

from __future__ import annotations

import re

import sqlalchemy as sa

from bot.replies import apikey_replies
from bot.replies.privacy_replies import ERASE_ALL_LABEL, ERASE_LABEL
from bot.store.own_data import read_own_data
from engine.store.api_keys import ApiKey, find_key
from engine.store.database import Database
from engine.store.restrictions import ban_member
from sandbox.chat.client_input import component_of
from sandbox.chat.test_client import MemberClient
from tests.bot.conftest import BotStarter
from tests.bot.reading import text_of

ADDRESS = "https://images.example.org"


async def asked(member: MemberClient, subcommand: str, channel: str = "studio") -> str:
    """Return the answer to the command."""
    return text_of(await member.reply(await member.command("apikey", subcommand, channel=channel)))


async def found(database: Database, secret: str) -> ApiKey | None:
    """Return the key with this secret."""
    async with database.begin() as connection:
        return await find_key(connection, secret)


async def test_a_member_gets_sees_and_revokes_a_key(
    start_bot: BotStarter, ben: MemberClient, cleo: MemberClient, database: Database
) -> None:
    """One at a time, shown once and to nobody else; it is stored as a hash, and its jobs are the member's."""
    async with start_bot(programs_url=ADDRESS):
        assert await asked(ben, "show") == str(apikey_replies.NONE)
        answer = await ben.reply(await ben.command("apikey", "create"))
        (secret,) = re.findall(r"easel_[\w-]{43}", text_of(answer))
        assert f"<{ADDRESS}/v1>" in text_of(answer) and answer["flags"] & 1 << 6
        key = await found(database, secret)
        assert key is not None and key.is_members and key.secret_start == secret[:12]
        again = await asked(ben, "create", "dm")
        assert secret[:12] in again and secret not in again
        assert "never used" in apikey_replies.shown(key)
        assert "last used <t:" in await asked(ben, "show")
        assert await asked(cleo, "revoke") == str(apikey_replies.NONE)

        async with database.begin() as connection:
            own = await read_own_data(connection, int(ben.id))
        assert own is not None
        (row,) = own.rows["api_keys"]
        assert row["member_id"] == str(key.member_id) == own.rows["members"][0]["id"] and "secret_hash" not in row

        assert await asked(ben, "revoke") == str(apikey_replies.REVOKED)
        revoked = await found(database, secret)
        assert revoked is not None and revoked.revoked_at is not None
        assert "Your key, which" in await asked(ben, "create")


async def test_no_key_where_the_operator_gives_none(
    start_bot: BotStarter, ben: MemberClient, database: Database
) -> None:
    """Without an address there is none; a banned member gets none either; a key from before can be revoked."""
    async with start_bot():
        assert await asked(ben, "create") == str(apikey_replies.SWITCHED_OFF)
        assert await asked(ben, "show") == str(apikey_replies.SWITCHED_OFF)
    async with start_bot(programs_url=ADDRESS):
        (secret,) = re.findall(r"easel_[\w-]{43}", await asked(ben, "create"))
        key = await found(database, secret)
        assert key is not None
        async with database.begin() as connection:
            await ban_member(connection, key.member_id, "Spam.", None)
        assert "Spam." in await asked(ben, "create")
    async with start_bot():
        assert await asked(ben, "revoke") == str(apikey_replies.REVOKED)


async def test_an_erasure_takes_the_key_along(start_bot: BotStarter, ben: MemberClient, database: Database) -> None:
    """At once, with what is noted of its requests."""
    async with start_bot(programs_url=ADDRESS):
        (secret,) = re.findall(r"easel_[\w-]{43}", await asked(ben, "create"))
        summary = await ben.reply(await ben.command("privacy"))
        await ben.press(summary, str(ERASE_LABEL))
        question = await ben.changed(summary, lambda item: component_of(item, str(ERASE_ALL_LABEL)) is not None)
        await ben.press(question, str(ERASE_ALL_LABEL))
        await ben.changed(question, lambda item: not item["components"])
        async with database.begin() as connection:
            assert (await connection.execute(sa.text("SELECT count(*) FROM api_keys"))).scalar_one() == 0
        assert await found(database, secret) is None
