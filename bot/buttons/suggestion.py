"""1 to 5 under suggested prompts: paints one of them."""

from __future__ import annotations

from dataclasses import replace

import discord

from bot.buttons.base import JobButton, reworded, start
from bot.cards import ButtonFace, CardKind
from bot.custom_ids import ONE_TO_FIVE
from bot.prompts import one_spec_from_text
from bot.services import Services
from bot.store.button_actions import read_pressed_job
from bot.store.followups import FollowUp
from bot.store.interaction import InteractionContext
from bot.uploads import known_keys
from engine.contract.errors import PictureUnknown
from engine.contract.feedback import Verb
from engine.contract.jobs import Job, JobSpec, Operation
from engine.contract.suggestions import MAX_SUGGESTIONS, suggestions_from_text
from engine.prompt import render
from engine.prompt.checks.followups import with_both_ends


class SuggestionButton(JobButton, verb="suggestion", index=ONE_TO_FIVE):
    """Starts the job of the prompt that its index names; a shortened one keeps its parameters and pictures."""

    rows = {CardKind.SUGGESTIONS: 0}

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return a button for each prompt that there may be."""
        return tuple(cls.face(job.id, number, label=f"{number}") for number in range(1, MAX_SUGGESTIONS + 1))

    @classmethod
    def operation_of(cls, job: Job) -> Operation:
        """Return the operation of the job that follows."""
        return Operation.IMAGINE

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store the job and show it."""
        job = await services.commit(context, lambda: read_pressed_job(context, self.button.job_id))
        spec = await _suggested(services, job, self.slot())
        keys = await known_keys(services, spec, job.id)
        follow_up = FollowUp(
            verb=Verb.IMAGINE,
            job_id=job.id,
            slot=None,
            operation_of=lambda job: Operation.IMAGINE,
            renew_spec=lambda operation, old: old,
            variation=f"{self.button.index}",
        )
        await start(interaction, services, context, reworded(follow_up, services.limits, spec, keys))


async def _suggested(services: Services, job: Job, place: int) -> JobSpec:
    """Return the spec of a suggested prompt; `place` counts from 0.

    Raises: PictureUnknown when there is none, PromptRefused, PictureCorrupt, StoreUnavailable.
    """
    text = "" if job.grid_key is None else (await services.objects.get(job.grid_key)).decode()
    prompts = suggestions_from_text(text).prompts if text else ()
    if place >= len(prompts):
        raise PictureUnknown(job_id=job.id)
    spec = one_spec_from_text(services, prompts[place])
    if job.operation is not Operation.SHORTEN:
        return spec
    parameters = {**job.spec.parameters, **spec.parameters}
    kept = replace(spec, images=job.spec.images, parameters=parameters, adapters=job.spec.adapters)
    return with_both_ends(replace(kept, prompt=render(kept)))
