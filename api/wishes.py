"""What a request wishes for: specs from prompts and parameters, and operations on pictures."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from uuid import UUID

from api import replies
from api.bodies import VariationBody
from api.refusals import ApiRefused
from engine.contract.edits import Edit
from engine.contract.errors import ModelUnknown, PromptRefused
from engine.contract.ids import new_id
from engine.contract.jobs import MAX_SEED, Job, JobRequest, JobSpec, Operation, Picture, Speed, Visibility, speed_of
from engine.contract.painting import num_pictures_of
from engine.contract.references import pictures_of
from engine.prompt import Limits, ModelCapabilities, PromptErrors, format_errors, parse
from engine.prompt.checks.own_adapters import NONE_USABLE, Usable, bound, with_usable
from engine.prompt.checks.sizes import ratio_of

NO_PICTURES: Mapping[str, str] = MappingProxyType({})

# Of the model's default number of steps.
_STEPS: Mapping[str, float] = MappingProxyType({"low": 0.5, "high": 2.0, "hd": 2.0})


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be painted, before it has an id and an owner.

    source: the picture that it starts from, and its job. image_keys: as those of `JobRequest`.
    """

    operation: Operation
    spec: JobSpec
    source: tuple[Job, Picture] | None = None
    edit: Edit | None = None
    image_keys: tuple[str, ...] = ()


def spec_from_prompt(
    prompt: str,
    limits: Limits,
    options: Mapping[str, str] = NO_PICTURES,
    pictures: Mapping[str, str] = NO_PICTURES,
    usable: Usable = NONE_USABLE,
) -> JobSpec:
    """Return the one spec that the prompt asks for.

    options: parameters by their names. pictures: names of pictures that were sent, by their fields.
    usable: LoRAs of the key's member, which the prompt may name.

    Raises: PromptRefused with every fault of it, a caret under each; ApiRefused for links to pictures and for --turbo.
    """
    known = replace(with_usable(limits, usable), max_jobs=1)
    parsed = parse(prompt, limits=known, command_options=options, pictures=pictures)
    if isinstance(parsed, PromptErrors):
        raise PromptRefused(message=format_errors(parsed))
    (spec,) = parsed
    if {one.url for one in pictures_of(spec)} - set(pictures.values()):
        raise ApiRefused(400, replies.PICTURE_IN_PROMPT, code="invalid_prompt", param="prompt")
    if speed_of(spec) is Speed.TURBO:
        raise ApiRefused(400, replies.TURBO, code="invalid_prompt", param="prompt")
    return bound(spec, limits, usable)


def options_of(body: VariationBody, limits: Limits) -> dict[str, str]:
    """Return the parameters of the prompt language that the body's stand for.

    Raises: ModelUnknown, ApiRefused for a background that no model paints.
    """
    if body.background == "transparent":
        raise ApiRefused(400, replies.TRANSPARENT, code="unsupported_background", param="background")
    model = _model_of(body, limits)
    options = {"model": body.model or "", "shape": _shape_of(body.size), "steps": _steps_of(body.quality, model)}
    options["seed"] = "" if body.seed is None else str(body.seed)
    return {name: value for name, value in options.items() if value}


def requests_of(wish: Wish, member_id: UUID, num_pictures: int) -> tuple[JobRequest, ...]:
    """Return the jobs that make at least so many pictures; the seeds of their pictures follow each other."""
    seed = wish.spec.parameters.get("seed")
    first = seed if isinstance(seed, int) else secrets.randbelow(MAX_SEED + 1)
    each = num_pictures_of(wish.operation)
    job, picture = wish.source or (None, None)
    return tuple(
        JobRequest(
            id=new_id(),
            member_id=member_id,
            operation=wish.operation,
            spec=wish.spec,
            seed=(first + offset) % (MAX_SEED + 1),
            parent_job_id=job.id if job else None,
            parent_picture_id=picture.id if picture else None,
            edit=wish.edit,
            image_keys=wish.image_keys,
            visibility=job.visibility if job else Visibility.PUBLIC,
        )
        for offset in range(0, num_pictures, each)
    )


def _model_of(body: VariationBody, limits: Limits) -> ModelCapabilities | None:
    known = {model.name: model for model in limits.models}
    if body.model is not None and known and body.model not in known:
        raise ModelUnknown(name=body.model, known=tuple(known))
    return known.get(body.model or limits.default_model)


def _shape_of(size: str) -> str:
    """Return the ratio of a size such as 1536x1024; nothing where the model's own square is what is asked for."""
    if size == "auto":
        return ""
    width, height = map(int, size.split("x"))
    return "" if width == height else ratio_of((width, height))


def _steps_of(quality: str, model: ModelCapabilities | None) -> str:
    share = _STEPS.get(quality)
    steps = model.step_limits if model else None
    if share is None or steps is None:
        return ""
    most = min(steps.maximum, steps.max_steps_by.get(steps.sampler, steps.maximum))
    return str(min(most, max(1, round(steps.default * share))))
