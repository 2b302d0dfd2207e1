"""Every sentence about a member's own key of the API."""

from __future__ import annotations

from datetime import datetime

from bot.store.own_keys import ApiKey

APIKEY_HELP = "A key of your own, for programs that paint with Easel"
CREATE_HELP = "Get a key; only you see it, and only once"
SHOW_HELP = "Your key: how it begins, and when it was last used"
REVOKE_HELP = "End your key at once; its pictures stay"

NONE = "You have no key. `/apikey create` gives you one."
REVOKED = "Your key is revoked, and programs that use it are refused. Its pictures stay."
SWITCHED_OFF = "Easel gives members no keys here. Its operator can allow them, as docs/api.md says."


def created(secret: str, address: str) -> str:
    """Return the new key, and what it is for."""
    return (
        f"Your key, which is shown only this once:\n```\n{secret}\n```\n"
        f"Programs send it as `Authorization: Bearer ...` to <{address}/v1>. They paint as you: in your turn, within "
        "your limits. Keep it secret: whoever has it can paint as you and see your pictures. `/apikey revoke` ends it."
    )


def exists(key: ApiKey | None) -> str:
    """Return that the member has a key already."""
    which = f", which begins with `{key.secret_start}`" if key else ""
    return f"You have a key already{which}. To get another one, end it first, with `/apikey revoke`."


def shown(key: ApiKey) -> str:
    """Return what the member may know of their key."""
    used = f"last used {_time(key.last_used_at)}" if key.last_used_at else "never used"
    return (
        f"Your key begins with `{key.secret_start}`. It was made {_time(key.created_at)} and {used}. "
        f"It may start {key.options.jobs_per_day} jobs a day."
    )


def _time(at: datetime) -> str:
    return f"<t:{int(at.timestamp())}:R>"
