"""What an operator sets for the bot: the engine's settings and how to reach Discord; opens nothing."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from engine.settings import EngineSettings

DISCORD_API_URL = "https://discord.com/api/v10"


class BotSettings(EngineSettings):
    """What the bot needs to know.

    discord_token: None serves the sandbox, where the command allows it.
    discord_api_url: base of Discord's REST interface; another one for a proxy or the sandbox. The gateway's address
        is asked of it.
    """

    discord_token: SecretStr | None = Field(default=None, validation_alias="DISCORD_TOKEN")
    discord_api_url: str = Field(default=DISCORD_API_URL, validation_alias="DISCORD_API_URL")

    @field_validator("discord_token", mode="before")
    @classmethod
    def _is_one_word(cls, token: Any) -> Any:
        text = token.get_secret_value() if isinstance(token, SecretStr) else token
        if isinstance(text, str) and (text != text.strip() or any(letter.isspace() for letter in text)):
            raise ValueError("contains white space: copy the token again, without anything around it")
        return token

    @field_validator("discord_api_url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"must be an address such as {DISCORD_API_URL}")
        return url.rstrip("/")
