"""`/train`: opens the form in which a member gives pictures, from which a LoRA of their own is trained."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.answers import answer
from bot.buttons.train_form import open_train_form
from bot.replies import training_replies
from bot.services import services_of


@app_commands.command(name="train", description=training_replies.TRAIN_HELP.text)
async def train(interaction: discord.Interaction) -> None:
    """Open the form."""
    await answer(interaction, services_of(interaction), "train", open_train_form(interaction), asks=False)
