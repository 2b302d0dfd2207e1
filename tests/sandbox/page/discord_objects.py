"""The Discord objects of the page's tests: users, channels, commands and messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

JSON = dict[str, Any]

ADA = {"id": "100000000000000001", "username": "ada", "global_name": "Ada", "administrator": True, "locale": "en-US"}
BEN = {"id": "100000000000000002", "username": "ben", "global_name": "Ben", "administrator": False, "locale": "en-US"}
CLEO = {
    "id": "100000000000000003",
    "username": "cleo",
    "global_name": "Cleo",
    "administrator": False,
    "locale": "en-US",
}
EASEL = {"id": "100000000000000009", "username": "easel", "global_name": "Easel", "bot": True}
STUDIO, GALLERY = "200000000000000001", "200000000000000002"
AFTER_DARK, DM = "200000000000000003", "200000000000000004"

_ids = count(1)


def fresh_id(age: timedelta = timedelta()) -> str:
    """A snowflake made `age` ago, later than every other of that age."""
    moment = datetime.now(UTC) - age
    return str((int(moment.timestamp() * 1000) - 1420070400000 << 22) + next(_ids))


def message(author: JSON = EASEL, content: str = "", *, age: timedelta = timedelta(), **more: Any) -> JSON:
    """A message object in the studio unless `channel_id` says otherwise."""
    return {
        "id": fresh_id(age),
        "channel_id": STUDIO,
        "type": 0,
        "author": author,
        "content": content,
        "timestamp": (datetime.now(UTC) - age).isoformat(),
        "edited_timestamp": None,
        "attachments": [],
        "embeds": [],
        "components": [],
        "mentions": [],
        "flags": 0,
        **more,
    }


def picture(name: str, width: int = 512, height: int = 512) -> JSON:
    """An attachment of a PNG that the fake sandbox serves as `name`."""
    return {
        "id": fresh_id(),
        "filename": name,
        "url": f"/attachments/{name}",
        "proxy_url": f"/attachments/{name}",
        "size": 48_213,
        "width": width,
        "height": height,
        "content_type": "image/png",
    }


def button(
    label: str | None, custom_id: str, *, emoji: str | None = None, style: int = 2, disabled: bool = False
) -> JSON:
    """A message button."""
    return {
        "type": 2,
        "style": style,
        "label": label,
        "custom_id": custom_id,
        "disabled": disabled,
        **({"emoji": {"id": None, "name": emoji}} if emoji else {}),
    }


def row(*components: JSON) -> JSON:
    """An action row."""
    return {"type": 1, "components": list(components)}


def grid_buttons() -> list[JSON]:
    """The buttons under a finished grid."""
    return [
        row(*(button(f"U{n}", f"e1:up:job:{n}") for n in range(1, 5)), button(None, "e1:again:job", emoji="🔄")),
        row(*(button(f"V{n}", f"e1:vary:job:{n}") for n in range(1, 5))),
        row(*(button(None, f"e1:rate:job:{n}", emoji=face) for n, face in enumerate("😖☹🙂😍", 1))),
    ]


def _option(name: str, kind: int, description: str, **more: Any) -> JSON:
    return {"name": name, "type": kind, "description": description, "required": False, **more}


SHAPES = [{"name": "Square", "value": "1:1"}, {"name": "Wide", "value": "16:9"}]
IMAGINE = {
    "id": "300000000000000001",
    "type": 1,
    "name": "imagine",
    "description": "Paint four pictures from words",
    "options": [
        _option("prompt", 3, "What to paint", required=True, max_length=6000),
        _option("negative", 3, "What to leave out"),
        _option("steps", 4, "How many denoising steps", min_value=1, max_value=150),
        _option("shape", 3, "Aspect ratio", choices=SHAPES),
    ],
}
DESCRIBE = {
    "id": "300000000000000002",
    "type": 1,
    "name": "describe",
    "description": "Find words for a picture",
    "options": [_option("image", 11, "The picture to describe", required=True)],
}
PREFER = {
    "id": "300000000000000003",
    "type": 1,
    "name": "prefer",
    "description": "Your preferences",
    "options": [
        {
            "type": 1,
            "name": "model",
            "description": "Which model paints",
            "options": [_option("name", 3, "The model", required=True, autocomplete=True)],
        },
        {"type": 1, "name": "remix", "description": "Switch remix mode", "options": []},
    ],
}
ADMIN = {
    "id": "300000000000000004",
    "type": 1,
    "name": "easel-admin",
    "description": "Settings of this server",
    "default_member_permissions": "32",
    "options": [_option("member", 6, "Whose queue to clear"), _option("really", 5, "Are you sure")],
}
INFO = {"id": "300000000000000005", "type": 1, "name": "info", "description": "What you used so far", "options": []}
CANCEL = {"id": "300000000000000006", "type": 3, "name": "Cancel Job"}


def channels() -> list[JSON]:
    """Two text channels, an age-restricted one, and the DM."""
    return [
        {"id": STUDIO, "name": "studio", "type": 0, "nsfw": False, "kind": "text", "topic": "Paint here. Be kind."},
        {"id": GALLERY, "name": "gallery", "type": 0, "nsfw": False, "kind": "text", "topic": "The best of the week"},
        {"id": AFTER_DARK, "name": "after-dark", "type": 0, "nsfw": True, "kind": "text", "topic": None},
        {"id": DM, "name": "Easel", "type": 1, "nsfw": False, "kind": "dm", "topic": None},
    ]


def sandbox_state(**messages: list[JSON]) -> JSON:
    """The state of a sandbox; `messages` by channel constant name in lower case: studio=[...]."""
    ids = {"studio": STUDIO, "gallery": GALLERY, "after_dark": AFTER_DARK, "dm": DM}
    return {
        "bot": EASEL,
        "members": [ADA, BEN, CLEO],
        "guild": {"id": "1", "name": "The Atelier", "roles": [{"id": "400000000000000001", "name": "painters"}]},
        "channels": channels(),
        "commands": [IMAGINE, DESCRIBE, PREFER, ADMIN, INFO, CANCEL],
        "messages": {
            ids[name]: [{**each, "channel_id": ids[name]} for each in rows] for name, rows in messages.items()
        },
    }
