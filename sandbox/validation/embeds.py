"""Validates embeds: the limits of each and of all together."""

from datetime import datetime
from typing import Any

from sandbox.state.records import Json
from sandbox.validation.problems import Path, Problems

MAX_EMBEDS = 10
MAX_FIELDS = 25
MAX_TOTAL_CHARACTERS = 6000
URL_SCHEMES = ("http://", "https://", "attachment://")


def check_embeds(problems: Problems, embeds: Any) -> None:
    """Validate a message's embeds."""
    listed = problems.listing(("embeds",), embeds, MAX_EMBEDS)
    for index, embed in enumerate(listed):
        _check_embed(problems, ("embeds", index), embed)
    if sum(map(_count_characters, listed)) > MAX_TOTAL_CHARACTERS:
        problems.add(
            ("embeds",), "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {MAX_TOTAL_CHARACTERS}"
        )


def _check_embed(problems: Problems, path: Path, embed: Json) -> None:
    problems.text((*path, "title"), embed.get("title"), 256)
    problems.text((*path, "description"), embed.get("description"), 4096)
    problems.number((*path, "color"), embed.get("color"), 0, 0xFFFFFF)
    _check_url(problems, (*path, "url"), embed.get("url"))
    _check_timestamp(problems, (*path, "timestamp"), embed.get("timestamp"))
    _check_part(problems, (*path, "footer"), embed.get("footer"), "text", 2048, "icon_url")
    _check_part(problems, (*path, "author"), embed.get("author"), "name", 256, "icon_url")
    for picture in ("image", "thumbnail"):
        _check_url(problems, (*path, picture, "url"), (embed.get(picture) or {}).get("url"))
    for index, item in enumerate(problems.listing((*path, "fields"), embed.get("fields"), MAX_FIELDS)):
        problems.text((*path, "fields", index, "name"), item.get("name"), 256, shortest=1, required=True)
        problems.text((*path, "fields", index, "value"), item.get("value"), 1024, shortest=1, required=True)


def _check_part(problems: Problems, path: Path, part: Any, text: str, longest: int, url: str) -> None:
    if part is None:
        return
    problems.text((*path, text), part.get(text), longest, shortest=1, required=True)
    _check_url(problems, (*path, url), part.get(url))


def _check_timestamp(problems: Problems, path: Path, value: Any) -> None:
    try:
        datetime.fromisoformat(value or "2015-01-01")
    except (TypeError, ValueError):
        problems.add(path, "DATE_TIME_TYPE_PARSE", f"Could not parse {value}. Should be ISO8601.")


def _check_url(problems: Problems, path: Path, value: Any) -> None:
    if problems.text(path, value, 2048) and value and not value.startswith(URL_SCHEMES):
        scheme = value.partition(":")[0]
        problems.add(
            path,
            "URL_TYPE_INVALID_SCHEME",
            f"Scheme \"{scheme}\" is not supported. Scheme must be one of ('http', 'https').",
        )


def _count_characters(embed: Json) -> int:
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    for item in embed.get("fields") or ():
        texts += [item.get("name"), item.get("value")]
    return sum(len(text) for text in texts if isinstance(text, str))
