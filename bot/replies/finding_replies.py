"""Every sentence that members read while they look for pictures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from bot.cards import shown_prompt
from bot.language import Phrase, _, plural
from engine.contract.feedback import Rating

HISTORY_HELP = Phrase("Your pictures, newest first; only you see the list")
SEARCH_HELP = Phrase("Find pictures by the words of their prompts; only you see the list")
SHOW_HELP = Phrase("Bring one of your pictures back into this channel, with its buttons")
WORDS_HELP = Phrase('Words of the prompt; "in quotes" for a phrase, or between words, -word to leave one out')
MODEL_HELP = Phrase("Only pictures of this model")
RATING_HELP = Phrase("Only pictures that you have rated like this")
SINCE_HELP = Phrase("The first day (UTC), such as 2026-01-31")
UNTIL_HELP = Phrase("The last day (UTC), such as 2026-02-28")
WHOSE_HELP = Phrase("Your own pictures, or everybody's in the channels of this server that you can see")
PICTURE_HELP = Phrase("Words of its prompt; choose from the list")
BETWEEN_HELP = Phrase("Go from one result to another: four pictures that lie between them")
FIRST_RESULT_HELP = Phrase("The first result: choose one of yours, or paste the link of a message")
SECOND_RESULT_HELP = Phrase("The second result: choose one of yours, or paste the link of a message")
AT_HELP = Phrase("Where between them: 0 is the first, 1 the second; 0.5 if you do not choose")
OWN_CHOICE = Phrase("My own")
SERVER_CHOICE = Phrase("This server's")

NOT_IN_DM = Phrase(
    "There is no server here. Use /search in a server to find everybody's pictures, or leave `whose` out."
)
NO_DAYS_BETWEEN = Phrase("The first day is after the last one, so there is nothing to find.")
SEARCH_GONE = Phrase("This list is too old to be turned. Use /search or /history again.")
NOTHING_TO_SHOW = Phrase("None of your pictures has these words. Use /history to see what there is.")

NOTHING_OWN = Phrase("You have no pictures yet. Use /imagine to make some.")
NOTHING_FOUND = Phrase("Nothing was found. Try fewer or other words, or leave some of the options out.")
NOTHING_FOUND_OWN = Phrase(
    "Nothing was found among your own pictures. Try fewer or other words, or leave some of the options out. "
    "`/search whose: This server's` looks among everybody's."
)
NOTHING_HERE = Phrase("There is nothing more.")
NOTHING_AMONG_NEWEST = Phrase(
    "Nothing was found among the newest pictures. Press Older to look further back, or add words."
)
SHOW_HINT = Phrase("Press a number to bring a picture back into this channel.")

NEWER, OLDER = Phrase("Newer"), Phrase("Older")

_TITLE = {False: Phrase("Your pictures"), True: Phrase("Pictures in this server")}
_RATED: Mapping[Rating, Phrase] = {
    Rating.GREAT: Phrase("😍 Great"),
    Rating.GOOD: Phrase("🙂 Good"),
    Rating.BAD: Phrase("☹️ Bad"),
    Rating.AWFUL: Phrase("😖 Awful"),
}
_LINK = re.compile(r"https?://([^/\s<>]+)/[^\s<>]+")
_MAX_PROMPT, _MAX_WORDS, _MAX_CHOICE = 160, 80, 100


def rating_choices() -> tuple[tuple[Phrase, int], ...]:
    """Return the name and the value of each rating, the best first."""
    return tuple((name, rating.value) for rating, name in _RATED.items())


def title(*, is_of_server: bool, words: str | None, page: int) -> str:
    """Return what the list shows."""
    what = f"**{_TITLE[is_of_server]}**"
    if words:
        what = _('{what} with "{words}"', what=what, words=shown_prompt(words, _MAX_WORDS))
    return _("{what}, page {page}", what=what, page=page) if page > 1 else what


def found_line(number: int, prompt: str, model: str, at: datetime, link: str | None, votes: int) -> str:
    """Return one line of the list; `votes` are of the members who like it."""
    told = [shown_prompt(model, _MAX_WORDS)] if model else []
    told.append(f"<t:{int(at.timestamp())}:d>")
    told += [f"❤️ {votes}"] if votes else []
    told += [_("[message]({link})", link=link)] if link else []
    return f"{number}. **{shown_prompt(_without_paths(prompt), _MAX_PROMPT)}** · {' · '.join(told)}"


def _without_paths(prompt: str) -> str:
    """Return the prompt with the hosts of its links alone, whose paths would leave no room for words."""
    return _LINK.sub(r"\1/…", prompt)


def sheet_alt(count: int) -> str:
    """Return what the picture above the list shows, for those who cannot see it."""
    return plural(count, "{n} small picture, numbered as in the list", "{n} small pictures, numbered as in the list")


def choice_name(prompt: str) -> str:
    """Return the prompt as a choice of an option shows it."""
    line = " ".join(prompt.split())
    return line if len(line) <= _MAX_CHOICE else f"{line[: _MAX_CHOICE - 1]}…"


def not_a_day(text: str) -> str:
    """Return that what was given is not a day."""
    return _('"{text}" is not a day. Write it as year, month and day, such as 2026-01-31.', text=shown_prompt(text, 40))
