"""Every sentence that members read about masks: where they paint one, and why one cannot be used."""

from __future__ import annotations

from datetime import datetime

from bot.language import Phrase, _

MASK_LABEL = Phrase("Paint a mask…")

STARTED = Phrase("Your job has started: its grid comes in Discord. You can close this page.")
SENT_ALREADY = Phrase(
    "This mask has been sent already: its grid is in Discord. Press Paint a mask… there for another one."
)
EXPIRED = Phrase("This link has expired: it is valid for an hour. Press Paint a mask… again in Discord.")
NOT_VALID = Phrase("This link is not valid. Press Paint a mask… again in Discord, and open the link that you get.")
GONE = Phrase(
    "There is nothing to paint on any more: the picture was deleted, or its owner. Choose another one in Discord."
)
NO_PAGES = Phrase(
    "This bot has no page for masks at the moment. Choose cells instead, or ask its operator for EASEL_PUBLIC_URL."
)
NO_FILE = Phrase("No mask came with this. Reload the page and paint it again.")
TOO_LARGE = Phrase("The mask is too large a file. Reload the page and paint it again.")
NOT_PNG = Phrase("The mask is not a PNG file that can be read. Reload the page and paint it again.")
EMPTY = Phrase("Nothing is painted. Paint over the part of the picture that is to become new.")
FULL = Phrase(
    "Everything is painted. Leave the part of the picture that is to stay, or use Vary (Strong) for all of it."
)
BROKEN = Phrase("Something went wrong, and nothing was started. Please try again.")


def wrong_size(mask: tuple[int, int], picture: tuple[int, int]) -> str:
    """Return that a mask, of so many pixels, is not of its picture's size."""
    sizes = {"mask": f"{mask[0]} x {mask[1]}", "picture": f"{picture[0]} x {picture[1]}"}
    return _("The mask has {mask} pixels, and the picture {picture}. Reload the page and paint it again.", **sizes)


def link(address: str, end: datetime) -> str:
    """Return where the member paints the mask, and until when."""
    return _(
        "Paint over what is to become new, until {until}: <{address}>\nWhoever has this link paints in your name.",
        until=f"<t:{int(end.timestamp())}:t>",
        address=address,
    )
