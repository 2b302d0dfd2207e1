"""Who may see a job, and who may not: the one rule that everything follows which shows or finds jobs."""

from __future__ import annotations

from uuid import UUID

from bot.policy.preferences import MemberPreferences, Setting
from engine.contract.errors import JobUnknown
from engine.contract.feedback import Surface
from engine.contract.jobs import Job, JobSpec, Visibility

PAGES_SINCE_VERSION = 2
"""The first text of consent that speaks of pages outside Discord; who agreed to an earlier one is shown on none."""


def visibility_of(spec: JobSpec, otherwise: Visibility = Visibility.PUBLIC) -> Visibility:
    """Return who may see a new job, as its prompt says; `otherwise` is for one that does not say."""
    if spec.parameters.get("public"):
        return Visibility.PUBLIC
    return Visibility.PRIVATE if spec.parameters.get("stealth") else otherwise


def visibility_for(preferences: MemberPreferences, otherwise: Visibility) -> Visibility:
    """Return who may see what the member starts where its prompt does not say; `otherwise` is for who set nothing."""
    is_private = preferences.settings.get(Setting.VISIBILITY) == "stealth"
    return Visibility.PRIVATE if is_private else otherwise


def surface_of(visibility: Visibility, surface: Surface) -> Surface:
    """Return where a job is shown that was asked for on the surface: to one member alone, if it is private there."""
    return Surface.PRIVATE if visibility is Visibility.PRIVATE and surface is Surface.GUILD else surface


def may_see(job: Job, member_id: UUID | None) -> bool:
    """Return whether the member, None for one that is not known, may see the job where its message is shown."""
    return job.visibility is Visibility.PUBLIC or job.member_id == member_id


def check_may_see(job: Job, member_id: UUID) -> None:
    """Check the same. For others a private job does not exist.

    Raises: JobUnknown.
    """
    if not may_see(job, member_id):
        raise JobUnknown(job_id=job.id)
