"""Every sentence that members read about the style that is trained from their own votes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.language import Phrase, _, plural
from bot.policy.adapters import ProfileOfAnother, ProfileOff, ProfileOfModel
from bot.policy.profiles import ProfileNeedsVotes, ProfileUncounted, TrainingNotAgreed
from engine.contract.errors import EaselError
from engine.contract.training import PROFILE_VOTES

PROFILE_HELP = Phrase("Turn on or off a style of your own for --p, which is trained from your votes")
OFF = Phrase(
    "Your personal style is off, and what was trained is deleted. Pictures that were made with it stay. "
    "`/prefer personal_style` turns it on again."
)

PROFILE_SENTENCES: Mapping[type[EaselError], Callable[[Any], str]] = {
    ProfileOff: lambda error: _(
        "`--p` paints in a style of your own, which is off. `/prefer personal_style` turns it on: it is then trained "
        "from your votes."
    ),
    ProfileNeedsVotes: lambda error: needs_votes(error.missing),
    ProfileUncounted: lambda error: _(
        "Your personal style is not trained yet. Your votes are learnt from when the next training runs here; until "
        "then, leave out `--p`."
    ),
    ProfileOfModel: lambda error: _(
        "Your personal style was trained for the model {model}. Add `--model {model}`, or leave out `--p`.",
        model=error.model,
    ),
    ProfileOfAnother: lambda error: _(
        "This was painted in a personal style that only its member can use, or that is deleted. Use its prompt "
        "without `--p`."
    ),
    TrainingNotAgreed: lambda error: _(
        "A style of your own is trained from your votes, and you have not agreed to training. Change that with "
        "`/privacy`, and use `/prefer personal_style` again."
    ),
}


def needs_votes(missing: int) -> str:
    """Return how many votes are missing, and how they are given."""
    return plural(
        missing,
        "Your personal style is not trained yet: it needs {n} more vote of yours. Rate pictures, compare them with "
        "`/rank`, or upscale and vary those that you like.",
        "Your personal style is not trained yet: it needs {n} more votes of yours. Rate pictures, compare them with "
        "`/rank`, or upscale and vary those that you like.",
    )


def turned_on() -> str:
    """Return that the style is on, and from when it can be used."""
    return _(
        "Your personal style is on. Once you have given {number} votes, the next training here learns it from them, "
        "and `--p` in a prompt paints with it. `/prefer personal_style` turns it off and deletes it.",
        number=PROFILE_VOTES,
    )
