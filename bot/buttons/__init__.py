"""What members press, one file for each verb; the class only parses its id, the truth is read when it is pressed."""

from bot.buttons.cancel import CancelButton
from bot.buttons.judge import JudgeButton
from bot.buttons.rate import RateButton
from bot.buttons.reroll import RerollButton
from bot.buttons.upscale import UpButton
from bot.buttons.vary import VaryButton

BUTTONS = (UpButton, VaryButton, RerollButton, RateButton, JudgeButton, CancelButton)

__all__ = ["BUTTONS"]
