"""An HTTP client that acts as a member, over the same routes as the chat page."""

import asyncio
import io
import itertools
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import aiohttp

from sandbox.chat.client_input import FileOption, component_of, modal_field, nested_options
from sandbox.state.records import Json

__all__ = ["TIMEOUT", "ChatEvent", "FileOption", "MemberClient", "RequestRefused", "SentInteraction", "member_client"]

T = TypeVar("T")
TIMEOUT = timedelta(minutes=1)
OPTION_TYPES: dict[type, int] = {str: 3, int: 4, bool: 5, float: 10}


class RequestRefused(Exception):
    """The sandbox refused the action: HTTP `status` and the `message` that the member reads."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status, self.message = status, message


@dataclass(frozen=True, kw_only=True)
class SentInteraction:
    """An interaction that was sent, to await its outcome."""

    interaction_id: str
    nonce: str


@dataclass(frozen=True, kw_only=True)
class ChatEvent:
    """An event from the sandbox: its kind and body."""

    kind: str
    body: Json


class MemberClient:
    """A connected member, who records every event since they connected.

    `messages` holds every message that they can see, by id. Channels are given by name, `dm` for the bot's DM.
    Methods that wait raise TimeoutError.
    """

    def __init__(self, http: aiohttp.ClientSession, url: str, state: Json, patience: timedelta) -> None:
        self._http, self._url, self._patience = http, url, patience
        self._nonces = itertools.count(1)
        self._changed = asyncio.Condition()
        self.id: str = state["me"]["id"]
        self.name: str = state["me"]["username"]
        self.guild_id: str = state["guild"]["id"]
        self.channels: dict[str, str] = {
            "dm" if item["kind"] == "dm" else item["name"]: item["id"] for item in state["channels"]
        }
        self.commands: list[Json] = state["commands"]
        self.messages = {item["id"]: item for listed in state["messages"].values() for item in listed}
        self.events: list[ChatEvent] = []

    async def listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Process events until the socket closes."""
        async for frame in socket:
            body = json.loads(frame.data)
            async with self._changed:
                self._take_in(ChatEvent(kind=body["t"], body=body["d"]))
                self._changed.notify_all()

    def _take_in(self, event: ChatEvent) -> None:
        self.events.append(event)
        if event.kind in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
            self.messages[event.body["id"]] = event.body
        elif event.kind == "MESSAGE_DELETE":
            self.messages.pop(event.body["id"], None)
        elif event.kind == "COMMANDS_UPDATE":
            self.commands = event.body["commands"]
        elif event.kind in ("THREAD_CREATE", "THREAD_UPDATE"):
            self.channels.setdefault(event.body["name"], event.body["id"])
        elif event.kind == "THREAD_DELETE" and self.channels.get(event.body["name"]) == event.body["id"]:
            del self.channels[event.body["name"]]

    async def until(self, look: Callable[[], T | None]) -> T:
        """Return the result of `look`, called after every event until it is neither None nor False."""
        found: T | None = None

        def succeeds() -> bool:
            nonlocal found
            found = look()
            return found is not None and found is not False

        async with asyncio.timeout(self._patience.total_seconds()), self._changed:
            await self._changed.wait_for(succeeds)
        assert found is not None
        return found

    async def wait_for(self, wanted: Callable[[ChatEvent], bool]) -> ChatEvent:
        """Return the first event, past or future, that `wanted` accepts."""
        return await self.until(lambda: next((event for event in self.events if wanted(event)), None))

    async def message(self, wanted: Callable[[Json], bool]) -> Json:
        """Wait for a visible message that `wanted` accepts and return it."""
        return await self.until(lambda: next((item for item in self.messages.values() if wanted(item)), None))

    async def changed(self, message: Json, wanted: Callable[[Json], bool]) -> Json:
        """Wait until `wanted` accepts this message and return it."""
        return await self.message(lambda item: item["id"] == message["id"] and wanted(item))

    async def command(self, name: str, *subcommands: str, channel: str = "studio", **options: Any) -> SentInteraction:
        """Send a command. Options are strings, numbers, booleans or `FileOption`s, by name."""
        files = [value for value in options.values() if isinstance(value, FileOption)]
        given = nested_options([_option(key, value, files) for key, value in options.items()], subcommands)
        return await self._interact(2, channel, {"name": name, "options": given}, files)

    async def on_message(self, name: str, message: Json) -> SentInteraction:
        """Use a command of the message's menu."""
        return await self._interact(2, message["channel_id"], {"name": name, "type": 3, "target_id": message["id"]})

    async def autocomplete(
        self, name: str, option: str, typed: str, *subcommands: str, channel: str = "studio", **options: Any
    ) -> list[Json]:
        """Return the bot's autocomplete choices for an option."""
        focused = [{"name": option, "type": 3, "value": typed, "focused": True}]
        given = nested_options([_option(key, value, []) for key, value in options.items()] + focused, subcommands)
        pressed = await self._interact(4, channel, {"name": name, "options": given})
        event = await self.wait_for(lambda item: _concerns(item, "AUTOCOMPLETE", pressed))
        return list(event.body["choices"])

    async def press(self, message: Json, button: str, values: Sequence[str] | None = None) -> SentInteraction:
        """Press the button with that custom id, label or emoji; `values` for a select menu."""
        component = component_of(message, button)
        data: Json = {"message_id": message["id"], "custom_id": button}
        if component:
            data |= {"custom_id": component["custom_id"], "component_type": component["type"]}
        if values is not None:
            data["values"] = list(values)
        return await self._interact(3, message["channel_id"], data)

    async def submit(
        self, modal: Json, channel: str = "studio", **values: str | Sequence[str | FileOption]
    ) -> SentInteraction:
        """Submit a modal (the body that `modal` returned): text, choices or files for each field by its id."""
        chosen = [one for value in values.values() if not isinstance(value, str) for one in value]
        files = [one for one in chosen if isinstance(one, FileOption)]
        components = [modal_field(custom_id, value, files) for custom_id, value in values.items()]
        data = {"interaction_id": modal["interaction_id"], "custom_id": modal["modal"]["custom_id"]}
        return await self._interact(5, channel, data | {"components": components}, files)

    async def reply(self, pressed: SentInteraction) -> Json:
        """Wait for an interaction's response message, past its loading state, and return it."""
        return await self.message(
            lambda item: (
                item.get("interaction_metadata", {}).get("id") == pressed.interaction_id and not item["flags"] & 1 << 7
            )
        )

    async def outcome(self, pressed: SentInteraction) -> str:
        """Return `acknowledged`, or `failed` when the application did not respond."""
        event = await self.wait_for(
            lambda item: _concerns(item, "INTERACTION_STATE", pressed) and item.body["state"] != "sent"
        )
        return str(event.body["state"])

    async def modal(self, pressed: SentInteraction) -> Json:
        """Return the modal that an interaction opened: `{interaction_id, nonce, modal}`."""
        return (await self.wait_for(lambda item: _concerns(item, "MODAL", pressed))).body

    async def say(self, content: str, *, channel: str = "studio", reply_to: Json | None = None) -> Json:
        """Post a message and return it."""
        body = {"member": self.id, "channel_id": self._channel_id(channel), "content": content}
        if reply_to:
            body["reference"] = reply_to["id"]
        return await self._send("POST", "/sandbox/messages", json=body)

    async def delete(self, message: Json) -> None:
        """Delete a message."""
        await self._send("DELETE", f"/sandbox/messages/{message['channel_id']}/{message['id']}?member={self.id}")

    async def start_anew(self) -> None:
        """Delete every message and thread, as administrators may."""
        await self._send("POST", "/sandbox/fresh", json={"member": self.id})

    async def take_direct_messages(self, is_open: bool) -> None:
        """Let the bot write directly, or no longer."""
        await self._send("PUT", "/sandbox/direct-messages", json={"member": self.id, "open": is_open})

    async def react(self, message: Json, emoji: str) -> None:
        """React to a message."""
        await self._send("PUT", self._reaction(message, emoji))

    async def remove_reaction(self, message: Json, emoji: str) -> None:
        """Remove a reaction."""
        await self._send("DELETE", self._reaction(message, emoji))

    def _reaction(self, message: Json, emoji: str) -> str:
        return f"/sandbox/reactions/{message['channel_id']}/{message['id']}/{emoji}?member={self.id}"

    async def open_thread(self, name: str, *, channel: str = "studio") -> Json:
        """Open a thread in a text channel and return its channel object."""
        return await self._open(channel, name)

    async def open_post(self, name: str, *, forum: str = "showcase", content: str | None = "Look at these.") -> Json:
        """Open a post in a forum and return its channel object; for None it still lacks its first message."""
        return await self._open(forum, name, content)

    async def _open(self, channel: str, name: str, content: str | None = None) -> Json:
        body = {"member": self.id, "channel_id": self._channel_id(channel), "name": name, "content": content}
        thread = await self._send("POST", "/sandbox/threads", json=body)
        self.channels.setdefault(name, thread["id"])
        return thread

    async def archive(self, thread: str | Json) -> None:
        """Archive a thread, given by name or as its channel object. Members may archive their own."""
        await self._change(thread, archived=True)

    async def lock(self, thread: str | Json, *, archives: bool = True) -> None:
        """Lock a thread, and archive it if `archives`, as moderators may: others can no longer write there."""
        await self._change(thread, locked=True, **({"archived": True} if archives else {}))

    async def delete_thread(self, thread: str | Json) -> None:
        """Delete a thread, as moderators may."""
        await self._send("DELETE", f"/sandbox/threads/{self._thread_id(thread)}?member={self.id}")

    async def _change(self, thread: str | Json, **changes: bool) -> None:
        await self._send("PATCH", f"/sandbox/threads/{self._thread_id(thread)}", json={"member": self.id, **changes})

    def _thread_id(self, thread: str | Json) -> str:
        return self._channel_id(thread) if isinstance(thread, str) else str(thread["id"])

    async def file(self, attachment: Json) -> bytes:
        """Return an attachment's content, from its signed URL."""
        async with self._http.get(attachment["url"]) as response:
            response.raise_for_status()
            return await response.read()

    def _channel_id(self, channel: str) -> str:
        return self.channels.get(channel, channel)

    async def _interact(self, kind: int, channel: str, data: Json, files: Sequence[FileOption] = ()) -> SentInteraction:
        nonce = f"{self.name}-{next(self._nonces)}"
        body = {"member": self.id, "channel_id": self._channel_id(channel), "nonce": nonce, "type": kind, "data": data}
        form = aiohttp.FormData({"payload_json": json.dumps(body)})
        for index, file in enumerate(files):
            form.add_field(f"files[{index}]", io.BytesIO(file.content), filename=file.name)
        sent = await self._send("POST", "/sandbox/interactions", **({"data": form} if files else {"json": body}))
        return SentInteraction(interaction_id=sent["interaction_id"], nonce=nonce)

    async def _send(self, method: str, path: str, **body: Any) -> Json:
        async with self._http.request(method, self._url + path, **body) as response:
            payload = await response.json() if response.content_type == "application/json" else {}
            if response.status >= 400:
                raise RequestRefused(response.status, payload.get("message", response.reason or ""))
            return dict(payload)


def _option(name: str, value: Any, files: list[FileOption]) -> Json:
    if isinstance(value, FileOption):
        return {"name": name, "type": 11, "value": files.index(value)}
    return {"name": name, "type": OPTION_TYPES[type(value)], "value": value}


def _concerns(event: ChatEvent, kind: str, pressed: SentInteraction) -> bool:
    return event.kind == kind and event.body.get("nonce") == pressed.nonce


@asynccontextmanager
async def member_client(url: str, name: str, *, patience: timedelta = TIMEOUT) -> AsyncIterator[MemberClient]:
    """Connect to the sandbox at `url` as the member of that username (`ada`, `ben`, `cleo`; any case) and yield them.

    Raises: KeyError for an unknown member.
    """
    async with aiohttp.ClientSession() as http:
        member_id = await _id_of(http, url, name)
        async with http.ws_connect(f"{url}/sandbox/events?member={member_id}") as socket:
            await socket.receive()
            async with http.get(f"{url}/sandbox/state", params={"member": member_id}) as response:
                response.raise_for_status()
                somebody = MemberClient(http, url, dict(await response.json()), patience)
            listening = asyncio.create_task(somebody.listen(socket))
            try:
                yield somebody
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)


async def _id_of(http: aiohttp.ClientSession, url: str, name: str) -> str:
    async with http.get(f"{url}/sandbox/members") as response:
        members = {item["username"]: item["id"] for item in await response.json()}
    return str(members[name.lower()])
