"""What members read of `/animate`."""

from __future__ import annotations

from bot.language import Phrase

ANIMATE_HELP = Phrase("Make a short film, from a prompt or a picture")
PROMPT_HELP = Phrase("What the film shows; optional with a picture")
IMAGE_HELP = Phrase("A picture that the film starts from")
MOTION_HELP = Phrase("How much moves; a lot if you do not choose")
SHAPE_HELP = Phrase("The shape of the film; square if you do not choose.")
HIGH_MOTION = Phrase("High motion")
LOW_MOTION = Phrase("Low motion")
