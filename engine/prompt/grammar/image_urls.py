"""Extracts picture links and their weights from the words."""

from __future__ import annotations

import re
from typing import NamedTuple

from engine.contract.jobs import ImagePrompt
from engine.prompt.errors import Problem
from engine.prompt.sentences import Code, sentence

MAX_IMAGE_WEIGHT = 10_000.0

NAME_SIGN = "picture:"
"""What the name of a picture that a member has brought begins with; 16 hexadecimal digits of its hash follow."""

_NAME = r"picture:[0-9a-f]{16}"
_LINK = re.compile(
    rf"(?:(?<!\S)|(?<=::))<?(?P<url>{_NAME}(?=$|[\s<>,;]|::)[,;]*|"
    r"https?://\[(?P<number>[^\]\s<>]*)\](?:(?!::)[^\s<>])*|(?:https?|blob|ftp|file):(?!:)(?:(?!::)[^\s<>])+)>?"
    r"(?:::(?P<weight>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))?(?![\w.]))?",
    re.IGNORECASE,
)
_PICTURE = re.compile(
    r"https?://(?:[^\s<>\"\\{}/?#@]+@)?[^\s<>\"\\{}/?#@]+/[^\s<>\"\\{}?#]*\.(?:png|gif|webp|jpe?g)(?:[?#][^\s<>\"\\{}]*)?",
    re.IGNORECASE,
)
_NAMED = re.compile(_NAME, re.IGNORECASE)
_LINK_START = re.compile(r"<?(?:https?|blob|ftp|file):", re.IGNORECASE)
_TOUCHING = re.compile(r"https?://", re.IGNORECASE)
_TRAILING = ",;"


def is_picture_address(word: str) -> bool:
    """Return whether the word names a picture: an http link to a .png, .gif, .webp, .jpg or .jpeg file, or a name."""
    return is_picture_name(word) or ("::" not in word and bool(_PICTURE.fullmatch(word)))


def is_picture_name(word: str) -> bool:
    """Return whether the word is the name of a picture that a member has brought."""
    return bool(_NAMED.fullmatch(word))


def picture_name(sha256: str) -> str:
    """Return the name of a picture by which prompts have it, from the hash of its file."""
    return f"{NAME_SIGN}{sha256[:16]}"


def is_link(word: str) -> bool:
    """Return whether the word starts like a link."""
    return bool(_LINK_START.match(word))


class LocatedImage(NamedTuple):
    """A picture link and its span."""

    image: ImagePrompt
    start: int
    end: int


def extract_images(text: str) -> tuple[str, list[LocatedImage], list[Problem]]:
    """Return the text with its links blanked out, the pictures, and a problem for each link that is not a picture.

    The text keeps its length, so that positions in it stay valid.
    """
    if ":" not in text:
        return text, [], []
    images: list[LocatedImage] = []
    problems: list[Problem] = []
    left, kept = [], 0
    for match in _LINK.finditer(text):
        left += [text[kept : match.start()], " " * (match.end() - match.start())]
        kept = match.end()
        image = _image(match)
        if isinstance(image, Problem):
            problems.append(image)
        else:
            images.append(LocatedImage(image, *match.span("url")))
    rest = "".join([*left, text[kept:]])
    told = sentence(Code.LINK_TOUCHES), sentence(Code.MOVE_LINK_APART)
    return rest, images, [*problems, *(Problem(*match.span(), *told) for match in _TOUCHING.finditer(rest))]


def _image(match: re.Match[str]) -> ImagePrompt | Problem:
    start, end = match.span("url")
    url = match["url"].rstrip(_TRAILING)
    if url.lower().startswith("blob:"):
        return Problem(start, end, sentence(Code.BLOB_LINK), _UPLOAD)
    if not url.lower().startswith(("http", NAME_SIGN)):
        return Problem(start, end, sentence(Code.NO_WEB_LINK), _UPLOAD)
    if match["number"] is not None:
        return Problem(start, end, sentence(Code.NUMBERED_LINK), sentence(Code.NAME_SERVER))
    if not is_picture_address(url):
        return Problem(start, end, sentence(Code.NO_PICTURE_LINK), _UPLOAD)
    weight = float(match["weight"]) if match["weight"] else 1.0
    if not 0 < weight <= MAX_IMAGE_WEIGHT:
        message = sentence(Code.PICTURE_WEIGHT, limit=f"{MAX_IMAGE_WEIGHT:g}")
        return Problem(*match.span("weight"), message, sentence(Code.EXCLUDE_WITH_NO))
    return ImagePrompt(url=url, weight=weight)


_UPLOAD = sentence(Code.UPLOAD)
