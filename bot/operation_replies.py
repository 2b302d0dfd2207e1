"""What members read of the operations: their names, what a model cannot do, and how a picture was made larger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.contract.add_ons import AddOn
from engine.contract.jobs import Job, Operation

# What a model cannot do, as the end of a sentence, and what a message says before the member's name.
_OPERATIONS = {
    Operation.IMAGINE.value: ("pictures from a prompt alone", ""),
    Operation.VARY.value: ("variations", "Variations by "),
    Operation.INPAINT.value: ("painting a part of a picture", "Variations (Region) by "),
    Operation.ZOOM.value: ("zooming out", "Zoom Out by "),
    Operation.PAN.value: ("panning", "Pan by "),
    Operation.UPSCALE.value: ("upscaling", "Upscaled by "),
    Operation.DESCRIBE.value: ("describing pictures", "Described for "),
    Operation.SHORTEN.value: ("shortening prompts", "Shortened for "),
}
LANCZOS = "the Lanczos filter"
_WITHOUT_ADD_ON = {
    AddOn.UPSCALER.value: "upscale again later",
    AddOn.SEGMENTER.value: "choose cells of the picture instead",
    AddOn.CAPTIONER.value: "describe again later",
    AddOn.CLASSIFIER.value: "try again later",
    AddOn.CONTROL.value: "remove --control",
    AddOn.IP_ADAPTER.value: "remove the pictures from the prompt",
}
_FILTERS = {"lanczos": LANCZOS}


def inability(operation: str) -> str:
    """Return what a model that lacks the operation does not do, as the end of a sentence."""
    return f"does not support {_OPERATIONS.get(operation, ('this', ''))[0]}"


def unusable_add_on(facts: Mapping[str, Any], state: str) -> tuple[str, str]:
    """Return which segmenter, ControlNet or the like cannot be used, and what to do without it."""
    what = f"the {facts['add_on']} {facts.get('add_on_name', '')} {state}"
    return what, f"{_WITHOUT_ADD_ON.get(facts['add_on'], 'try again later')}, and please contact the server's operator"


def job_title(operation: Operation, discord_id: int) -> str:
    """Return whose job it is, and of what kind."""
    return f"{_OPERATIONS[operation.value][1]}<@{discord_id}>"


def job_subject(job: Job) -> str:
    """Return what the job is about: its prompt, or the picture that a member brought to have it described."""
    return "A picture" if job.operation is Operation.DESCRIBE and job.spec.images else job.spec.prompt


def upscaled_title(job: Job, discord_id: int, recipe: Mapping[str, Any]) -> str:
    """Return whose upscaled picture it is, its size, and what made it larger; `recipe` may not say the last."""
    name = recipe.get("upscaler", {}).get("name")
    means = f" with {_FILTERS.get(name, name)}" if name else ""
    canvas = job.edit.canvas if job.edit else None
    size = f" to {canvas.width} x {canvas.height}" if canvas else ""
    return f"Upscaled{size}{means} by <@{discord_id}>"
