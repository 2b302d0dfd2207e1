"""Jobs that paint a region of a picture anew, however the region was chosen."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from uuid import UUID

from bot.buttons.base import reworded
from bot.prompts import NO_FIELDS, one_spec_from_text, usable_adapters
from bot.services import Services
from bot.store.followups import FollowUp, start_follow_up
from bot.store.mask_pages import MaskPage
from bot.store.submissions import SubmittedJob
from bot.uploads import keys_of_images, known_keys
from engine.contract.edits import Edit, Mask, whole_canvas
from engine.contract.feedback import Verb
from engine.contract.jobs import Job, Operation, Picture
from engine.mask_file import MaskFile
from engine.prompt.checks.canvases import checked_canvas
from engine.prompt.checks.followups import followup_spec

_WHOLLY_NEW = 1.0
"""The strength of a region: as the rest of the picture holds it in place, it may leave its source entirely."""


def region_follow_up(
    services: Services,
    job_id: UUID,
    slot: int,
    *,
    cells: frozenset[int] = frozenset(),
    mask: Mask | None = None,
    words: str | None = None,
) -> FollowUp:
    """Return what starts a job that paints cells, a mask or what words name of the picture in the slot, 0 to 3."""

    def edit(job: Job, picture: Picture) -> Edit:
        canvas = whole_canvas(picture.width, picture.height, cells, mask=mask, words=words)
        # Where it is that the words name is known once the engine has found it.
        part = canvas if words else checked_canvas(canvas, job.spec, services.limits)
        return Edit(strength=_WHOLLY_NEW, canvas=part)

    return FollowUp(
        verb=Verb.VARY,
        job_id=job_id,
        slot=slot,
        operation_of=lambda job: Operation.INPAINT,
        renew_spec=partial(followup_spec, services.limits),
        edit_of=edit,
        variation="region",
        has_prompt=True,
    )


async def start_masked(services: Services, page: MaskPage, file: MaskFile, prompt: str) -> bool:
    """Store the job of a mask that was painted on a page, and have it posted; False if the page has started its job.

    Raises: PromptRefused, StoreUnavailable, and what `start_follow_up` raises; nothing is started then.
    """
    spec = one_spec_from_text(services, prompt, NO_FIELDS, await usable_adapters(services, page.context, prompt))
    follow_up = region_follow_up(services, page.job_id, page.slot, mask=file.mask)
    known = await known_keys(services, spec, page.job_id)
    keys = await keys_of_images(services, page.context, [spec], prompt, known)
    follow_up = replace(reworded(follow_up, services.limits, spec, keys), is_deliberate=True)
    await services.objects.put(file.png, ".png")
    started = await services.commit(page.context, lambda: start_follow_up(page.context, follow_up, services.instance))
    if not isinstance(started, SubmittedJob):
        return False
    # Until the job was there the mask was nobody's, and it may have been deleted with another job's that was the same.
    await services.objects.put(file.png, ".png")
    services.courier.deliver(started.delivery, is_fresh=False)
    return True
