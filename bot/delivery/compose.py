"""The content of a delivery's message: its card, with the picture, preview, grid or none."""

from __future__ import annotations

import re
from dataclasses import replace

from bot import replies
from bot.cards import Buttons, Card, CardKind, job_card, picture_card, rows_of, suggestions_card, with_note
from bot.delivery.attachments import MAX_BYTES, ImageFile, fit
from bot.delivery.discord_messages import MessageContent, message_link
from bot.policy.pictures import Showing
from bot.replies import gallery_replies, private_replies, queue_replies, training_replies, withheld_replies
from bot.replies.alt_replies import alt_of
from bot.replies.operation_replies import job_subject
from bot.replies.suggestion_replies import suggestions_text
from bot.store.deliveries import Delivery
from bot.store.gallery.posts import GalleryPost
from bot.store.job_status import JobDetails
from bot.store.tables import DeliveryForm
from engine.content_credentials import UNSIGNED, ContentCredentials
from engine.contract.errors import PictureCorrupt, StorageFull, StoreUnavailable
from engine.contract.jobs import FINAL, TEXT_OPERATIONS, Job, JobStatus, Operation, Picture, Visibility
from engine.contract.suggestions import Suggestions, suggestions_from_text
from engine.prompt import Limits, notes_on
from engine.prompt.checks.followups import impossible_extensions, possible_operations
from engine.store.objects import Objects

_MAX_SLUG = 40


async def compose(
    delivery: Delivery,
    details: JobDetails,
    objects: Objects,
    limits: Limits,
    buttons: Buttons,
    *,
    max_bytes: int = MAX_BYTES,
    is_paused: bool = False,
    showing: Showing = Showing.SHOW,
    credentials: ContentCredentials = UNSIGNED,
) -> MessageContent:
    """Return what the delivery's message shows, with a picture of at most `max_bytes`.

    limits: the current ones; buttons that they would refuse are left out. is_paused: whether engines take no jobs.
    showing: how the pictures are shown there; a preview is, only if it needs no spoiler. credentials: what they are
    signed with.

    While the picture store cannot be used, the message says so instead of showing the picture.
    """
    if details.job.status is JobStatus.FINISHED and details.job.operation in TEXT_OPERATIONS:
        return await _suggestions(delivery, details, objects, buttons)
    if details.job.status is JobStatus.FINISHED and details.job.operation is Operation.TRAIN:
        return _trained(delivery, details.job)
    if details.job.status is JobStatus.FINISHED and showing is Showing.WITHHOLD:
        return _withheld(delivery, details, buttons)
    blocked = _blocked(details, objects, is_paused)
    card = _card(delivery, details, limits, buttons, blocked)
    note, attachment, lacks_picture = None, None, False
    try:
        is_hidden = details.job.status is not JobStatus.FINISHED and showing is not Showing.SHOW
        attachment = None if is_hidden else await _picture(details, objects)
    except PictureCorrupt:
        note = replies.PICTURE_LOST
    except StoreUnavailable:
        note, lacks_picture = replies.PICTURE_KEPT, True
    if attachment:
        attachment = await fit(attachment, max_bytes=max_bytes, credentials=credentials)
        note = None if attachment else replies.PICTURE_TOO_LARGE
    if attachment and showing is Showing.SPOILER:
        attachment = replace(attachment, is_spoiler=True)
    return MessageContent(
        card=with_note(card, str(note)) if note else card,
        attachment=attachment,
        name=file_name(details.job, _still(details)),
        alt=alt_of(details.job, _still(details)),
        clears_attachment=details.job.status is not JobStatus.RUNNING,
        is_last=details.job.status in FINAL and not lacks_picture,
        lacks_picture=lacks_picture,
    )


def _withheld(delivery: Delivery, details: JobDetails, buttons: Buttons) -> MessageContent:
    """Return the message that says that the result is not shown there; its owner reads why, and can appeal."""
    slot = details.picture.slot if details.picture else None
    rows = rows_of(buttons, CardKind.WITHHELD, details.job, slot)
    return MessageContent(
        card=Card(content=withheld_replies.withheld(delivery.discord_id), rows=rows),
        attachment=None,
        name=file_name(details.job, details.picture),
        clears_attachment=True,
        is_last=True,
    )


async def _suggestions(delivery: Delivery, details: JobDetails, objects: Objects, buttons: Buttons) -> MessageContent:
    """Return the message of a job whose result is text; while that cannot be read, it says so."""
    job, who, suggestions, note = details.job, delivery.discord_id, Suggestions(prompts=()), None
    try:
        suggestions = suggestions_from_text((await objects.get(job.grid_key or "")).decode())
    except PictureCorrupt:
        note = replies.PICTURE_LOST
    except StoreUnavailable:
        note = replies.PICTURE_KEPT
    text = note or suggestions_text(suggestions)
    waits = note == replies.PICTURE_KEPT
    return MessageContent(
        card=suggestions_card(job, who, buttons, str(text), len(suggestions.prompts)),
        attachment=None,
        name=file_name(job, None),
        alt="",
        clears_attachment=True,
        is_last=not waits,
        lacks_picture=waits,
    )


def _trained(delivery: Delivery, job: Job) -> MessageContent:
    return MessageContent(
        card=Card(content=training_replies.trained(job, delivery.discord_id)),
        attachment=None,
        name=file_name(job, None),
        alt="",
        clears_attachment=True,
        is_last=True,
    )


def _blocked(details: JobDetails, objects: Objects, is_paused: bool) -> str | None:
    """Return the state of a job that waits for the picture store or the end of a pause; None if it does not."""
    is_painted = details.job.status is JobStatus.RUNNING and details.job.progress == 1
    is_waiting = details.job.status is JobStatus.WAITING
    if is_waiting and is_paused:
        return str(queue_replies.PAUSED)
    if objects.problem is None or not (is_painted or is_waiting):
        return None
    return queue_replies.blocked(details.job, isinstance(objects.problem, StorageFull))


def _card(delivery: Delivery, details: JobDetails, limits: Limits, buttons: Buttons, state: str | None) -> Card:
    job, who = details.job, delivery.discord_id
    operations = possible_operations(limits, job)
    if details.picture:
        recipe = details.picture.recipe
        without = impossible_extensions(limits, job)
        card = picture_card(
            job, who, details.picture.slot, buttons, operations=operations, without=without, recipe=recipe
        )
    else:
        card = job_card(
            job,
            who,
            buttons,
            num_ahead=details.num_ahead,
            wait=details.wait,
            operations=operations,
            state=state or training_replies.state(job),
            notes=notes_on(job.spec, limits, job.operation),
        )
    if details.post:
        return _post_card(delivery, job, details.post, card)
    # A grid that answers the message of its series leaves it to that to tell that it was moved.
    if delivery.moved_from is None or delivery.reply_to is not None:
        return with_private_note(card, job, delivery)
    return with_note(card, moved_note(delivery, job.visibility))


def with_private_note(card: Card, job: Job, delivery: Delivery) -> Card:
    """Return the card, while the job is not over with how its result lasts if the member alone sees it here."""
    is_told = delivery.form is DeliveryForm.EPHEMERAL and job.status not in FINAL
    return with_note(card, private_replies.ONLY_YOU.format()) if is_told else card


def moved_note(delivery: Delivery, visibility: Visibility) -> str:
    """Return why a delivery that was moved is in the direct messages."""
    assert delivery.moved_from is not None
    if visibility is Visibility.PRIVATE:
        return private_replies.moved_from(delivery.moved_from)
    return replies.moved_from(delivery.moved_from)


def _post_card(delivery: Delivery, job: Job, post: GalleryPost, card: Card) -> Card:
    """Return the card as a gallery channel has it: whose it is as the guild likes, and where it comes from."""
    original = post.original
    link = message_link(original, original.guild_id) if original and original.message_id else None
    author = delivery.discord_id if post.names_author else None
    return Card(content=gallery_replies.posted(job_subject(job), author, link), rows=card.rows)


def _still(details: JobDetails) -> Picture | None:
    """Return the picture that the message shows by itself; a film is shown in place of its first frame."""
    return None if details.job.operation is Operation.ANIMATE else details.picture


async def _picture(details: JobDetails, objects: Objects) -> ImageFile | None:
    if still := _still(details):
        return ImageFile(data=await objects.get(still.object_key), media_type="image/png")
    if details.job.grid_key and details.job.grid_type:
        return ImageFile(data=await objects.get(details.job.grid_key), media_type=details.job.grid_type)
    return ImageFile(data=details.preview, media_type="image/jpeg") if details.preview else None


def file_name(job: Job, picture: Picture | None) -> str:
    """Return the name of the job's file or of that of one of its pictures, without extension: ASCII without spaces."""
    slug = re.sub(r"[^a-z0-9]+", "_", job.spec.prompt.lower())[:_MAX_SLUG].strip("_") or "picture"
    number = f"_{picture.slot + 1}" if picture else ""
    return f"{slug}{number}_{job.id}"
