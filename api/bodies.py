"""What requests may ask for: the parameters of OpenAI's images API, and those of Easel's own jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from api import replies
from api.refusals import ApiRefused
from engine.contract.jobs import MAX_SEED

MAX_PICTURES = 10
"""The most pictures of one request, as in OpenAI's API."""

Format = Literal["png", "jpeg", "webp"]
Quality = Literal["auto", "low", "medium", "high", "standard", "hd"]


class RequestBody(BaseModel):
    """The base of all: unknown parameters are refused, because a misspelt one would have no effect."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class VariationBody(RequestBody):
    """How pictures are painted and returned.

    size: its shape counts; the model has sizes of its own. quality: how many steps are taken, of the model's default.
    user: whose request it is to the client; not stored.
    """

    model: str | None = Field(default=None, max_length=200)
    n: int = Field(default=1, ge=1, le=MAX_PICTURES)
    size: str = Field(default="auto", pattern=r"^(auto|[1-9][0-9]{1,4}x[1-9][0-9]{1,4})$")
    quality: Quality = "auto"
    background: Literal["auto", "opaque", "transparent"] = "auto"
    output_format: Format = "png"
    output_compression: int = Field(default=100, ge=0, le=100)
    response_format: Literal["b64_json", "url"] = "b64_json"
    stream: bool = False
    partial_images: int = Field(default=0, ge=0, le=3)
    user: str | None = Field(default=None, max_length=512)
    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)


class GenerationBody(VariationBody):
    """Pictures from a prompt, which may have the parameters of the prompt language."""

    prompt: str = Field(min_length=1)


class EditBody(GenerationBody):
    """Pictures from a prompt and pictures, which are files of the form."""


class JobBody(RequestBody):
    """A job as Easel has it: an operation on a prompt, or on a picture of the same key.

    picture: id of the one to start from. mask: a PNG in base64, transparent where the picture is painted anew.
    words: the same, named. strength: of a variation. factor, is_creative: of an upscale. motion: of a film.
    """

    operation: Literal["imagine", "vary", "inpaint", "upscale", "animate"] = "imagine"
    prompt: str | None = Field(default=None, min_length=1)
    picture: UUID | None = None
    strength: Literal["subtle", "strong"] = "strong"
    mask: str | None = None
    words: str | None = Field(default=None, min_length=1, max_length=200)
    factor: Literal[2, 4] = 2
    is_creative: bool = False
    motion: Literal["low", "high"] = "high"


Body = TypeVar("Body", bound=RequestBody)


def checked(kind: type[Body], given: Mapping[str, Any]) -> Body:
    """Return the body that was given; a parameter of null is as good as none.

    Raises: ApiRefused with a sentence on the first fault.
    """
    try:
        return kind.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False)) from error


def _refusal(faults: Sequence[ErrorDetails]) -> ApiRefused:
    fault = faults[0]
    name = ".".join(map(str, fault["loc"]))
    match fault["type"]:
        case "extra_forbidden":
            return ApiRefused(400, replies.unknown_parameter(name), code="unknown_parameter", param=name)
        case "missing":
            return ApiRefused(400, replies.missing_parameter(name), code="missing_required_parameter", param=name)
    return ApiRefused(400, replies.wrong_value(name, _rule(fault)), code="invalid_value", param=name)


def _rule(fault: ErrorDetails) -> str:
    context = fault.get("ctx", {})
    match fault["type"]:
        case "less_than_equal":
            return f"at most {context['le']}"
        case "greater_than_equal":
            return f"at least {context['ge']}"
        case "literal_error":
            return f"one of {context['expected']}"
        case "string_too_long":
            return f"at most {context['max_length']} characters long"
        case "string_too_short":
            return "given, and not empty"
        case "string_pattern_mismatch":
            return "`auto`, or width and height such as 1024x1024"
        case "string_type":
            return "text"
        case "int_parsing" | "int_type" | "int_from_float":
            return "a whole number"
        case "bool_parsing" | "bool_type":
            return "true or false"
    return f"valid ({fault['msg']})"
