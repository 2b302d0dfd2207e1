"""The one door for pictures that members bring: fetched, checked, recorded as theirs and stored."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from types import MappingProxyType
from uuid import UUID

import discord
import structlog

from bot.language import Phrase
from bot.prompts import errors_text
from bot.replies.upload_replies import UNKNOWN_NAME, fault_sentences
from bot.services import Services
from bot.store.interaction import InteractionContext
from bot.store.moderation.barred import log_barred_upload
from bot.store.uploads import SUFFIX, find_own_keys, read_keys_by_name, record_uploads_of, upload_of
from engine.contract.errors import PictureBarred, PromptRefused
from engine.contract.jobs import JobSpec
from engine.contract.references import pictures_of
from engine.contract.uploads import StoredUpload, UploadFault, UploadRefused
from engine.prompt import Code, PromptError, PromptErrors, PromptSource, is_picture_name, picture_name, sentence
from engine.uploads.check import CheckedPicture, check_picture
from engine.uploads.fetch import FetchLimits, fetch

LIMITS = FetchLimits()

_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Brought:
    """A picture that a member brings, before it is fetched.

    address: where it is. size_bytes: of the file, 0 if that is not known.
    source, start, end: the text in which the member named it, and where in it.
    """

    address: str
    source: PromptSource
    start: int
    end: int
    size_bytes: int = 0


def from_attachment(option: str, attachment: discord.Attachment) -> Brought:
    """Return the file that a member gives for an option of a command."""
    source = PromptSource(text=attachment.filename, where=sentence(Code.IN_OPTION, name=option))
    return Brought(
        address=attachment.url, source=source, start=0, end=len(attachment.filename), size_bytes=attachment.size
    )


def from_link(address: str, text: str) -> Brought:
    """Return the picture at a link, which stands in a text that the member wrote."""
    start = max(0, text.find(address))
    end = start + len(address) if address in text else len(text)
    return Brought(address=address, source=PromptSource(text=text), start=start, end=end)


async def known_keys(services: Services, spec: JobSpec, job_id: UUID) -> Mapping[str, str]:
    """Return the object keys of the pictures in a job's prompt, by link or name; the spec may have some of them."""
    if not pictures_of(spec):
        return {}
    async with services.database.begin() as connection:
        return await read_keys_by_name(connection, job_id)


async def keys_of_images(
    services: Services,
    context: InteractionContext,
    specs: Sequence[JobSpec],
    text: str,
    known: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Return the object keys of the pictures in the specs' prompts, by their links or names; links are fetched.

    text: what the member wrote. known: keys of pictures that need not be found again.

    Raises: PromptRefused, with every picture that cannot be taken and why; StoreUnavailable.
    """
    urls = dict.fromkeys(picture.url for spec in specs for picture in pictures_of(spec))
    wanted = [url for url in urls if url not in known]
    names = [url for url in wanted if is_picture_name(url)]
    links = [url for url in wanted if url not in names]
    named = await _find_named(services, context.discord_id, names, text) if names else {}
    taken = await take_uploads(services, context, [from_link(url, text) for url in links]) if links else ()
    return {**known, **named, **{url: one.object_key for url, one in zip(links, taken, strict=True)}}


async def _find_named(services: Services, discord_id: int, names: Sequence[str], text: str) -> dict[str, str]:
    hashes = {name: name.partition(":")[2].lower() for name in names}
    async with services.database.begin() as connection:
        found = await find_own_keys(connection, discord_id, list(hashes.values()))
    if unknown := [name for name in names if hashes[name] not in found]:
        raise PromptRefused(message=_message([(from_link(name, text), UNKNOWN_NAME) for name in unknown]))
    return {name: found[hashes[name]] for name in names}


def name_of(upload: StoredUpload) -> str:
    """Return the name by which prompts have the picture."""
    return picture_name(PurePath(upload.object_key).stem)


async def take_uploads(
    services: Services, context: InteractionContext, brought: Sequence[Brought], *, min_side: int = 0
) -> tuple[StoredUpload, ...]:
    """Return the pictures, stored and recorded as the member's; all of them, or none is recorded.

    It takes as long as the slowest of their servers, up to 20 seconds: longer than Discord waits for an answer.

    min_side: of each, in pixels, where the smallest that is a picture is too small.

    Raises: PromptRefused, with every picture that cannot be taken and why; StoreUnavailable.
    """
    results = await asyncio.gather(*(_taken(services, context.discord_id, one, min_side) for one in brought))
    faults = [(one, result) for one, result in zip(brought, results, strict=True) if isinstance(result, UploadFault)]
    if UploadFault.BARRED in results:
        async with services.database.begin() as connection:
            await log_barred_upload(connection, context)
    if faults:
        told = [(one, fault_sentences(fault, min_side)) for one, fault in faults]
        raise PromptRefused(message=_message(told))
    pictures = [result for result in results if isinstance(result, CheckedPicture)]
    stored = tuple(upload_of(one.png, one.width, one.height) for one in pictures)
    async with services.database.begin() as connection:
        await record_uploads_of(connection, context, stored)
    await asyncio.gather(*(services.objects.put(one.png, SUFFIX) for one in pictures))
    return stored


async def _taken(services: Services, discord_id: int, brought: Brought, min_side: int) -> CheckedPicture | UploadFault:
    try:
        if brought.size_bytes > LIMITS.max_bytes:
            return UploadFault.TOO_LARGE
        data = await fetch(brought.address, origins=services.upload_origins, limits=LIMITS)
        # One at a time: the largest ones take half a gigabyte.
        async with services.checking:
            checked = await asyncio.to_thread(check_picture, data)
        if min(checked.width, checked.height) < min_side:
            return UploadFault.TOO_SMALL
        await services.barred.check([checked.png])
        return checked
    except UploadRefused as error:
        return error.fault
    except PictureBarred:
        _log.warning("barred_picture_brought", member=discord_id)
        return UploadFault.BARRED


def _message(refused: Sequence[tuple[Brought, tuple[str | Phrase, str | Phrase]]]) -> str:
    """Return what is wrong with each of the pictures, and what to do, with carets under its name."""
    errors = (
        PromptError(source=one.source, start=one.start, end=one.end, message=str(message), suggestion=str(suggestion))
        for one, (message, suggestion) in refused
    )
    return errors_text(PromptErrors(errors=tuple(errors)))
