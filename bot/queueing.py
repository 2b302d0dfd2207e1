"""From a prompt, and pictures that come with it, to the message of its job, or of its series of jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

import discord

from bot import replies
from bot.answers import send_ephemeral, show_job, show_series, thinking
from bot.followup_replies import one_job_only
from bot.interaction_context import context_from_interaction, may_post
from bot.policy.visibility import visibility_of
from bot.prompts import specs_from_text
from bot.services import Services
from bot.store.interaction import InteractionContext
from bot.store.submissions import Draft, seed_of, submit_drafts
from bot.uploads import from_attachment, keys_of_images, name_of, take_uploads
from engine.contract.errors import PromptRefused
from engine.contract.jobs import TEXT_OPERATIONS, JobSpec, Operation, Visibility
from engine.contract.references import pictures_of
from engine.prompt import check_supported, picture_name

Attachments = Mapping[str, discord.Attachment]


async def queue_prompt(
    interaction: discord.Interaction,
    services: Services,
    prompt: str,
    options: Mapping[str, str | None],
    attachments: Attachments,
    *,
    operation: Operation = Operation.IMAGINE,
    visibility: Visibility = Visibility.PUBLIC,
) -> None:
    """Queue the jobs of the prompt, before whose words the attachments stand, and show them.

    options: of the command, by their names in the prompt language's table.
    operation: of the jobs; one whose result is text takes a prompt for one job.
    visibility: of jobs whose prompt does not say it. One message tells about all, so that they are private together.

    Raises: PromptRefused for a prompt or pictures that cannot be taken, TooManyPending, StoreUnavailable.
    """
    # The words are checked before any file is fetched.
    unnamed = dict.fromkeys(attachments, picture_name("0" * 64))
    specs: Sequence[JobSpec] = specs_from_text(services, prompt, unnamed, **options)
    _check(operation, specs, services)
    is_private = Visibility.PRIVATE in [visibility_of(spec, visibility) for spec in specs]
    visibility = Visibility.PRIVATE if is_private else Visibility.PUBLIC
    if not (is_private or may_post(interaction)):
        await send_ephemeral(interaction, replies.CHANNEL_CLOSED)
        return
    context = context_from_interaction(interaction)
    async with AsyncExitStack() as waiting:
        keys: Mapping[str, str] = {}
        if any(map(pictures_of, specs)):
            await waiting.enter_async_context(thinking(interaction, is_private=is_private))
            names, taken = await _take_attachments(services, context, attachments)
            specs = specs_from_text(services, prompt, names, **options)
            keys = await keys_of_images(services, context.discord_id, specs, prompt, taken)
        await _submit(interaction, services, context, [_draft(spec, keys, operation, visibility) for spec in specs])


def _check(operation: Operation, specs: Sequence[JobSpec], services: Services) -> None:
    if operation not in TEXT_OPERATIONS:
        return
    if len(specs) > 1:
        raise PromptRefused(message=one_job_only(len(specs)))
    check_supported(operation, specs[0], services.limits)


async def _take_attachments(
    services: Services, context: InteractionContext, attachments: Attachments
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the names of the stored attachments by their option, and their object keys by their name."""
    brought = [from_attachment(option, file) for option, file in attachments.items()]
    stored = await take_uploads(services, context.discord_id, brought) if brought else ()
    names = dict(zip(attachments, map(name_of, stored), strict=True))
    return names, {name_of(one): one.object_key for one in stored}


async def _submit(
    interaction: discord.Interaction, services: Services, context: InteractionContext, drafts: Sequence[Draft]
) -> None:
    submitted = await services.commit(
        context, lambda: submit_drafts(context, drafts, services.instance), num_jobs=len(drafts)
    )
    if not submitted:
        await send_ephemeral(interaction, replies.ALREADY_DONE)
        return
    if len(submitted) == 1:
        await show_job(interaction, services, submitted[0])
    else:
        await show_series(interaction, services, submitted)


def _draft(spec: JobSpec, keys: Mapping[str, str], operation: Operation, visibility: Visibility) -> Draft:
    image_keys = tuple(keys[image.url] for image in pictures_of(spec))
    return Draft(
        operation=operation,
        spec=spec,
        seed=seed_of(spec),
        image_keys=image_keys,
        visibility=visibility,
    )
