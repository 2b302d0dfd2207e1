"""From a prompt, and pictures that come with it, to the message of its job, or of its series of jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import discord

from bot import replies
from bot.answers import refuse, send_ephemeral, while_thinking
from bot.cards import Card
from bot.interaction_context import context_from_interaction, may_post
from bot.job_answers import show_job, show_series
from bot.policy.preferences import NO_PREFERENCES, MemberPreferences, PreferencesChanged
from bot.policy.visibility import visibility_for, visibility_of
from bot.prompts import specs_from_text, usable_adapters
from bot.replies.followup_replies import one_job_only
from bot.replies.suggestion_replies import NO_OWN_WORDS
from bot.result_links import check_seen, with_job_ids
from bot.services import Services
from bot.store.interaction import InteractionContext
from bot.store.submissions import Draft, seed_of, submit_drafts
from bot.uploads import from_attachment, keys_of_images, name_of, take_uploads
from engine.contract.errors import PromptRefused
from engine.contract.jobs import TEXT_OPERATIONS, JobSpec, Operation, Visibility
from engine.contract.references import pictures_of
from engine.prompt import check_supported, picture_name
from engine.prompt.checks.followups import animated_spec
from engine.prompt.checks.own_adapters import Usable

Attachments = Mapping[str, discord.Attachment]


@dataclass(frozen=True, kw_only=True)
class PromptRequest:
    """What a command asks for.

    options: of the command, by their names in the prompt language's table.
    attachments: pictures that stand before the prompt's words.
    operation: of the jobs; one whose result is text takes a prompt for one job.
    visibility: of jobs whose prompt does not say it. One message tells about all, so that they are private together.
    """

    prompt: str
    options: Mapping[str, str | None]
    attachments: Attachments
    operation: Operation
    visibility: Visibility


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
    """Queue the jobs of the prompt, with what the member prefers, and show them.

    The arguments are those of a `PromptRequest`.

    Raises: PromptRefused for a prompt or pictures that cannot be taken, TooManyPending, StoreUnavailable.
    """
    asked = PromptRequest(
        prompt=prompt, options=options, attachments=attachments, operation=operation, visibility=visibility
    )
    preferences = await _preferences_for(interaction, services)
    try:
        await _queue(interaction, services, asked, preferences)
    except (PromptRefused, PreferencesChanged):
        # Another bot process may have changed them: what was read with the old ones is read again.
        if interaction.response.is_done():
            raise
        now = await _read_preferences(interaction, services)
        if now == preferences:
            raise
        await _queue(interaction, services, asked, now)


async def _preferences_for(interaction: discord.Interaction, services: Services) -> MemberPreferences:
    """Return what the member prefers, as last read."""
    known = services.preferences.of(interaction.user.id)
    return await _read_preferences(interaction, services) if known is None else known


async def _read_preferences(interaction: discord.Interaction, services: Services) -> MemberPreferences:
    discord_id = interaction.user.id
    preferences = await services.preference_reads.read(discord_id)
    services.preferences.remember(discord_id, preferences)
    return preferences


async def _queue(
    interaction: discord.Interaction, services: Services, asked: PromptRequest, preferences: MemberPreferences
) -> None:
    # The words are checked before any file is fetched.
    unnamed = dict.fromkeys(asked.attachments, picture_name("0" * 64))
    # What is said of a text takes no settings of pictures, but who may see it.
    applied = NO_PREFERENCES if asked.operation in TEXT_OPERATIONS else preferences
    otherwise = visibility_for(preferences, asked.visibility)
    context = context_from_interaction(interaction)
    asked = replace(asked, prompt=await with_job_ids(services, context, asked.prompt))
    usable = await usable_adapters(services, context, asked.prompt, applied.suffix, *applied.options.values())
    specs = _specs(services, asked, unnamed, applied, usable)
    _check(asked.operation, specs, services)
    await check_seen(interaction, services, context, specs)
    is_private = Visibility.PRIVATE in [visibility_of(spec, otherwise) for spec in specs]
    visibility = Visibility.PRIVATE if is_private else Visibility.PUBLIC
    if not (is_private or may_post(interaction)):
        await send_ephemeral(interaction, replies.CHANNEL_CLOSED)
        return
    keys: Mapping[str, str] = {}
    if any(map(pictures_of, specs)):
        taking = _take_pictures(services, context, asked, applied, usable)
        specs, keys = await while_thinking(interaction, taking, is_private=is_private)
    drafts = [_draft(spec, keys, asked.operation, visibility) for spec in specs]
    await _submit(interaction, services, context, drafts, preferences)


def _specs(
    services: Services,
    asked: PromptRequest,
    names: Mapping[str, str],
    preferences: MemberPreferences,
    usable: Usable,
) -> Sequence[JobSpec]:
    """Return the specs of the prompt; a film of a picture has the model that makes such films, if there is one."""
    specs = specs_from_text(services, asked.prompt, names, preferences, usable, **asked.options)
    return [animated_spec(services.limits, asked.operation, spec) if spec.images else spec for spec in specs]


def _check(operation: Operation, specs: Sequence[JobSpec], services: Services) -> None:
    if operation in TEXT_OPERATIONS and len(specs) > 1:
        raise PromptRefused(message=one_job_only(len(specs)))
    if operation is not Operation.IMAGINE and any("between" in spec.parameters for spec in specs):
        raise PromptRefused(message=str(NO_OWN_WORDS))
    for spec in specs:
        check_supported(operation, spec, services.limits)


async def _take_pictures(
    services: Services,
    context: InteractionContext,
    asked: PromptRequest,
    preferences: MemberPreferences,
    usable: Usable,
) -> tuple[Sequence[JobSpec], Mapping[str, str]]:
    """Return the specs with the names of the attachments, and the object keys of all pictures in them."""
    names, taken = await _take_attachments(services, context, asked.attachments)
    specs = _specs(services, asked, names, preferences, usable)
    return specs, await keys_of_images(services, context, specs, asked.prompt, taken)


async def _take_attachments(
    services: Services, context: InteractionContext, attachments: Attachments
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the names of the stored attachments by their option, and their object keys by their name."""
    brought = [from_attachment(option, file) for option, file in attachments.items()]
    stored = await take_uploads(services, context, brought) if brought else ()
    names = dict(zip(attachments, map(name_of, stored), strict=True))
    return names, {name_of(one): one.object_key for one in stored}


async def _submit(
    interaction: discord.Interaction,
    services: Services,
    context: InteractionContext,
    drafts: Sequence[Draft],
    preferences: MemberPreferences,
) -> None:
    submitted = await services.commit(
        context, lambda: submit_drafts(context, drafts, services.instance, preferences), num_jobs=len(drafts)
    )
    if not submitted:
        await refuse(interaction, Card(content=str(replies.ALREADY_DONE)))
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
