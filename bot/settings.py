"""The bot's settings: the engine's, and how to reach Discord."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from engine.settings import EngineSettings

DISCORD_API_URL = "https://discord.com/api/v10"


_EXAMPLES = {
    "discord_api_url": DISCORD_API_URL,
    "public_url": "https://easel.example.org",
    "programs_url": "https://images.example.org",
}


class BotSettings(EngineSettings):
    """The settings that the bot reads.

    discord_token: None for the sandbox, if the command supports it.
    discord_api_url: base URL of Discord's REST API, a proxy or the sandbox, which also provides the gateway's URL.
    public_url: the address under which members reach the bot's pages, `/exports/` and `/masks/`; None if they cannot.
    programs_url: the address under which programs reach the API; None where members get no keys of their own.
    learning_channel: Discord's id of the channel where administrators are asked about trained adapters; None for the
        moderators' channel, if the bot is in one server alone.
    learn_votes: after how many new votes `easel run` trains an adapter; None where it never does.
    upload_origins: from where members' pictures may be fetched beside the public internet.
    """

    discord_token: SecretStr | None = Field(default=None, validation_alias="DISCORD_TOKEN")
    discord_api_url: str = Field(default=DISCORD_API_URL, validation_alias="DISCORD_API_URL")

    public_url: str | None = Field(default=None, validation_alias="EASEL_PUBLIC_URL")
    programs_url: str | None = Field(default=None, validation_alias="EASEL_API_URL")
    learning_channel: int | None = Field(default=None, validation_alias="EASEL_LEARNING_CHANNEL", gt=0)
    learn_votes: int | None = Field(default=None, validation_alias="EASEL_LEARN_VOTES", gt=0)
    upload_origins: Annotated[frozenset[str], NoDecode] = Field(
        default=frozenset(), validation_alias="EASEL_UPLOAD_ORIGINS"
    )

    @field_validator("discord_token", mode="before")
    @classmethod
    def _is_one_word(cls, token: Any) -> Any:
        text = token.get_secret_value() if isinstance(token, SecretStr) else token
        if isinstance(text, str) and (text != text.strip() or any(letter.isspace() for letter in text)):
            raise ValueError("must not contain spaces or line breaks. Copy the token again")
        return token

    @field_validator("upload_origins", mode="before")
    @classmethod
    def _are_origins(cls, listed: Any) -> Any:
        return frozenset(_origin(word) for word in listed.split()) if isinstance(listed, str) else listed

    @field_validator("discord_api_url", "public_url", "programs_url")
    @classmethod
    def _is_http(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"must start with http:// or https://, for example {_EXAMPLES[str(info.field_name)]}")
        return url.rstrip("/")


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or text.rstrip("/") != f"{parts.scheme}://{parts.netloc}"
    ):
        raise ValueError(f"must be addresses such as http://files.lan:8080, separated by spaces, not {text!r}")
    return text.rstrip("/")
