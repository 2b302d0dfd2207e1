"""Every sentence about the operator's announcements."""

from __future__ import annotations

from bot.language import Phrase, _

HEADING = Phrase("📣 **From the operator of Easel**")
SOURCE = Phrase("-# Those who manage this server have chosen this channel with `/server settings`.")

OFF = Phrase("**Announcements.** What the operator of Easel announces is not posted here.")
ON_LABEL, OFF_LABEL = Phrase("Switch announcements on"), Phrase("Switch announcements off")
CHANNEL_HINT = Phrase("Choose a channel for announcements")
NEEDS_CHANNEL = Phrase(
    "⚠️ Choose a channel for announcements: this server has neither a moderators' channel nor one for Discord's own"
    " updates."
)


def announced(text: str) -> str:
    """Return the message of an announcement."""
    return f"{HEADING}\n{text}\n{SOURCE}"


def posted_in(channel_id: int) -> str:
    """Return where announcements are posted."""
    return _(
        "**Announcements.** What the operator of Easel announces is posted in {channel}.", channel=f"<#{channel_id}>"
    )


def channel_closed(channel_id: int) -> str:
    """Return that nothing can be announced in the channel, and what the bot needs there."""
    return _(
        "⚠️ I cannot post announcements in {channel}: it was deleted, or I lack the permission View Channel or Send"
        " Messages there.",
        channel=f"<#{channel_id}>",
    )
