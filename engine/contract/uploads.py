"""Pictures that members bring: what is stored of one, and what may be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.contract.errors import RequestError


class UploadFault(StrEnum):
    """Why a picture is not taken.

    Of its address: not_http, has_login (a user name in it), private (not on the public internet), unreachable,
    missing (the server answers that it has no such file), redirects (too many of them), slow, too_large (its file).
    Of its content: not_picture, animated, incomplete, too_many_pixels, too_small, barred (like one that must never
    appear).
    """

    NOT_HTTP = "not_http"
    HAS_LOGIN = "has_login"
    PRIVATE = "private"
    UNREACHABLE = "unreachable"
    MISSING = "missing"
    REDIRECTS = "redirects"
    SLOW = "slow"
    TOO_LARGE = "too_large"
    NOT_PICTURE = "not_picture"
    ANIMATED = "animated"
    INCOMPLETE = "incomplete"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    BARRED = "barred"


class UploadRefused(RequestError):
    """A picture that a member brings is not taken, because of `fault`."""

    def __init__(self, fault: UploadFault) -> None:
        super().__init__(fault=fault)
        self.fault = fault


@dataclass(frozen=True, kw_only=True)
class StoredUpload:
    """A picture that a member brought: the key of its file, and its size in pixels."""

    object_key: str
    width: int
    height: int
