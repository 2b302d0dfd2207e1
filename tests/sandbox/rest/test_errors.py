"""Discord's API errors: the path and code of each invalid field in 50035, and the other error codes."""

from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from sandbox.payloads.interactions import ATTACHMENT_LIMIT_BYTES
from sandbox.server import Sandbox
from sandbox.state.seed import ADA, BEN, CLEO, GUILD_ID
from tests.sandbox.raw_bot import RawBot

BUTTON: dict[str, Any] = {"type": 2, "style": 2, "label": "b", "custom_id": "b"}
SELECT: dict[str, Any] = {"type": 3, "custom_id": "s", "options": [{"label": "a", "value": "a"}]}


def row(*components: dict[str, Any]) -> dict[str, Any]:
    return {"components": [{"type": 1, "components": list(components)}]}


def v2(*components: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"flags": 1 << 15, "components": list(components), **fields}


TEXT = {"type": 10, "content": "t"}
BAD_MESSAGES: list[tuple[str, dict[str, Any], str, str]] = [
    ("long content", {"content": "x" * 2001}, "content", "BASE_TYPE_MAX_LENGTH"),
    ("content of another type", {"content": 5}, "content", "BASE_TYPE_BAD_TYPE"),
    ("eleven embeds", {"embeds": [{"title": "t"}] * 11}, "embeds", "BASE_TYPE_BAD_LENGTH"),
    ("long title", {"embeds": [{"title": "x" * 257}]}, "embeds.0.title", "BASE_TYPE_MAX_LENGTH"),
    ("long embeds together", {"embeds": [{"description": "x" * 3001}] * 2}, "embeds", "MAX_EMBED_SIZE_EXCEEDED"),
    ("field without value", {"embeds": [{"fields": [{"name": "n"}]}]}, "embeds.0.fields.0.value", "BASE_TYPE_REQUIRED"),
    (
        "picture by file address",
        {"embeds": [{"image": {"url": "file:///x"}}]},
        "embeds.0.image.url",
        "URL_TYPE_INVALID_SCHEME",
    ),
    ("colour", {"embeds": [{"color": 1 << 24}]}, "embeds.0.color", "NUMBER_TYPE_MAX"),
    (
        "long custom id",
        row(BUTTON | {"custom_id": "x" * 101}),
        "components.0.components.0.custom_id",
        "BASE_TYPE_BAD_LENGTH",
    ),
    ("doubled custom id", row(BUTTON, BUTTON), "components.0.components.1.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED"),
    (
        "no custom id",
        row({"type": 2, "style": 1, "label": "b"}),
        "components.0.components.0.custom_id",
        "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED",
    ),
    (
        "neither label nor emoji",
        row({"type": 2, "style": 1, "custom_id": "b"}),
        "components.0.components.0",
        "BUTTON_COMPONENT_INVALID_LABEL",
    ),
    (
        "emoji that is none",
        row(BUTTON | {"emoji": {"name": "smile"}}),
        "components.0.components.0.emoji.name",
        "COMPONENT_INVALID_EMOJI",
    ),
    (
        "six buttons",
        row(*(BUTTON | {"custom_id": str(n)} for n in range(6))),
        "components.0.components",
        "BASE_TYPE_BAD_LENGTH",
    ),
    (
        "six buttons and one of them bad",
        row(*(BUTTON | {"custom_id": str(n) * 100} for n in range(9, 15))),
        "components.0.components",
        "BASE_TYPE_BAD_LENGTH",
    ),
    ("select beside a button", row(SELECT, BUTTON), "components.0.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED"),
    (
        "doubled option",
        row(SELECT | {"options": SELECT["options"] * 2}),
        "components.0.components.0.options.1.value",
        "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
    ),
    ("button outside a row", {"components": [BUTTON]}, "components.0.type", "UNION_TYPE_CHOICES"),
    ("layout without its flag", {"components": [TEXT]}, "components.0.type", "UNION_TYPE_CHOICES"),
    (
        "content beside a layout",
        v2(TEXT, content="x"),
        "content",
        "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
    ),
    (
        "long texts",
        v2(*[{"type": 10, "content": "x" * 2001}] * 2),
        "components",
        "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
    ),
    (
        "forty-one components",
        v2(*({"type": 17, "components": [TEXT] * 20} for _ in range(2))),
        "components",
        "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
    ),
    (
        "absent file",
        v2({"type": 13, "file": {"url": "attachment://a.png"}}),
        "components.0.file.url",
        "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
    ),
    (
        "section without accessory",
        v2({"type": 9, "components": [TEXT]}),
        "components.0.accessory.type",
        "UNION_TYPE_CHOICES",
    ),
    (
        "unknown reference",
        {"content": "x", "message_reference": {"message_id": "1"}},
        "message_reference",
        "MESSAGE_REFERENCE_UNKNOWN_MESSAGE",
    ),
    ("long nonce", {"content": "x", "nonce": "n" * 26}, "nonce", "BASE_TYPE_MAX_LENGTH"),
]


def codes_at(tree: dict[str, Any], path: str) -> list[str]:
    for part in path.split("."):
        tree = tree.get(part, {})
    return [error["code"] for error in tree.get("_errors", ())]


@pytest.mark.parametrize(
    ("body", "path", "code"), [case[1:] for case in BAD_MESSAGES], ids=[c[0] for c in BAD_MESSAGES]
)
async def test_a_bad_message_is_refused_at_its_place(raw: RawBot, body: dict[str, Any], path: str, code: str) -> None:
    """50035 names the field and the rule; nothing is posted."""
    answer = await raw.post_message(body)
    assert (answer.status, answer.code) == (400, 50035)
    assert code in codes_at(answer.body["errors"], path), answer.body
    assert not any(raw.sandbox.world.messages.values())


async def test_everything_wrong_is_named_at_once(raw: RawBot) -> None:
    """One response lists every error of the form."""
    answer = await raw.post_message({"content": "x" * 2001, **row(BUTTON, BUTTON)})
    assert set(answer.body["errors"]) == {"content", "components"}


@pytest.mark.parametrize("body", [{}, {"content": "  "}, {"content": None, "embeds": [], "components": []}])
async def test_an_empty_message_is_refused(raw: RawBot, body: dict[str, Any]) -> None:
    """50006 when there is nothing to show."""
    assert (await raw.post_message(body)).code == 50006


async def test_a_file_above_ten_mebibytes_is_too_large(raw: RawBot) -> None:
    """40005 with HTTP 413; a file of exactly the limit passes."""
    answer = await raw.post_message({}, files=[("big.bin", bytes(ATTACHMENT_LIMIT_BYTES + 1))])
    assert (answer.status, answer.code) == (413, 40005)
    assert (await raw.post_message({}, files=[("fits.bin", bytes(ATTACHMENT_LIMIT_BYTES))])).status == 200


async def test_a_message_has_ten_files_at_most(raw: RawBot) -> None:
    """30015 for the eleventh, also in an edit."""
    ten = [(f"{number}.txt", b"x") for number in range(10)]
    assert (await raw.post_message({}, files=[*ten, ("more.txt", b"x")])).code == 30015
    message = (await raw.post_message({}, files=ten)).body
    path = f"/channels/{message['channel_id']}/messages/{message['id']}"
    assert (await raw.call("PATCH", path, {}, files=ten[:1])).code == 30015


async def test_an_edit_may_not_empty_a_message(raw: RawBot) -> None:
    """Removing the last content is rejected and changes nothing."""
    message = (await raw.post_message({"content": "x"})).body
    path = f"/channels/{message['channel_id']}/messages/{message['id']}"
    assert (await raw.call("PATCH", path, {"content": ""})).code == 50006
    assert (await raw.call("GET", path)).body["content"] == "x"


async def test_direct_messages_are_refused_by_reason(raw: RawBot, sandbox: Sandbox) -> None:
    """50278 for whoever shares no guild with the bot, unless they have installed it; 50007 for who takes none."""
    world = sandbox.world
    guild = world.guilds[GUILD_ID]
    world.guilds[GUILD_ID] = replace(
        guild, members=tuple(one for one in guild.members if one.user_id not in (BEN, CLEO))
    )
    world.users[ADA] = replace(world.users[ADA], takes_direct_messages=False)
    codes = []
    for user_id in (ADA, BEN, CLEO):
        answer = await raw.call("POST", f"/channels/{world.dm_with(user_id).id}/messages", {"content": "x"})
        codes.append((answer.status, answer.body.get("code")))
    assert codes == [(403, 50007), (200, None), (403, 50278)]


async def test_a_wrong_token_is_unauthorized(raw: RawBot) -> None:
    """401 with code 0, for a wrong token and for none."""
    for headers in ({"Authorization": "Bot wrong"}, {"Authorization": ""}):
        answer = await raw.call("GET", "/users/@me", headers=headers)
        assert (answer.status, answer.body) == (401, {"message": "401: Unauthorized", "code": 0})


async def test_a_client_that_is_not_a_bot_is_rejected(raw: RawBot) -> None:
    """Discord answers 40333 to a User-Agent that names no bot library."""
    assert (await raw.call("GET", "/users/@me", headers={"User-Agent": "curl/8"})).code == 40333


async def test_bad_json_and_unknown_routes(raw: RawBot, sandbox: Sandbox) -> None:
    """50109 for invalid JSON, 404 with code 0 for an unknown route, 405 for a wrong method."""
    path = f"/channels/{sandbox.channel('studio').id}/messages"
    answer = await raw.call("POST", path, data=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status, answer.code) == (400, 50109)
    assert (await raw.call("GET", "/nothing")).body == {"message": "404: Not Found", "code": 0}
    assert (await raw.call("PUT", "/users/@me")).status == 405


OPTION = {"type": 3, "name": "prompt", "description": "d"}
COMMAND = {"name": "imagine", "description": "d"}
BAD_COMMANDS: list[tuple[list[dict[str, Any]], str, str]] = [
    ([COMMAND | {"name": "Imagine"}], "0.name", "APPLICATION_COMMAND_INVALID_NAME"),
    ([COMMAND | {"name": "two words"}], "0.name", "APPLICATION_COMMAND_INVALID_NAME"),
    ([COMMAND | {"description": ""}], "0.description", "BASE_TYPE_REQUIRED"),
    ([COMMAND | {"description": "x" * 101}], "0.description", "BASE_TYPE_BAD_LENGTH"),
    ([COMMAND, COMMAND], "1.name", "APPLICATION_COMMANDS_DUPLICATE_NAME"),
    ([COMMAND | {"options": [OPTION, OPTION]}], "0.options.1.name", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS"),
    (
        [COMMAND | {"options": [OPTION, OPTION | {"name": "b", "required": True}]}],
        "0.options.1",
        "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
    ),
    ([COMMAND | {"options": [OPTION | {"type": 12}]}], "0.options.0.type", "BASE_TYPE_CHOICES"),
]


@pytest.mark.parametrize(("body", "path", "code"), BAD_COMMANDS)
async def test_a_bad_command_is_refused_at_its_place(
    raw: RawBot, body: list[dict[str, Any]], path: str, code: str
) -> None:
    """50035 names the command and the rule, and no command is registered."""
    answer = await raw.call("PUT", f"/applications/{raw.sandbox.world.application.id}/commands", body)
    assert code in codes_at(answer.body["errors"], path), answer.body
    assert raw.sandbox.world.commands == {}


async def test_foreign_origins_are_rejected(sandbox: Sandbox) -> None:
    """A foreign Host or Origin gets 403, on member and bot routes."""
    async with aiohttp.ClientSession() as http:
        for path in ("/", "/sandbox/state", "/api/v10/gateway"):
            for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
                async with http.get(sandbox.url + path, headers=headers) as response:
                    assert response.status == 403
