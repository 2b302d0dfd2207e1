"""The pictures of jobs in the shapes of OpenAI's API: one answer, or events with partial pictures on the way."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal

from api.answers import ImageItem, ImagesAnswer
from api.bodies import VariationBody
from api.encoding import encoded, encoded_preview
from api.following import changes_of, finished, pictures_of
from api.links import signed_picture_path
from api.services import ApiCall
from api.store.own_jobs import read_signing_secret
from engine.contract.jobs import Job, Picture

# Easel counts no tokens; the clients' types want them to be there.
_USAGE: Mapping[str, Any] = {
    "input_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "output_tokens": 0,
    "total_tokens": 0,
}


class PaintedImages:
    """The pictures that a request is answered with."""

    def __init__(self, call: ApiCall, body: VariationBody, jobs: Sequence[Job]) -> None:
        self._call, self._body, self._jobs = call, body, jobs

    async def answer(self, ended: Sequence[Job]) -> ImagesAnswer:
        """Return all of them at once.

        Raises: ApiRefused, PictureCorrupt, StoreUnavailable.
        """
        pictures = await pictures_of(self._call.services, ended, self._body.n)
        return ImagesAnswer(
            created=int(ended[0].created_at.timestamp()),
            output_format=self._body.output_format,
            quality=self._quality(),
            size=f"{pictures[0].width}x{pictures[0].height}",
            data=[await self._item(picture) for picture in pictures],
        )

    async def events(self, kind: str) -> AsyncIterator[Mapping[str, Any]]:
        """Yield partial pictures as they come, then each picture; kind: what the types of the events begin with.

        Raises: as `answer`.
        """
        if self._body.partial_images:
            async for number, preview in self._partial():
                size = self._body.size
                yield self._event(f"{kind}.partial_image", size, preview) | {"partial_image_index": number}
        answer = await self.answer(await finished(self._call.services, self._jobs))
        for item in answer.data:
            shown = item.model_dump(mode="json", exclude_unset=True)
            yield {**self._event(f"{kind}.completed", answer.size, b""), **shown, "usage": _USAGE}

    async def _partial(self) -> AsyncIterator[tuple[int, bytes]]:
        """Yield previews of the first job at even distances, as many as are wanted, each with its number."""
        body, number = self._body, 0
        async for job, preview in changes_of(self._call.services, self._jobs[0].id):
            if number == body.partial_images or self._call.services.stop.is_set():
                return
            if preview is not None and job.progress * (body.partial_images + 1) >= number + 1:
                shown = await encoded_preview(preview, body.n, body.output_format, body.output_compression)
                yield number, await self._signed(shown)
                number += 1

    async def _signed(self, content: bytes) -> bytes:
        return await self._call.services.credentials.signed(content, f"image/{self._body.output_format}")

    def _event(self, kind: str, size: str, content: bytes) -> dict[str, Any]:
        return {
            "type": kind,
            "b64_json": b64encode(content).decode(),
            "created_at": int(self._jobs[0].created_at.timestamp()),
            "size": size,
            "quality": self._quality(),
            "background": "opaque",
            "output_format": self._body.output_format,
        }

    def _quality(self) -> Literal["low", "medium", "high"]:
        match self._body.quality:
            case "low":
                return "low"
            case "high" | "hd":
                return "high"
        return "medium"

    async def _item(self, picture: Picture) -> ImageItem:
        if self._body.response_format == "url":
            return ImageItem(id=picture.id, seed=picture.seed, url=await self._link(picture))
        png = await self._call.services.objects.get(picture.object_key)
        content = await self._signed(await encoded(png, self._body.output_format, self._body.output_compression))
        return ImageItem(id=picture.id, seed=picture.seed, b64_json=b64encode(content).decode())

    async def _link(self, picture: Picture) -> str:
        async with self._call.services.database.begin() as connection:
            secret = await read_signing_secret(connection, self._call.member_id)
        return self._call.address(signed_picture_path(secret or b"", picture.id))
