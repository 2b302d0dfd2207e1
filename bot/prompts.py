"""The prompts that members write, in a command or in a form, as specs of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.followup_replies import one_job_only
from bot.services import Services
from engine.contract.errors import PromptRefused
from engine.contract.jobs import JobSpec
from engine.prompt import PromptErrors, Specs, format_errors, parse

PHONE_COLUMNS = 36
"""What a code block of Discord's app shows in a line on a phone. A longer line wraps, and so do its carets."""


NO_PICTURES: Mapping[str, str] = MappingProxyType({})


def specs_from_text(
    services: Services, prompt: str, pictures: Mapping[str, str] = NO_PICTURES, /, **options: str | None
) -> Specs:
    """Return the specs of the prompt's jobs; `options` as those of `parse`, without the ones that are empty.

    pictures: as those of `parse`.

    Raises: PromptRefused with every error in the prompt.
    """
    given = {name: value for name, value in options.items() if value}
    specs = parse(prompt, services.defaults, services.limits, command_options=given, pictures=pictures)
    if isinstance(specs, PromptErrors):
        raise PromptRefused(message=format_errors(specs, width=PHONE_COLUMNS))
    return specs


def one_spec_from_text(services: Services, prompt: str, **options: str | None) -> JobSpec:
    """Return the spec of a prompt that is for one job; `options` as in `specs_from_text`.

    Raises: PromptRefused with every error in the prompt, also when it is for several jobs.
    """
    specs = specs_from_text(services, prompt, **options)
    if len(specs) > 1:
        raise PromptRefused(message=one_job_only(len(specs)))
    return specs[0]
