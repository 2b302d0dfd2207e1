"""The lines of a raw export that are jobs and pictures, anonymized."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from engine.contract.edits import Edit, json_from_edit
from engine.contract.jobs import Job, Picture, json_from_spec
from engine.contract.references import PARAMETER_OF
from engine.feedback.anonymize import anonymize

JsonRow = Mapping[str, Any]

_LINKED = frozenset(PARAMETER_OF.values())


def row_from_job(job: Job, members: Mapping[UUID, int], mask_file: str | None = None) -> JsonRow:
    """Return the job as a line of the export; picture links keep their weight alone, and references are left out.

    mask_file: path in the folder of the mask of what was painted anew, None if there is none or it is damaged.
    """
    spec = json_from_spec(job.spec)
    spec["images"] = [{"weight": image["weight"]} for image in spec["images"]]
    spec["parameters"] = {name: value for name, value in spec["parameters"].items() if name not in _LINKED}
    return {
        "id": str(job.id),
        "member": members[job.member_id],
        "operation": job.operation.value,
        "spec": anonymize(spec),
        "seed": job.seed,
        "status": job.status.value,
        "attempts": job.attempts,
        "error": None if job.cause is None else job.cause["error"],
        "parent_job_id": _text(job.parent_job_id),
        "parent_picture_id": _text(job.parent_picture_id),
        "edit": None if job.edit is None else _edit(job.edit, mask_file),
        "created_at": _text(job.created_at),
        "started_at": _text(job.started_at),
        "ended_at": _text(job.ended_at),
    }


def row_from_picture(picture: Picture, recipe: Any, file: str | None) -> JsonRow:
    """Return the picture as a line of the export; `file` is its path in the folder, None if it is damaged."""
    return {
        "id": str(picture.id),
        "job_id": str(picture.job_id),
        "slot": picture.slot,
        "file": file,
        "width": picture.width,
        "height": picture.height,
        "seed": picture.seed,
        "unsafe_score": picture.unsafe_score,
        "recipe": recipe,
    }


def _edit(edit: Edit, mask_file: str | None) -> Any:
    data = anonymize(json_from_edit(edit))
    return {**data, "mask": {**data["mask"], "file": mask_file}} if "mask" in data else data


def _text(value: UUID | datetime | None) -> str | None:
    if isinstance(value, datetime):
        # With microseconds, which keep readers of JSON Lines from taking a column of times for dates.
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return None if value is None else str(value)
