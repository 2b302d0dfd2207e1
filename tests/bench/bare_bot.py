"""A bot that answers as Easel does and stores nothing: what discord.py alone costs, for comparison."""

from __future__ import annotations

import sys
from typing import Any

import discord
import discord.http


class BareBot(discord.AutoShardedClient):
    """Acknowledges every interaction at once, with the kind of answer that Easel gives."""

    async def on_ready(self) -> None:
        """Tell the parent process."""
        print("ready", flush=True)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Post a message for a command or a variation, defer an upscale, and confirm a rating to its member."""
        data: dict[str, Any] = dict(interaction.data or {})
        verb = str(data.get("custom_id", "e1:vary")).split(":")[1]
        if verb == "vary":
            view = discord.ui.View().add_item(discord.ui.Button(label="Cancel", custom_id="cancel"))
            await interaction.response.send_message("waiting", view=view)
        elif verb == "up":
            await interaction.response.defer()
        else:
            await interaction.response.send_message("thanks", ephemeral=True)


if __name__ == "__main__":
    discord.http.Route.BASE = sys.argv[1]
    BareBot(intents=discord.Intents(guilds=True)).run(sys.argv[2], log_handler=None)
