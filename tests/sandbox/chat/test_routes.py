"""The HTTP interface for members: what they see, what they may do, and the error messages."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from sandbox.chat.test_client import FileOption, MemberClient, RequestRefused
from sandbox.payloads.interactions import ATTACHMENT_LIMIT_BYTES
from sandbox.server import Sandbox
from tests.sandbox.raw_bot import RawBot
from tests.sandbox.raw_gateway import raw_socket

PROMPT = {"type": 3, "name": "prompt", "description": "d", "required": True, "min_length": 2}
COUNT = {"type": 4, "name": "count", "description": "d", "min_value": 1, "max_value": 4}
STYLE = {
    "type": 3,
    "name": "style",
    "description": "d",
    "choices": [{"name": "Oil", "value": "oil"}, {"name": "Ink", "value": "ink"}],
}
PICTURE = {"type": 11, "name": "picture", "description": "d"}
WHO = {"type": 6, "name": "who", "description": "d"}
IMAGINE = {"name": "imagine", "description": "d", "options": [PROMPT, COUNT, STYLE, PICTURE, WHO]}
SETTINGS = {
    "name": "settings",
    "description": "d",
    "options": [{"type": 1, "name": "show", "description": "d"}],
    "default_member_permissions": 8,
    "contexts": [0],
}
GROWN_UP = {"name": "grown-up", "description": "d", "nsfw": True}


@pytest.fixture
async def commands(raw: RawBot) -> list[dict[str, Any]]:
    """Three registered commands: one for all, one for administrators in guilds, one age-restricted."""
    path = f"/applications/{raw.sandbox.world.application.id}/commands"
    answer = await raw.call("PUT", path, [IMAGINE, SETTINGS, GROWN_UP])
    assert answer.status == 200, answer.body
    listed: list[dict[str, Any]] = answer.body
    return listed


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP session with the sandbox as base URL."""
    async with aiohttp.ClientSession(base_url=sandbox.url) as session:
        yield session


def asked(sandbox: Sandbox, interaction_id: str) -> dict[str, Any]:
    return sandbox.world.interactions[int(interaction_id)].data


async def test_each_member_sees_their_own_world(
    sandbox: Sandbox, http: aiohttp.ClientSession, commands: list[dict[str, Any]]
) -> None:
    """Each member has one DM channel; only administrators see their commands; all members are listed."""
    members = await (await http.get("/sandbox/members")).json()
    states = [await (await http.get("/sandbox/state", params={"member": member["id"]})).json() for member in members]
    assert [(state["me"]["username"], state["me"]["administrator"]) for state in states] == [
        ("ada", True),
        ("ben", False),
        ("cleo", False),
        ("dora", False),
    ]
    for state in states:
        kinds = [(channel["name"], channel["kind"], channel["nsfw"]) for channel in state["channels"]]
        assert kinds == [
            ("studio", "text", False),
            ("gallery", "text", False),
            ("after-dark", "text", True),
            ("showcase", "forum", False),
            ("terrace", "text", False),
            ("Easel", "dm", False),
        ]
    assert len({state["channels"][-1]["id"] for state in states}) == 4
    names = [[command["name"] for command in state["commands"]] for state in states]
    assert names == [["imagine", "settings", "grown-up"]] + [["imagine", "grown-up"]] * 3
    assert (await http.get("/sandbox/state")).status == 200
    assert (await http.get("/sandbox/state", params={"member": "1"})).status == 404


async def test_new_commands_are_told(sandbox: Sandbox, ben: MemberClient, commands: list[dict[str, Any]]) -> None:
    """COMMANDS_UPDATE has the whole list that the member may use."""
    await ben.wait_for(lambda event: event.kind == "COMMANDS_UPDATE")
    assert [command["name"] for command in ben.commands] == ["imagine", "grown-up"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "The option prompt is required."),
        ({"prompt": "x"}, "prompt must be at least 2 characters."),
        ({"prompt": "x" * 6001}, "prompt must be 6000 characters or fewer."),
        ({"prompt": "ok", "count": 5}, "count must be at most 4."),
        ({"prompt": "ok", "style": "chalk"}, "Choose one of the listed values for style."),
        ({"prompt": "ok", "colour": "red"}, "Unknown option: colour."),
        ({"prompt": "ok", "who": "123"}, "who must be a member."),
    ],
)
async def test_a_wrong_option_never_reaches_the_bot(
    sandbox: Sandbox, ada: MemberClient, commands: list[dict[str, Any]], options: dict[str, Any], sentence: str
) -> None:
    """The member gets an error message like that of Discord's client."""
    with pytest.raises(RequestRefused) as refused:
        await ada.command("imagine", **options)
    assert (refused.value.status, refused.value.message) == (400, sentence)
    assert sandbox.world.interactions == {}


async def test_options_arrive_resolved(
    sandbox: Sandbox, ada: MemberClient, ben: MemberClient, commands: list[Any]
) -> None:
    """Files and members arrive as resolved objects; the file can be downloaded."""
    pressed = await ada.command(
        "imagine", prompt="a cat", picture=FileOption(name="cat.png", content=b"cat"), who=ben.id
    )
    data = asked(sandbox, pressed.interaction_id)
    (attachment,) = data["resolved"]["attachments"].values()
    assert (attachment["filename"], await ada.file(attachment)) == ("cat.png", b"cat")
    assert data["resolved"]["users"][ben.id]["username"] == "ben"
    assert {option["name"]: option["value"] for option in data["options"]}["picture"] == attachment["id"]


async def test_a_file_above_the_limit_is_refused(sandbox: Sandbox, ada: MemberClient, commands: list[Any]) -> None:
    """413 with the limit in the message."""
    with pytest.raises(RequestRefused) as refused:
        await ada.command(
            "imagine", prompt="ok", picture=FileOption(name="b.bin", content=bytes(ATTACHMENT_LIMIT_BYTES + 1))
        )
    assert refused.value.status == 413
    assert refused.value.message == "b.bin is too large. The limit is 10 MiB per file."


async def test_commands_are_offered_where_they_belong(
    sandbox: Sandbox, ada: MemberClient, ben: MemberClient, commands: list[Any]
) -> None:
    """Commands need their channel: age-restricted, guild or DM; some need an administrator."""
    for person, name, channel in (
        (ben, "grown-up", "studio"),
        (ben, "settings", "studio"),
        (ada, "settings", "dm"),
        (ada, "nothing", "studio"),
    ):
        with pytest.raises(RequestRefused) as refused:
            await person.command(name, channel=channel)
        assert refused.value.message == f"The command /{name} is not available here."
    pressed = await ada.command("settings", "show")
    assert asked(sandbox, pressed.interaction_id)["options"] == [{"name": "show", "type": 1, "options": []}]
    assert (await ben.command("grown-up", channel="after-dark")).interaction_id


MENU = {
    "type": 3,
    "custom_id": "menu",
    "max_values": 2,
    "options": [{"label": value, "value": value} for value in "abc"],
}
ROWS = [
    {
        "type": 1,
        "components": [
            {"type": 2, "style": 1, "custom_id": "on", "label": "On"},
            {"type": 2, "style": 1, "custom_id": "off", "label": "Off", "disabled": True},
        ],
    },
    {"type": 1, "components": [MENU]},
    {"type": 1, "components": [{"type": 7, "custom_id": "who"}]},
]


async def shown(raw: RawBot, person: MemberClient, **body: Any) -> dict[str, Any]:
    posted = (await raw.post_message({"content": "press", "components": ROWS} | body)).body
    return await person.message(lambda item: bool(item["id"] == posted["id"]))


async def test_impossible_presses_say_why(sandbox: Sandbox, raw: RawBot, ben: MemberClient) -> None:
    """Unknown, disabled, not an option, too many options, and a deleted message."""
    message = await shown(raw, ben)
    gone = message | {"id": "1"}
    for target, button, values, sentence in (
        (message, "e1:up:forged", None, "This component does not exist."),
        (message, "Off", None, "This component is disabled."),
        (message, "menu", ["d"], "Choose one of the listed options."),
        (message, "menu", ["a", "b", "c"], "Choose 1 to 2options."),
        (message, "who", ["123"], "The selection must be a role."),
        (gone, "On", None, "This message no longer exists."),
    ):
        with pytest.raises(RequestRefused) as refused:
            await ben.press(target, button, values)
        assert refused.value.message == sentence
    assert sandbox.world.interactions == {}


async def test_an_ephemeral_message_is_its_members_alone(
    sandbox: Sandbox, raw: RawBot, http: aiohttp.ClientSession, ada: MemberClient, ben: MemberClient, commands: Any
) -> None:
    """Other members neither see it nor can press its buttons, and the Gateway does not send it to the bot."""
    async with raw_socket(sandbox) as socket:
        await socket.identify()
        pressed = await ada.command("imagine", prompt="ok")
        token = sandbox.world.interactions[int(pressed.interaction_id)].token
        answer = {"type": 4, "data": {"content": "psst", "flags": 64, "components": ROWS}}
        await raw.call("POST", f"/interactions/{pressed.interaction_id}/{token}/callback", answer)
        await raw.post_message({"content": "for all"})
        assert (await socket.until("MESSAGE_CREATE"))["content"] == "for all"
    message = await ada.reply(pressed)
    with pytest.raises(RequestRefused) as refused:
        await ben.press(message, "On")
    assert refused.value.message == "This message no longer exists."
    for person, contents in ((ada, ["psst", "for all"]), (ben, ["for all"])):
        state = await (await http.get("/sandbox/state", params={"member": person.id})).json()
        assert [item["content"] for item in state["messages"][message["channel_id"]]] == contents
    assert (await ada.press(message, "On")).interaction_id


async def test_choices_arrive_with_what_they_mean(
    sandbox: Sandbox, raw: RawBot, ada: MemberClient, ben: MemberClient
) -> None:
    """Values of a text menu, members of a menu of mentionables, and the pressed message's components id."""
    message = await shown(raw, ben)
    chosen = asked(sandbox, (await ben.press(message, "menu", ["a", "c"])).interaction_id)
    assert (chosen["values"], chosen["component_type"], chosen["id"]) == (["a", "c"], 3, 5)
    named = asked(sandbox, (await ben.press(message, "who", [ada.id])).interaction_id)
    assert list(named["resolved"]["users"]) == [ada.id]


async def test_members_write_reply_and_delete(sandbox: Sandbox, ada: MemberClient, ben: MemberClient) -> None:
    """Authors can delete their own messages, administrators any message, others none."""
    first = await ben.say("first")
    reply = await ada.say("second", reply_to=first)
    assert reply["referenced_message"]["content"] == "first"
    with pytest.raises(RequestRefused) as refused:
        await ben.delete(reply)
    assert refused.value.message == "You do not have permission to delete this message."
    await ada.delete(first)
    await ben.wait_for(lambda event: event.kind == "MESSAGE_DELETE" and event.body["id"] == first["id"])
    with pytest.raises(RequestRefused):
        await ben.say("   ")


async def test_direct_messages_are_private(sandbox: Sandbox, ada: MemberClient, ben: MemberClient) -> None:
    """Other members neither receive events of a DM nor can view it."""
    await ada.say("private", channel="dm")
    await ada.say("public")
    await ben.message(lambda message: message["content"] == "public")
    assert [message["content"] for message in ben.messages.values()] == ["public"]
    with pytest.raises(RequestRefused) as refused:
        await ben.say("let me in", channel=ada.channels["dm"])
    assert refused.value.message == "This channel does not exist, or you do not have access to it."


async def test_history_reaches_back_past_the_first_fifty(
    sandbox: Sandbox, http: aiohttp.ClientSession, ada: MemberClient
) -> None:
    """The state has the last 50 messages, oldest first; history has those before."""
    for number in range(53):
        await ada.say(str(number))
    channel = ada.channels["studio"]
    state = await (await http.get("/sandbox/state", params={"member": ada.id})).json()
    listed = [message["content"] for message in state["messages"][channel]]
    assert (listed[0], listed[-1], len(listed)) == ("3", "52", 50)
    body = {"member": ada.id, "channel_id": channel, "before": state["messages"][channel][0]["id"]}
    older = await (await http.post("/sandbox/history", json=body)).json()
    assert [message["content"] for message in older] == ["0", "1", "2"]


async def test_the_page_is_served_under_a_strict_policy(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """Scripts and connections are same-origin; nothing outside the page's folder is served."""
    async with http.get("/") as page:
        policy = page.headers["Content-Security-Policy"]
        assert (page.status, page.content_type) == (200, "text/html")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for path in ("/page/../server.py", "/page/%2e%2e/server.py", "/page/nothing.js"):
        async with http.get(path) as response:
            assert response.status == 404


async def test_controls_work_over_http(
    sandbox: Sandbox, raw: RawBot, http: aiohttp.ClientSession, ada: MemberClient
) -> None:
    """Faults, channel permissions and deletion work over HTTP, for tests in another process."""
    fault = {"route": "GET /users/@me", "kind": "status", "status": 503, "count": 2}
    assert (await http.put("/sandbox/faults", json=fault)).status == 204
    assert (await raw.call("GET", "/users/@me")).status == 503
    assert (await http.delete("/sandbox/faults")).status == 204
    assert (await raw.call("GET", "/users/@me")).status == 200
    assert (await http.put("/sandbox/faults", json={"kind": "odd"})).status == 400
    channel = sandbox.channel("studio").id
    assert (await http.patch(f"/sandbox/channels/{channel}", json={"bot": "reads"})).status == 204
    assert (await raw.post_message({"content": "x"})).code == 50013
    assert (await http.delete(f"/sandbox/channels/{channel}")).status == 204
    assert (await raw.call("GET", f"/channels/{channel}")).code == 10003
    await ada.wait_for(lambda event: event.kind == "CHANNEL_DELETE" and event.body["id"] == str(channel))
    assert (await http.post("/sandbox/gateway", json={"action": "drop"})).status == 204
