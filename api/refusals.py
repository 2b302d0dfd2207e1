"""What a request is refused with, as the status and the error object of OpenAI's API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from aiohttp import web

from api import replies
from api.store.submissions import DayQuotaUsed, GpuTimeUsed, IdempotencyKeyReused, NeverAllowed, SpeedRefused
from engine.contract import errors
from engine.contract.uploads import UploadRefused

NO_HEADERS: Mapping[str, str] = MappingProxyType({})
# The official clients ask again after 408, 409, 429 and 5xx, unless they are told not to.
NO_RETRY: Mapping[str, str] = MappingProxyType({"x-should-retry": "false"})
RETRY: Mapping[str, str] = MappingProxyType({"x-should-retry": "true"})

_PENDING_RETRY = timedelta(seconds=5)
_STORE_RETRY = timedelta(seconds=2)

_TYPES: Mapping[int, str] = MappingProxyType({401: "authentication_error", 403: "permission_error", 429: "rate_limit"})


class ApiRefused(errors.RequestError):
    """A request that is answered with `status` and an error: sentence, code, and the parameter that is at fault."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        super().__init__(status=status, code=code, param=param)
        self.status, self.message, self.code, self.param, self.headers = status, message, code, param, headers


def refusal_of(error: Exception) -> ApiRefused:
    """Return what a request is answered with that ended with this error, expected or not."""
    match error:
        case ApiRefused():
            return error
        case web.HTTPException():
            return ApiRefused(error.status, replies.HTTP.get(error.status, error.reason), headers=_kept(error))
        case DayQuotaUsed():
            return _quota_used(error)
        case GpuTimeUsed():
            return _time_used(error)
        case SpeedRefused():
            return _refused(400, error, code="invalid_prompt", param="prompt")
        case errors.TooManyPending():
            wait = {"Retry-After": str(_PENDING_RETRY.seconds)}
            return _refused(429, error, code="rate_limit_exceeded", headers=wait)
        case NeverAllowed():
            return _refused(400, error, code="invalid_value", param="n")
        case errors.MemberBanned():
            return _refused(403, error, code="banned", headers=NO_RETRY)
        case IdempotencyKeyReused():
            return _refused(400, error, code="idempotency_key_reused")
        case errors.ModelUnknown():
            return _refused(404, error, code="model_not_found", param="model")
        case errors.JobUnknown() | errors.PictureUnknown():
            return _refused(404, error, code="not_found")
        case errors.PromptRefused():
            return _refused(400, error, code="invalid_prompt", param="prompt")
        case UploadRefused():
            return _refused(400, error, code="invalid_image", param="image")
        case errors.RequestError():
            return _refused(400, error)
        case errors.StoreUnavailable():
            return _refused(503, error, code="unavailable", headers={"Retry-After": str(_STORE_RETRY.seconds)})
        case errors.EaselError():
            return _refused(500, error, code="server_error", headers=NO_RETRY)
        case _:
            return ApiRefused(500, replies.BROKEN, code="server_error", headers=NO_RETRY)


def refusal_of_cause(cause: Mapping[str, Any]) -> ApiRefused:
    """Return what a request is answered with whose job has failed, by the stored cause."""
    kind = getattr(errors, str(cause.get("error")), errors.OperatorError)
    status = 400 if issubclass(kind, errors.RequestError) else 500
    return ApiRefused(status, replies.sentence_of_cause(cause), code="job_failed", headers=NO_RETRY)


def error_object(refusal: ApiRefused) -> dict[str, Any]:
    """Return the error as OpenAI's API has it."""
    default = "server_error" if refusal.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
    return {
        "error": {
            "message": refusal.message,
            "type": _TYPES.get(refusal.status, default),
            "param": refusal.param,
            "code": refusal.code,
        }
    }


def answer_of(refusal: ApiRefused) -> web.Response:
    """Return the answer to a request that is refused."""
    return web.json_response(error_object(refusal), status=refusal.status, headers=refusal.headers)


def text_of(period: timedelta) -> str:
    """Return a period as OpenAI's headers have it, such as "1h2m3s"."""
    minutes, seconds = divmod(int(period.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return "".join([f"{hours}h" if hours else "", f"{minutes}m" if hours or minutes else "", f"{seconds}s"])


def _refused(
    status: int,
    error: errors.EaselError,
    *,
    code: str | None = None,
    param: str | None = None,
    headers: Mapping[str, str] = NO_HEADERS,
) -> ApiRefused:
    return ApiRefused(status, replies.sentence_of(error), code=code, param=param, headers=headers)


def _quota_used(error: DayQuotaUsed) -> ApiRefused:
    resets_in = error.facts["resets_in"]
    assert isinstance(resets_in, timedelta)
    headers = {**NO_RETRY, **rate_headers(int(str(error.facts["limit"])), int(str(error.facts["left"])), resets_in)}
    headers["Retry-After"] = str(int(resets_in.total_seconds()) + 1)
    return _refused(429, error, code="insufficient_quota", headers=headers)


def _time_used(error: GpuTimeUsed) -> ApiRefused:
    renewed_at = error.facts["renewed_at"]
    assert isinstance(renewed_at, datetime)
    wait = max(1, int((renewed_at - datetime.now(UTC)).total_seconds()) + 1)
    return _refused(429, error, code="insufficient_quota", headers={**NO_RETRY, "Retry-After": str(wait)})


def rate_headers(limit: int, left: int, resets_in: timedelta) -> dict[str, str]:
    """Return the headers that say how many jobs a key may still start, as OpenAI's API has them."""
    return {
        "x-ratelimit-limit-requests": str(limit),
        "x-ratelimit-remaining-requests": str(left),
        "x-ratelimit-reset-requests": text_of(resets_in),
    }


def _kept(error: web.HTTPException) -> Mapping[str, str]:
    return {"Allow": error.headers["Allow"]} if "Allow" in error.headers else NO_HEADERS
