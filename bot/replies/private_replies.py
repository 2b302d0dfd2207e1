"""What members read about private work and direct messages."""

from __future__ import annotations

from bot.delivery.outcomes import DirectRefusal
from bot.language import Phrase, _

ONLY_YOU = Phrase("Only you see this. It stays in `/history`, and comes by direct message if it takes over 15 minutes.")
PRIVATE_HELP = Phrase("Whether only you see the pictures, and what you make of them; everybody here does by default.")

PUBLIC_HELP = Phrase("Lets everybody see pictures that only you see until now.")


def moved_from(channel_id: int) -> str:
    """Return why private pictures are in the direct messages and not in their channel."""
    return _("You asked for this in <#{channel_id}>, where only you were to see it.", channel_id=channel_id)


def not_sent(discord_id: int, refusal: DirectRefusal) -> str:
    """Return what all in the channel see when Discord sends a member who reacted no direct message."""
    if refusal is DirectRefusal.OTHER:
        return _(
            "<@{member}>, Discord did not take my direct message to you. React again later, or press ⋯ and ✉️.",
            member=discord_id,
        )
    return _(
        "<@{member}>, Discord lets me send you no direct message. Allow them in this server's privacy settings and "
        "react again, or press ⋯ and ✉️.",
        member=discord_id,
    )


def auto_dm_stopped(discord_id: int) -> str:
    """Return the same when they had asked for every result by direct message, which ends with it."""
    return _(
        "<@{member}>, Discord lets me send you no direct message, so your results only come here from now on, and "
        "auto_dm is off. Allow direct messages in this server's privacy settings, and `/prefer auto_dm` turns it on "
        "again; ✉️ below a result sends it later.",
        member=discord_id,
    )
