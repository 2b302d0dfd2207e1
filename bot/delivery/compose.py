"""What a delivery's message shows at this moment: the card with its picture, preview, grid or none."""

from __future__ import annotations

import re

from bot import replies
from bot.cards import Buttons, Card, job_card, picture_card, with_note
from bot.delivery.attachments import MAX_BYTES, Attachment, fit
from bot.delivery.discord_messages import Showing
from bot.store.deliveries import Delivery
from bot.store.job_status import Scene
from engine.contract.errors import PictureCorrupt
from engine.contract.jobs import FINAL, Job, JobStatus, Picture
from engine.prompt import Limits
from engine.prompt.checks.followups import possible_operations
from engine.store.objects import Objects

_MAX_SLUG = 40


async def compose(
    delivery: Delivery, scene: Scene, objects: Objects, limits: Limits, buttons: Buttons, *, max_bytes: int = MAX_BYTES
) -> Showing:
    """Return what the delivery's message shows, with a picture of at most `max_bytes`.

    limits: of the service as it is now; a button that they could only refuse is not shown.

    Raises: StoreUnavailable when the picture cannot be fetched just now.
    """
    card = _card(delivery, scene, limits, buttons)
    note, attachment = None, None
    try:
        attachment = await _picture(scene, objects)
    except PictureCorrupt:
        note = replies.PICTURE_LOST
    if attachment:
        attachment = await fit(attachment, max_bytes=max_bytes)
        note = None if attachment else replies.PICTURE_TOO_LARGE
    return Showing(
        card=with_note(card, note) if note else card,
        attachment=attachment,
        name=_name(scene.job, scene.picture),
        bare=scene.job.status is not JobStatus.RUNNING,
        is_last=scene.job.status in FINAL,
    )


def _card(delivery: Delivery, scene: Scene, limits: Limits, buttons: Buttons) -> Card:
    job, who = scene.job, delivery.discord_id
    operations = possible_operations(limits, job.spec)
    if scene.picture:
        card = picture_card(job, who, scene.picture.slot, buttons, operations=operations)
    else:
        card = job_card(job, who, buttons, num_ahead=scene.num_ahead or 0, wait=scene.wait, operations=operations)
    return with_note(card, replies.moved_from(delivery.moved_from)) if delivery.moved_from else card


async def _picture(scene: Scene, objects: Objects) -> Attachment | None:
    if scene.picture:
        return Attachment(data=await objects.get(scene.picture.object_key), media_type="image/png")
    if scene.job.grid_key and scene.job.grid_type:
        return Attachment(data=await objects.get(scene.job.grid_key), media_type=scene.job.grid_type)
    return Attachment(data=scene.preview, media_type="image/jpeg") if scene.preview else None


def _name(job: Job, picture: Picture | None) -> str:
    slug = re.sub(r"[^a-z0-9]+", "_", job.spec.prompt.lower())[:_MAX_SLUG].strip("_") or "picture"
    number = f"_{picture.slot + 1}" if picture else ""
    return f"{slug}{number}_{job.id}"
