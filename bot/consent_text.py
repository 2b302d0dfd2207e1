"""The text that members are asked for consent with; docs/privacy.md has it word for word.

Whoever changes what it says raises the version: every member is asked once more, and until they answer, what they chose
before stays in force.
"""

from bot.language import Phrase

CONSENT_VERSION = 2
"""Kept with each choice."""

CONSENT_TEXT = Phrase(
    """**What may be done with your data? You decide.**

Easel stores your prompts, the pictures, and which buttons you press and when. It uses them to answer you. Anything \
beyond that needs your consent. Both choices are off until you turn them on, and Easel works the same without them.

**Train models**: the operator of this bot may train image models on your prompts, pictures and presses.
**Publish**: the operator may publish your prompts and pictures on gallery pages that servers open to everybody, and \
your prompts, pictures and presses in data sets, which anybody may use, also to train other models.

Neither contains your name, your Discord id or links: members get new numbers in each data set. You can change your \
mind at any time. Later training and later data sets leave your data out then; models that are trained and copies that \
others have downloaded stay as they are. With `/privacy` you see, change, download or erase what is stored."""
)
"""Shown as it is, in Discord's Markdown."""
