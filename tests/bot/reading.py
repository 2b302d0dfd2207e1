"""What a member reads off a message of the sandbox."""

from __future__ import annotations

from typing import Any

from sandbox.chat.test_client import MemberClient
from sandbox.validation.components import walk

Message = dict[str, Any]
TEXT_DISPLAY = 10


def labels(message: Message) -> list[list[str | None]]:
    """Return the labels of the buttons, row by row; None where there is only an emoji."""
    return [[button.get("label") for button in row["components"]] for row in message["components"]]


def faces(message: Message) -> list[str]:
    """Return the emoji of the buttons that wear one."""
    buttons = [button for row in message["components"] for button in row["components"]]
    return [button["emoji"]["name"] for button in buttons if button.get("emoji")]


def text_of(message: Message) -> str:
    """Return the text: the content, and that of its components."""
    texts = [component["content"] for _, component in walk(message["components"]) if component["type"] == TEXT_DISPLAY]
    return "\n".join([str(message["content"]), *texts] if message["content"] or not texts else texts)


def is_grid(message: Message) -> bool:
    """Return whether the message shows a finished grid: a row of U, one of V and one of faces."""
    return len(message["components"]) == 3


def shown_by_bot(member: MemberClient) -> list[Message]:
    """Return what the bot has posted for everybody that the member sees now, oldest first."""
    posted = [item for item in member.messages.values() if item["author"].get("bot") and not item["flags"] & 64]
    return sorted(posted, key=lambda item: int(item["id"]))
