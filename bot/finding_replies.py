"""Every sentence that members read while they look for pictures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.cards import shown_prompt
from engine.contract.feedback import Rating

HISTORY_HELP = "Your pictures, newest first; only you see the list"
SEARCH_HELP = "Find pictures by the words of their prompts; only you see the list"
SHOW_HELP = "Bring one of your pictures back into this channel, with its buttons"
WORDS_HELP = 'Words of the prompt; "in quotes" for a phrase, or between words, -word to leave one out'
MODEL_HELP = "Only pictures of this model"
RATING_HELP = "Only pictures that you have rated like this"
SINCE_HELP = "The first day (UTC), such as 2026-01-31"
UNTIL_HELP = "The last day (UTC), such as 2026-02-28"
WHOSE_HELP = "Your own pictures, or everybody's in the channels of this server that you can see"
PICTURE_HELP = "Words of its prompt; choose from the list"
OWN_CHOICE = "My own"
SERVER_CHOICE = "This server's"

NOT_IN_DM = "There is no server here. Use /search in a server to find everybody's pictures, or leave `whose` out."
NO_DAYS_BETWEEN = "The first day is after the last one, so there is nothing to find."
SEARCH_GONE = "This list is too old to be turned. Use /search or /history again."
NOTHING_TO_SHOW = "None of your pictures has these words. Use /history to see what there is."

NOTHING_OWN = "You have no pictures yet. Use /imagine to make some."
NOTHING_FOUND = "Nothing was found. Try fewer or other words, or leave some of the options out."
NOTHING_HERE = "There is nothing more."
NOTHING_AMONG_NEWEST = "Nothing was found among the newest pictures. Press Older to look further back, or add words."
SHOW_HINT = "Press a number to bring a picture back into this channel."

NEWER, OLDER = "Newer", "Older"

_TITLE = {False: "Your pictures", True: "Pictures in this server"}
_RATED: Mapping[Rating, str] = {
    Rating.GREAT: "😍 Great",
    Rating.GOOD: "🙂 Good",
    Rating.BAD: "☹️ Bad",
    Rating.AWFUL: "😖 Awful",
}
_MAX_PROMPT, _MAX_WORDS, _MAX_CHOICE = 160, 80, 100


def rating_choices() -> tuple[tuple[str, int], ...]:
    """Return the name and the value of each rating, the best first."""
    return tuple((name, rating.value) for rating, name in _RATED.items())


def title(*, is_of_server: bool, words: str | None, page: int) -> str:
    """Return what the list shows."""
    of = f' with "{shown_prompt(words, _MAX_WORDS)}"' if words else ""
    return f"**{_TITLE[is_of_server]}**{of}{f', page {page}' if page > 1 else ''}"


def found_line(number: int, prompt: str, model: str, at: datetime, link: str | None) -> str:
    """Return one line of the list."""
    message = f" · [message]({link})" if link else ""
    by = f" · {shown_prompt(model, _MAX_WORDS)}" if model else ""
    return f"{number}. **{shown_prompt(prompt, _MAX_PROMPT)}**{by} · <t:{int(at.timestamp())}:d>{message}"


def sheet_alt(count: int) -> str:
    """Return what the picture above the list shows, for those who cannot see it."""
    return f"{count} small {'picture' if count == 1 else 'pictures'}, numbered as in the list"


def choice_name(prompt: str) -> str:
    """Return the prompt as a choice of an option shows it."""
    line = " ".join(prompt.split())
    return line if len(line) <= _MAX_CHOICE else f"{line[: _MAX_CHOICE - 1]}…"


def not_a_day(text: str) -> str:
    """Return that what was given is not a day."""
    return f'"{shown_prompt(text, 40)}" is not a day. Write it as year, month and day, such as 2026-01-31.'
