"""What members read of the operations: their names, what a model cannot do, and how a picture was made larger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.language import Phrase, _
from engine.contract.add_ons import AddOn
from engine.contract.jobs import Job, Operation

# What a model does not do, as the end of a sentence, and whose job it is.
_OPERATIONS = {
    Operation.IMAGINE.value: (Phrase("does not support pictures from a prompt alone"), Phrase("{who}")),
    Operation.VARY.value: (Phrase("does not support variations"), Phrase("Variations by {who}")),
    Operation.INPAINT.value: (
        Phrase("does not support painting a part of a picture"),
        Phrase("Variations (Region) by {who}"),
    ),
    Operation.ZOOM.value: (Phrase("does not support zooming out"), Phrase("Zoom Out by {who}")),
    Operation.PAN.value: (Phrase("does not support panning"), Phrase("Pan by {who}")),
    Operation.UPSCALE.value: (Phrase("does not support upscaling"), Phrase("Upscaled by {who}")),
    Operation.ANIMATE.value: (Phrase("does not support films"), Phrase("Film by {who}")),
    Operation.DESCRIBE.value: (Phrase("does not support describing pictures"), Phrase("Described for {who}")),
    Operation.SHORTEN.value: (Phrase("does not support shortening prompts"), Phrase("Shortened for {who}")),
    Operation.TRAIN.value: (Phrase("cannot be trained"), Phrase("Training by {who}")),
}
_UNKNOWN_INABILITY = Phrase("does not support this")
LANCZOS = Phrase("the Lanczos filter")
_ADD_ONS = {
    AddOn.UPSCALER.value: Phrase("the upscaler {name}"),
    AddOn.SEGMENTER.value: Phrase("the segmenter {name}"),
    AddOn.CAPTIONER.value: Phrase("the captioner {name}"),
    AddOn.CLASSIFIER.value: Phrase("the classifier {name}"),
    AddOn.SCORER.value: Phrase("the scorer {name}"),
    AddOn.CONTROL.value: Phrase("the ControlNet {name}"),
    AddOn.IP_ADAPTER.value: Phrase("the IP-Adapter {name}"),
    AddOn.MOTION.value: Phrase("the motion adapter {name}"),
}
_LATER = Phrase("try again later, and please contact the server's operator")
_WITHOUT_ADD_ON = {
    AddOn.UPSCALER.value: Phrase("upscale again later, and please contact the server's operator"),
    AddOn.SEGMENTER.value: Phrase("choose cells of the picture instead, and please contact the server's operator"),
    AddOn.CAPTIONER.value: Phrase("describe again later, and please contact the server's operator"),
    AddOn.CLASSIFIER.value: _LATER,
    AddOn.SCORER.value: Phrase("remove --best, and please contact the server's operator"),
    AddOn.CONTROL.value: Phrase("remove --control, and please contact the server's operator"),
    AddOn.IP_ADAPTER.value: Phrase("remove the pictures from the prompt, and please contact the server's operator"),
    AddOn.MOTION.value: _LATER,
}
_OTHER_MODEL = Phrase("try another --model, and please contact the server's operator")
_FILTERS = {"lanczos": LANCZOS}


def inability(operation: str) -> str:
    """Return what a model that lacks the operation does not do, as the end of a sentence."""
    known = _OPERATIONS.get(operation)
    return str(known[0] if known else _UNKNOWN_INABILITY)


def unusable_files(facts: Mapping[str, Any], *, is_missing: bool) -> tuple[str, str]:
    """Return which files are missing or else damaged, an adapter's or the model's, and what to do."""
    if not facts.keys() & {"add_on", "adapter", "control"}:
        said = _("the model's files are missing") if is_missing else _("the model's files are damaged")
        return said, str(_OTHER_MODEL)
    what, advice = _addition(facts)
    return _("{what} is missing", what=what) if is_missing else _("{what} is damaged", what=what), advice


def broken(facts: Mapping[str, Any]) -> tuple[str, str]:
    """Return which model, segmenter, ControlNet or the like does not work, and what to do."""
    if "add_on" in facts:
        return _("{what} does not work", what=_add_on(facts)), _without_add_on(facts)
    return _("{what} does not work", what=_("the model {name}", name=facts.get("name", ""))), str(_OTHER_MODEL)


def _addition(facts: Mapping[str, Any]) -> tuple[str, str]:
    if "add_on" in facts:
        return _add_on(facts), _without_add_on(facts)
    if adapter := facts.get("adapter"):
        return _("the file of the LoRA {name}", name=adapter), _("remove it, and please contact the server's operator")
    return _("the ControlNet {name}", name=facts["control"]), str(_WITHOUT_ADD_ON[AddOn.CONTROL.value])


def _add_on(facts: Mapping[str, Any]) -> str:
    return _ADD_ONS.get(facts["add_on"], Phrase("{name}")).format(name=facts.get("add_on_name", ""))


def _without_add_on(facts: Mapping[str, Any]) -> str:
    return str(_WITHOUT_ADD_ON.get(facts["add_on"], _LATER))


def job_title(operation: Operation, discord_id: int) -> str:
    """Return whose job it is, and of what kind."""
    return _OPERATIONS[operation.value][1].format(who=f"<@{discord_id}>")


def job_subject(job: Job) -> str:
    """Return what the job is about: its prompt, or the picture that a member brought to have it described."""
    return _("A picture") if job.operation is Operation.DESCRIBE and job.spec.images else job.spec.prompt


def own_title(job: Job, discord_id: int, recipe: Mapping[str, Any]) -> str | None:
    """Return whose picture it is and what it is; None for one of four."""
    match job.operation:
        case Operation.UPSCALE:
            return upscaled_title(job, discord_id, recipe)
        case Operation.ANIMATE:
            return film_title(discord_id, recipe)
    return None


def film_title(discord_id: int, recipe: Mapping[str, Any]) -> str:
    """Return whose film it is, and how many frames it has at which speed; `recipe` may not say that."""
    who, film = f"<@{discord_id}>", recipe.get("film")
    if not film:
        return _("Film by {who}", who=who)
    return _("Film of {frames} frames at {fps} fps by {who}", frames=film["frames"], fps=film["fps"], who=who)


def upscaled_title(job: Job, discord_id: int, recipe: Mapping[str, Any]) -> str:
    """Return whose upscaled picture it is, its size, and what made it larger; `recipe` may not say the last."""
    who, name = f"<@{discord_id}>", recipe.get("upscaler", {}).get("name")
    canvas = job.edit.canvas if job.edit else None
    size = f"{canvas.width} x {canvas.height}" if canvas else ""
    if name and size:
        return _("Upscaled to {size} with {means} by {who}", size=size, means=_FILTERS.get(name, name), who=who)
    if name:
        return _("Upscaled with {means} by {who}", means=_FILTERS.get(name, name), who=who)
    return _("Upscaled to {size} by {who}", size=size, who=who) if size else _("Upscaled by {who}", who=who)
