"""The one table of addresses: who answers, what it takes and gives, and which scope it needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from api.answers import Answer, ImagesAnswer, JobAnswer, ModelAnswer, ModelsAnswer
from api.bodies import EditBody, GenerationBody, JobBody, RequestBody, VariationBody
from api.endpoints import images, jobs, models
from api.services import ApiCall
from engine.contract.api_keys import Scope

IMAGE = "image/png"
FILM = "image/webp"
EVENTS = "text/event-stream"

PICTURE_PATH = "/v1/pictures/{id}"
DESCRIPTION_PATH = "/openapi.json"


@dataclass(frozen=True, kw_only=True)
class ApiRoute:
    """An address.

    body: what is sent, as JSON; files: as a form with these files, if there are any. gives: by status, the shape of
    the answer, or the media type of one that is no JSON. streams: whether it can answer with events instead.
    answer: None for a picture, which is given to links without a key as well.
    """

    method: str
    path: str
    summary: str
    scope: Scope
    gives: Mapping[int, type[Answer] | str]
    answer: Callable[[ApiCall], Awaitable[web.StreamResponse]] | None
    body: type[RequestBody] | None = None
    files: tuple[str, ...] = ()
    streams: bool = False

    @property
    def name(self) -> str:
        """The method and the path, as metrics name the address."""
        return f"{self.method} {self.path}"


ROUTES = (
    ApiRoute(
        method="GET",
        path="/v1/models",
        summary="List the models",
        scope=Scope.MODELS,
        gives={200: ModelsAnswer},
        answer=models.list_models,
    ),
    ApiRoute(
        method="GET",
        path="/v1/models/{id}",
        summary="Show a model",
        scope=Scope.MODELS,
        gives={200: ModelAnswer},
        answer=models.show_model,
    ),
    ApiRoute(
        method="POST",
        path="/v1/images/generations",
        summary="Paint pictures from a prompt",
        scope=Scope.PAINT,
        gives={200: ImagesAnswer},
        answer=images.generate,
        body=GenerationBody,
        streams=True,
    ),
    ApiRoute(
        method="POST",
        path="/v1/images/edits",
        summary="Paint pictures from a prompt and pictures",
        scope=Scope.PAINT,
        gives={200: ImagesAnswer},
        answer=images.edit,
        body=EditBody,
        files=("image", "mask"),
        streams=True,
    ),
    ApiRoute(
        method="POST",
        path="/v1/images/variations",
        summary="Vary a picture that this key has painted",
        scope=Scope.PAINT,
        gives={200: ImagesAnswer},
        answer=images.vary,
        body=VariationBody,
        files=("image",),
        streams=True,
    ),
    ApiRoute(
        method="POST",
        path="/v1/jobs",
        summary="Start a job",
        scope=Scope.PAINT,
        gives={202: JobAnswer},
        answer=jobs.create_job,
        body=JobBody,
    ),
    ApiRoute(
        method="GET",
        path="/v1/jobs/{id}",
        summary="Show a job",
        scope=Scope.READ,
        gives={200: JobAnswer},
        answer=jobs.show_job,
    ),
    ApiRoute(
        method="POST",
        path="/v1/jobs/{id}/cancel",
        summary="Cancel a job",
        scope=Scope.PAINT,
        gives={200: JobAnswer},
        answer=jobs.cancel_job,
    ),
    ApiRoute(
        method="GET",
        path="/v1/jobs/{id}/events",
        summary="Follow a job to its end, as server-sent events",
        scope=Scope.READ,
        gives={200: EVENTS},
        answer=jobs.follow_job,
    ),
    ApiRoute(
        method="GET",
        path="/v1/jobs/{id}/film",
        summary="Get the file of a film",
        scope=Scope.READ,
        gives={200: FILM},
        answer=jobs.show_film,
    ),
    ApiRoute(
        method="GET",
        path=PICTURE_PATH,
        summary="Get the file of a picture",
        scope=Scope.READ,
        gives={200: IMAGE, 304: IMAGE},
        answer=None,
    ),
)


def route_names() -> tuple[str, ...]:
    """Return the method and path of every address, as metrics name them."""
    return tuple(route.name for route in ROUTES)
