"""Original picture files for one member: read from the store, and sent to their direct messages."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence

import discord

from bot.delivery.attachments import ImageFile, fit
from bot.delivery.compose import file_name
from bot.delivery.discord_messages import NO_MENTIONS, open_dm_channel
from bot.delivery.outcomes import SendOutcome, Sent, outcome_of
from bot.replies.alt_replies import alt_of
from engine.content_credentials import ContentCredentials
from engine.contract.errors import PictureCorrupt
from engine.contract.jobs import Job, Operation, Picture
from engine.store.objects import Objects

_NONCE_LENGTH = 25


async def original_files(
    objects: Objects,
    job: Job,
    pictures: Sequence[Picture],
    credentials: ContentCredentials,
    *,
    is_spoiler: bool = False,
) -> list[discord.File]:
    """Return the pictures' files, byte for byte but for what is signed; one that Discord does not take is made smaller.

    Of a film, its own file is the first.

    credentials: what they are signed with. is_spoiler: whether they are seen after a click alone.

    Raises: PictureCorrupt, StoreUnavailable.
    """
    files = []
    if job.operation is Operation.ANIMATE and job.grid_key and job.grid_type:
        files.append(await _film_file(objects, job, credentials, is_spoiler=is_spoiler))
    for picture in pictures:
        stored = ImageFile(data=await objects.get(picture.object_key), media_type="image/png")
        file = await fit(stored, credentials=credentials)
        if file is None:
            raise PictureCorrupt(key=picture.object_key)
        alt = alt_of(job, picture)
        name = f"{file_name(job, picture)}.{file.extension}"
        files.append(discord.File(io.BytesIO(file.data), name, spoiler=is_spoiler, description=alt))
    return files


async def _film_file(objects: Objects, job: Job, credentials: ContentCredentials, *, is_spoiler: bool) -> discord.File:
    stored = ImageFile(data=await objects.get(job.grid_key or ""), media_type=job.grid_type or "")
    film = await fit(stored, credentials=credentials) or stored
    name = f"{file_name(job, None)}.{film.extension}"
    return discord.File(io.BytesIO(film.data), name, spoiler=is_spoiler, description=alt_of(job, None))


async def send_privately(
    client: discord.Client, discord_id: int, text: str, files: Sequence[discord.File]
) -> SendOutcome:
    """Send the files to the user's direct messages.

    For a few minutes Discord ignores the same files a second time, so that two quick presses send them once.
    """
    channel_id = await open_dm_channel(client, discord_id)
    if not isinstance(channel_id, int):
        return channel_id
    names = ",".join(file.filename for file in files)
    nonce = hashlib.sha256(f"{discord_id} {names}".encode()).hexdigest()[:_NONCE_LENGTH]

    async def send() -> SendOutcome:
        channel = client.get_partial_messageable(channel_id)
        message = await channel.send(text, files=list(files), nonce=nonce, allowed_mentions=NO_MENTIONS)
        return Sent(message_id=message.id)

    outcome = await outcome_of(send)
    for file in files:
        file.reset()
    return outcome
