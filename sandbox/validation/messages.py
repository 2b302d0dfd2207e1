"""Validates the fields of a message form."""

from typing import Any

from sandbox.state.errors import ErrorCode, api_error
from sandbox.state.flags import MessageFlags
from sandbox.state.records import Json
from sandbox.validation.components import check_components
from sandbox.validation.embeds import check_embeds
from sandbox.validation.problems import Problems

MAX_CONTENT = 2000
MAX_ATTACHMENTS = 10
LEGACY_FIELDS = ("content", "embeds", "sticker_ids", "poll")


def check_message(payload: Json, *, flags: int, filenames: frozenset[str]) -> None:
    """Validate a form for a new or edited message.

    flags: the message's flags after the change. filenames: the valid targets of `attachment://`.
    Raises: ApiError 50035 with the error tree.
    """
    problems = Problems()
    problems.text(("content",), payload.get("content"), MAX_CONTENT)
    check_embeds(problems, payload.get("embeds"))
    v2 = bool(flags & MessageFlags.IS_COMPONENTS_V2)
    check_components(problems, payload.get("components"), v2=v2, filenames=filenames)
    if v2:
        _check_no_legacy_fields(problems, payload)
    _check_attachments(problems, payload.get("attachments"))
    _check_allowed_mentions(problems, payload.get("allowed_mentions") or {})
    _check_nonce(problems, payload.get("nonce"))
    problems.raise_if_any()


def check_not_empty(content: str, *parts: Any) -> None:
    """Raise ApiError 50006 for a message without text and without any of the other parts."""
    if not content.strip() and not any(parts):
        raise api_error(ErrorCode.EMPTY_MESSAGE)


def _check_no_legacy_fields(problems: Problems, payload: Json) -> None:
    for name in LEGACY_FIELDS:
        if payload.get(name):
            problems.add(
                (name,),
                "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
            )


def _check_attachments(problems: Problems, attachments: Any) -> None:
    for index, attachment in enumerate(problems.listing(("attachments",), attachments, MAX_ATTACHMENTS)):
        path = ("attachments", index)
        if not str(attachment.get("id", "")).isdecimal():
            problems.add((*path, "id"), "NUMBER_TYPE_COERCE", f'Value "{attachment.get("id")}" is not snowflake.')
        problems.text((*path, "description"), attachment.get("description"), 1024)
        problems.text((*path, "filename"), attachment.get("filename"), 1024)


def _check_allowed_mentions(problems: Problems, allowed: Any) -> None:
    for kind in ("users", "roles"):
        if kind in (allowed.get("parse") or ()) and allowed.get(kind):
            problems.add(
                ("allowed_mentions",),
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
            )


def _check_nonce(problems: Problems, nonce: Any) -> None:
    if isinstance(nonce, str):
        problems.text(("nonce",), nonce, 25)
