"""The one door for pictures that members bring: fetched, checked, recorded as theirs and stored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.prompts import PHONE_COLUMNS
from bot.services import Services
from bot.store.uploads import SUFFIX, record_uploads_of, upload_of
from bot.upload_replies import fault_sentences
from engine.contract.errors import PromptRefused
from engine.contract.uploads import StoredUpload, UploadFault, UploadRefused
from engine.prompt import PromptError, PromptErrors, PromptSource, format_errors
from engine.uploads.check import CheckedPicture, check_picture
from engine.uploads.fetch import FetchLimits, fetch

LIMITS = FetchLimits()


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
    source = PromptSource(name=f"the option {option}", text=attachment.filename)
    return Brought(
        address=attachment.url, source=source, start=0, end=len(attachment.filename), size_bytes=attachment.size
    )


def from_link(address: str, text: str) -> Brought:
    """Return the picture at a link, which stands in a text that the member wrote."""
    start = max(0, text.find(address))
    end = start + len(address) if address in text else len(text)
    return Brought(address=address, source=PromptSource(name="prompt", text=text), start=start, end=end)


async def take_uploads(services: Services, discord_id: int, brought: Sequence[Brought]) -> tuple[StoredUpload, ...]:
    """Return the pictures, stored and recorded as the member's; all of them, or none is recorded.

    It takes as long as the slowest of their servers, up to 20 seconds: longer than Discord waits for an answer.

    Raises: PromptRefused, with every picture that cannot be taken and why; StoreUnavailable.
    """
    results = await asyncio.gather(*(_taken(services, one) for one in brought))
    faults = [(one, result) for one, result in zip(brought, results, strict=True) if isinstance(result, UploadFault)]
    if faults:
        raise PromptRefused(message=_message(faults))
    pictures = [result for result in results if isinstance(result, CheckedPicture)]
    stored = tuple(upload_of(one.png, one.width, one.height) for one in pictures)
    async with services.database.begin() as connection:
        await record_uploads_of(connection, discord_id, stored)
    await asyncio.gather(*(services.objects.put(one.png, SUFFIX) for one in pictures))
    return stored


async def _taken(services: Services, brought: Brought) -> CheckedPicture | UploadFault:
    try:
        if brought.size_bytes > LIMITS.max_bytes:
            return UploadFault.TOO_LARGE
        data = await fetch(brought.address, origins=services.upload_origins, limits=LIMITS)
        # One at a time: the largest ones take half a gigabyte.
        async with services.checking:
            return await asyncio.to_thread(check_picture, data)
    except UploadRefused as error:
        return error.fault


def _message(faults: Sequence[tuple[Brought, UploadFault]]) -> str:
    errors = []
    for brought, fault in faults:
        message, suggestion = fault_sentences(fault)
        errors.append(
            PromptError(
                source=brought.source, start=brought.start, end=brought.end, message=message, suggestion=suggestion
            )
        )
    return format_errors(PromptErrors(errors=tuple(errors)), width=PHONE_COLUMNS)
