"""What is answered, as the description of the API has it; OpenAI's shapes have a few fields of Easel's besides."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """The base of all."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ErrorDetail(Answer):
    """What is wrong and what to do, the kind of error, and the parameter at fault."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorAnswer(Answer):
    """A request that is refused or failed."""

    error: ErrorDetail


class ModelAnswer(Answer):
    """A model; `created` is 0, because Easel does not know when it was made."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "easel"


class ModelsAnswer(Answer):
    """The models of the server, the default first."""

    object: Literal["list"] = "list"
    data: list[ModelAnswer]


class ImageItem(Answer):
    """One picture, as base64 or as a link that is valid for an hour; `id` is that of /v1/pictures."""

    id: UUID
    seed: int
    b64_json: str | None = None
    url: str | None = None


class ImagesAnswer(Answer):
    """Pictures; `size` is the one that they have."""

    created: int
    background: Literal["opaque"] = "opaque"
    output_format: Literal["png", "jpeg", "webp"]
    quality: Literal["low", "medium", "high"]
    size: str
    data: list[ImageItem]


class PictureItem(Answer):
    """A picture of a job; `url` needs the key."""

    id: UUID
    slot: int
    width: int
    height: int
    seed: int
    url: str


class JobAnswer(Answer):
    """A job; times are seconds since 1970, `progress` is 0 to 1, `ahead` the jobs that are painted before it.

    film: where the file of a film is, which needs the key; its first frame is the one picture.
    """

    id: UUID
    object: Literal["job"] = "job"
    operation: str
    status: Literal["waiting", "running", "finished", "failed", "cancelled"]
    progress: float
    ahead: int | None
    prompt: str
    seed: int
    created_at: int
    started_at: int | None
    ended_at: int | None
    error: ErrorDetail | None
    pictures: list[PictureItem]
    film: str | None = None


def json_of(answer: Answer) -> dict[str, Any]:
    """Return the answer as JSON data; what is not set is left out where it may be."""
    return answer.model_dump(mode="json", exclude_unset=isinstance(answer, ImageItem))
