"""Every sentence about pictures that are not shown, for who asked for them and who manages the server."""

from __future__ import annotations

from collections.abc import Mapping

from bot.language import Phrase, _
from bot.policy.pictures import PictureRules, Showing

WHY_LABEL = Phrase("Why?")
WITHHELD = Phrase(
    "A classifier finds this result unsafe, and this server does not show that in this channel. Channels that are"
    " restricted by age may show it."
)
SHOWN_NOW = Phrase("This result is shown now. Use /show to bring it back.")
NOT_SHOWN = Phrase("This picture is not shown in this channel, because a classifier finds it unsafe.")

PICTURES_HELP = Phrase("How pictures are shown that a classifier finds unsafe")
ELSEWHERE_HELP = Phrase("In channels that are not restricted by age")
RESTRICTED_HELP = Phrase("In channels that are restricted by age")
STRICTNESS_HELP = Phrase("Whether pictures count as unsafe that the classifier lets pass by a little")

SHOWINGS: Mapping[Showing, Phrase] = {
    Showing.WITHHOLD: Phrase("Not at all"),
    Showing.SPOILER: Phrase("Behind a spoiler"),
    Showing.SHOW: Phrase("Like any other"),
}
STRICTNESS: Mapping[str, Phrase] = {"normal": Phrase("Normal"), "strict": Phrase("Strict")}

_NO_CLASSIFIER = Phrase(
    "No classifier is registered, so no picture counts as unsafe. Ask the operator to register one."
)
_OFF = Phrase("The operator has switched this off, so every picture is shown.")


def withheld(discord_id: int) -> str:
    """Return that a result is not shown, for everybody in the channel to read."""
    member = f"<@{discord_id}>"
    return _("🛡️ A result of {member} is not shown here.", member=member)


def rules_text(rules: PictureRules, *, has_classifier: bool, shows_unsafe: bool) -> str:
    """Return how unsafe pictures are shown in a server now."""
    lines = [
        _("Unsafe pictures in channels restricted by age: **{showing}**", showing=SHOWINGS[rules.age_restricted]),
        _("Unsafe pictures in other channels: **{showing}**", showing=SHOWINGS[rules.elsewhere]),
        _("What counts as unsafe: **{strictness}**", strictness=STRICTNESS["strict" if rules.is_strict else "normal"]),
    ]
    if shows_unsafe:
        lines.append(str(_OFF))
    elif not has_classifier:
        lines.append(str(_NO_CLASSIFIER))
    return "\n".join(lines)
