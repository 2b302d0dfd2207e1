"""Every sentence about the gallery of a server."""

from __future__ import annotations

from collections.abc import Mapping

from bot.cards import shown_prompt
from bot.language import Phrase, _, plural
from bot.store.finding.wanted import BestOf
from bot.store.gallery.settings import Gallery

GALLERY_HELP = Phrase("The public pictures of this server")
SHOW_HELP = Phrase("The newest pictures of this server, or those that most members like; only you see the list")
BEST_HELP = Phrase("The best of a day, a week, a month or all time, by how many members like them")
CHANNEL_HELP = Phrase("Where pictures are posted that enough members like, for those who manage the server")
SET_HELP = Phrase("The channel to post them in")
THRESHOLD_HELP = Phrase("How many members have to like a picture, beside its owner; 3 if you leave this out")
AUTHORS_HELP = Phrase("Whether a post says whose picture it is; it does if you leave this out")
CLEAR_HELP = Phrase("Post nothing any more; what is posted stays")
PAGE_HELP = Phrase("A page outside Discord with pictures of this server, for those who manage it")
OPEN_HELP = Phrase("Whether there is one: everybody with its address sees it")

_CHANNEL, _PAGE = Phrase("**Channel.**"), Phrase("**Page.**")

PERIODS: Mapping[BestOf, Phrase] = {
    BestOf.DAY: Phrase("Best of the day"),
    BestOf.WEEK: Phrase("Best of the week"),
    BestOf.MONTH: Phrase("Best of the month"),
    BestOf.ALL: Phrase("Best of all time"),
}

MANAGERS_ONLY = Phrase("Only members who may manage this server can see and change the settings of its gallery.")
SET_AND_CLEAR = Phrase("Choose a channel, or clear it, but not both.")
NO_CHANNEL = Phrase("Nothing is posted: there is no gallery channel. `/gallery channel set:` names one.")
CLEARED = Phrase("Nothing more is posted in the gallery channel. What is there stays.")
NOTHING_LIKED = Phrase(
    "Nobody has liked a picture that you can see here in this time. 🙂, 😍 and ❤️ under the pictures of others count."
)
PAGE_CLOSED = Phrase("There is no page any more. Its old address leads nowhere, and a new page gets another one.")
NO_PAGE = Phrase("There is no page. `/gallery page open: True` opens one.")
NO_PUBLIC_URL = Phrase(
    "This bot has no address on the web, so that nobody could open the page. Its operator sets EASEL_PUBLIC_URL."
)
POSTS_NOTHING = Phrase("**Channel.** Pictures that members like are posted nowhere.")
CHANNEL_HINT = Phrase("Choose a gallery channel")
THRESHOLD = Phrase("**Likes.** How many members have to like a picture, beside its owner.")
NAMED = Phrase("**Authors.** A post says whose picture it is.")
UNNAMED = Phrase("**Authors.** A post does not say whose picture it is.")
NAME_LABEL, UNNAME_LABEL = Phrase("Name authors"), Phrase("Leave authors out")
NO_PAGE_YET = Phrase("**Page.** There is no page outside Discord with pictures of this server.")
OPEN_LABEL, CLOSE_LABEL = Phrase("Open a page"), Phrase("Close the page")
SHOULD_BE_OPEN = Phrase(
    "Not everybody sees this channel. Pictures are posted there from channels that not everybody sees either."
)


def title(period: BestOf) -> str:
    """Return what the list shows."""
    return f"**{PERIODS[period]}**"


def channel_set(gallery: Gallery) -> str:
    """Return that pictures are posted from now on, and which."""
    return plural(
        gallery.threshold or 1,
        "Pictures that {n} member likes are posted in {channel} from now on: 🙂, 😍 and ❤️ count, but not the owner's.",
        "Pictures that {n} members like are posted in {channel} from now on: 🙂, 😍 and ❤️ count, but not the owner's.",
        channel=f"<#{gallery.channel_id}>",
    )


def channel_state(gallery: Gallery) -> str:
    """Return which pictures are posted where."""
    if gallery.channel_id is None:
        return str(NO_CHANNEL)
    return plural(
        gallery.threshold or 1,
        "Pictures that {n} member likes are posted in {channel}.",
        "Pictures that {n} members like are posted in {channel}.",
        channel=f"<#{gallery.channel_id}>",
    )


def channel_refused(channel_id: int) -> str:
    """Return what the bot needs to post in the channel."""
    return _(
        "I need the permissions View Channel, Send Messages, Attach Files and Read Message History in {channel}."
        " Nothing has changed.",
        channel=f"<#{channel_id}>",
    )


def channel_lost(channel_id: int) -> str:
    """Return that nothing can be posted in the channel any more."""
    return _(
        "I can no longer post in {channel}: it was deleted, or I lack the permissions View Channel, Send Messages,"
        " Attach Files or Read Message History there. What members like meanwhile is not posted.",
        channel=f"<#{channel_id}>",
    )


def page_open(address: str) -> str:
    """Return where the page is, and what it shows."""
    return _(
        "The page is {address}. Everybody with this address sees it. It shows pictures from channels that everybody"
        " here sees, of members who agree to publishing with `/privacy`, without their names.",
        address=f"<{address}>",
    )


def posts(gallery: Gallery) -> str:
    """Return which pictures are posted where, as the panel of the server says it."""
    return f"{_CHANNEL} {channel_state(gallery)}"


def threshold_label(number: int) -> str:
    """Return how many members a choice means."""
    return plural(number, "{n} member", "{n} members")


def page_at(address: str) -> str:
    """Return where the page is, as the panel of the server says it."""
    return f"{_PAGE} {page_open(address)}"


def posted(prompt: str, discord_id: int | None, link: str | None) -> str:
    """Return the text of a post: the prompt, whose it is unless that is not told, and where it comes from."""
    who = [f"<@{discord_id}>"] if discord_id else []
    where = [_("[Original message]({link})", link=link)] if link else []
    return "\n".join([" - ".join([f"**{shown_prompt(prompt)}**", *who]), *where])
