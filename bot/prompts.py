"""The prompts that members write, in a command or in a form, as specs of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from bot.language import said
from bot.policy.adapters import check_profile
from bot.policy.preferences import NO_PREFERENCES, MemberPreferences, prompt_defaults, without_settings_at
from bot.policy.profiles import asks_for_profile, usable_profile
from bot.presets import STYLE_PARAMETERS, style_name, with_style
from bot.replies.followup_replies import one_job_only
from bot.services import Services
from bot.store.adapters.using import read_usable
from bot.store.interaction import InteractionContext
from bot.store.learning.profiles import read_profile
from engine.contract.errors import PromptRefused
from engine.contract.jobs import JobSpec
from engine.contract.training import PROFILE
from engine.prompt import (
    Code,
    Origin,
    PromptDefaults,
    PromptError,
    PromptErrors,
    Specs,
    check_style,
    format_errors,
    option_of,
    parse,
    sentence,
)
from engine.prompt.checks.own_adapters import NONE_USABLE, Usable, bound, with_usable

PHONE_COLUMNS = 36
"""What a code block of Discord's app shows in a line on a phone. A longer line wraps, and so do its carets."""

PICTURE_ALONE = "this picture"
"""The prompt of a job that describes a picture: prompts have words. It is stored, so it is never translated."""

NO_FIELDS: Mapping[str, str] = MappingProxyType({})
NO_PICTURES: Mapping[str, str] = MappingProxyType({})


def specs_from_text(
    services: Services,
    prompt: str,
    pictures: Mapping[str, str] = NO_PICTURES,
    preferences: MemberPreferences = NO_PREFERENCES,
    usable: Usable = NONE_USABLE,
    /,
    **options: str | None,
) -> Specs:
    """Return the specs of the prompt's jobs; `options` as those of `parse`, without the ones that are empty.

    pictures: as those of `parse`. preferences: what the member wants where the prompt does not say otherwise. Settings
        that do not fit the prompt are left out, such as relaxed jobs where it asks for several.
    usable: adapters of members that the prompt may name.
    options: and `style`, the name of a preset or custom option.

    Raises: PromptRefused with every error in the prompt.
    """
    given, limits = _given(options), with_usable(services.limits, usable)
    style = style_name(given.pop("style", ""))
    defaults = prompt_defaults(preferences, services.defaults, limits)
    if style:
        _check_style(style, defaults)
        prompt = with_style(prompt, style)
    specs = parse(prompt, defaults, limits, command_options=given, pictures=pictures)
    while isinstance(specs, PromptErrors):
        fitting = without_settings_at(preferences, _places_in_suffix(specs), limits)
        if fitting == preferences:
            raise _refused(specs)
        preferences, defaults = fitting, prompt_defaults(fitting, services.defaults, limits)
        specs = parse(prompt, defaults, limits, command_options=given, pictures=pictures)
    return tuple(_bound(spec, services, usable) for spec in specs)


def one_spec_from_text(
    services: Services,
    prompt: str,
    fields: Mapping[str, str] = NO_FIELDS,
    usable: Usable = NONE_USABLE,
    /,
    **options: str | None,
) -> JobSpec:
    """Return the spec of a prompt that is for one job; `options` as in `specs_from_text`.

    fields: what members know the options by, where they filled in a form. usable: adapters that the prompt may name.

    Raises: PromptRefused with every error in the prompt, also when it is for several jobs.
    """
    specs = parse(prompt, services.defaults, with_usable(services.limits, usable), command_options=_given(options))
    if isinstance(specs, PromptErrors):
        raise _refused(PromptErrors(errors=tuple(_in_field(error, fields) for error in specs.errors)))
    if len(specs) > 1:
        raise PromptRefused(message=one_job_only(len(specs)))
    return _bound(specs[0], services, usable)


async def usable_adapters(services: Services, context: InteractionContext, *texts: str) -> Usable:
    """Return the adapters of members that texts of this member's may name; they are read only if a text names any.

    Raises: ProfileOff, ProfileUncounted, ProfileNeedsVotes where a text asks for a style that there is not yet.
    """
    named = await named_adapters(services, context, *texts)
    if not any(map(asks_for_profile, texts)):
        return named
    async with services.database.begin(limit=services.answer_margin) as connection:
        profile = await read_profile(connection, context.discord_id)
    return {**named, PROFILE: usable_profile(profile)}


async def named_adapters(services: Services, context: InteractionContext, *texts: str) -> Usable:
    """Return those of them that texts name themselves."""
    if not any("lora" in text.lower() or "lyco" in text.lower() for text in texts):
        return NONE_USABLE
    async with services.database.begin(limit=services.answer_margin) as connection:
        return await read_usable(connection, context.discord_id, context.guild_id)


def _bound(spec: JobSpec, services: Services, usable: Usable) -> JobSpec:
    check_profile(spec, services.limits, usable)
    return bound(spec, services.limits, usable)


def _given(options: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in options.items() if value}


def _check_style(style: str, defaults: PromptDefaults) -> None:
    known = {**defaults.options, **dict.fromkeys(STYLE_PARAMETERS)}
    if errors := check_style(style, known):
        raise _refused(errors)


def _places_in_suffix(errors: PromptErrors) -> list[int]:
    return [error.start for error in errors.errors if error.source.origin is Origin.SUFFIX]


def errors_text(errors: PromptErrors) -> str:
    """Return the errors as a code block has them, in the language of now."""
    return format_errors(errors, width=PHONE_COLUMNS, said=said)


def _refused(errors: PromptErrors) -> PromptRefused:
    return PromptRefused(message=errors_text(errors))


def _in_field(error: PromptError, fields: Mapping[str, str]) -> PromptError:
    """Return the error with the name of the form's field, if the faulty text was written in one."""
    field = fields.get(option_of(error.source))
    if field is None:
        return error
    return replace(error, source=replace(error.source, where=sentence(Code.IN_FIELD, name=field)))
