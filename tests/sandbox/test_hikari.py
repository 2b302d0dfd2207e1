"""A second client library, unmodified: hikari logs in, registers commands and responds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import hikari
from hikari.impl.config import HTTPSettings

from sandbox.chat.test_client import FileOption, MemberClient
from sandbox.server import Sandbox


@asynccontextmanager
async def hikari_bot(sandbox: Sandbox) -> AsyncIterator[hikari.GatewayBot]:
    """Yield a started bot."""
    bot = hikari.GatewayBot(
        sandbox.token,
        banner=None,
        logs=None,
        rest_url=sandbox.api_url,
        http_settings=HTTPSettings(),
        suppress_optimization_warning=True,
    )
    await bot.start(check_for_updates=False)
    try:
        yield bot
    finally:
        await bot.close()


async def register(bot: hikari.GatewayBot) -> None:
    me = bot.get_me()
    assert me is not None
    builder = (
        bot.rest.slash_command_builder("imagine", "Paint")
        .add_option(hikari.CommandOption(type=3, name="prompt", description="What", is_required=True))
        .add_option(hikari.CommandOption(type=11, name="picture", description="From what"))
    )
    (command,) = await bot.rest.set_application_commands(me.id, [builder])
    assert command.name == "imagine"


async def test_hikari_registers_a_command_and_answers_it(sandbox: Sandbox, ada: MemberClient) -> None:
    """Command, file, deferred answer, edit with an upload, button, update: all through hikari."""
    async with hikari_bot(sandbox) as bot:
        failures: list[BaseException] = []

        @bot.listen()
        async def on_error(event: hikari.ExceptionEvent[hikari.Event]) -> None:
            failures.append(event.exception)

        @bot.listen()
        async def on_command(event: hikari.CommandInteractionCreateEvent) -> None:
            interaction = event.interaction
            await interaction.create_initial_response(hikari.ResponseType.DEFERRED_MESSAGE_CREATE)
            assert interaction.resolved is not None
            (picture,) = interaction.resolved.attachments.values()
            row = bot.rest.build_message_action_row()
            row.add_interactive_button(hikari.ButtonStyle.PRIMARY, "again", label="Again")
            await interaction.edit_initial_response(
                "done", attachment=hikari.Bytes(await picture.read(), "copy.png"), component=row
            )

        @bot.listen()
        async def on_press(event: hikari.ComponentInteractionCreateEvent) -> None:
            await event.interaction.create_initial_response(
                hikari.ResponseType.MESSAGE_UPDATE, f"pressed {event.interaction.custom_id}", components=[]
            )

        await register(bot)
        pressed = await ada.command(
            "imagine", prompt="a red circle", picture=FileOption(name="a.png", content=b"bytes")
        )
        message = await ada.reply(pressed)
        assert await ada.file(message["attachments"][0]) == b"bytes"
        await ada.press(message, "again")
        await ada.changed(message, lambda item: item["content"] == "pressed again")
    assert failures == []


async def test_hikari_resumes_after_a_dropped_socket(sandbox: Sandbox, ada: MemberClient) -> None:
    """A message sent during the disconnect arrives by replay."""
    async with hikari_bot(sandbox) as bot:
        heard: asyncio.Queue[str | None] = asyncio.Queue()

        @bot.listen()
        async def on_message(event: hikari.DMMessageCreateEvent) -> None:
            heard.put_nowait(event.content)

        sandbox.gateway.disconnect_all()
        await ada.say("missed", channel="dm")
        async with asyncio.timeout(60):
            assert await heard.get() == "missed"
        assert len(list(sandbox.gateway.sessions)) == 1
