"""Every sentence about a member's own key of the API."""

from __future__ import annotations

from datetime import datetime

from bot.language import Phrase, _, plural
from bot.store.own_keys import ApiKey

APIKEY_HELP = Phrase("A key of your own, for programs that paint with Easel")
CREATE_HELP = Phrase("Get a key; only you see it, and only once")
SHOW_HELP = Phrase("Your key: how it begins, and when it was last used")
REVOKE_HELP = Phrase("End your key at once; its pictures stay")

NONE = Phrase("You have no key. `/apikey create` gives you one.")
REVOKED = Phrase("Your key is revoked, and programs that use it are refused. Its pictures stay.")
SWITCHED_OFF = Phrase("Easel gives members no keys here. Its operator can allow them, as docs/api.md says.")


_CREATED = Phrase(
    "Your key, which is shown only this once:\n{secret}\nPrograms send it as `Authorization: Bearer ...` to"
    " <{address}/v1>. They paint as you: in your turn, within your limits. Keep it secret: whoever has it can paint as"
    " you and see your pictures. `/apikey revoke` ends it."
)


def created(secret: str, address: str) -> str:
    """Return the new key, and what it is for."""
    return _CREATED.format(secret=f"```\n{secret}\n```", address=address)


def exists(key: ApiKey | None) -> str:
    """Return that the member has a key already."""
    if key is None:
        return _("You have a key already. To get another one, end it first, with `/apikey revoke`.")
    return _(
        "You have a key already, which begins with `{start}`. To get another one, end it first, with `/apikey revoke`.",
        start=key.secret_start,
    )


def shown(key: ApiKey) -> str:
    """Return what the member may know of their key."""
    start, made = f"`{key.secret_start}`", _time(key.created_at)
    if key.last_used_at:
        what = _(
            "Your key begins with {start}. It was made {made} and last used {used}.",
            start=start,
            made=made,
            used=_time(key.last_used_at),
        )
    else:
        what = _("Your key begins with {start}. It was made {made} and never used.", start=start, made=made)
    jobs = plural(key.options.jobs_per_day, "It may start {n} job a day.", "It may start {n} jobs a day.")
    return f"{what} {jobs}"


def _time(at: datetime) -> str:
    return f"<t:{int(at.timestamp())}:R>"
