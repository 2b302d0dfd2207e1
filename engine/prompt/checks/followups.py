"""The spec of a new job that is based on an old one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from engine.contract.errors import RequestError
from engine.contract.jobs import TEXT_OPERATIONS, Job, JobSpec, Operation, Speed
from engine.prompt import Limits, check_supported, render
from engine.prompt.checks.canvases import can_be_panned, unpaintable_extensions
from engine.prompt.checks.operations import spec_for_operation
from engine.prompt.checks.outdated import check_spec, model_of, operations_of
from engine.prompt.checks.sizes import painted_size
from engine.prompt.parameters import CANONICAL, SERVICE_ABILITIES

_EVERYWHERE = SERVICE_ABILITIES | {""}
_OF_OTHER_MODELS = frozenset({"cfg", "model", "no", "sampler", "steps"})
_AFTER: Mapping[Operation, frozenset[Operation]] = MappingProxyType(
    {
        Operation.UPSCALE: TEXT_OPERATIONS | {Operation.UPSCALE, Operation.VARY, Operation.ANIMATE},
        Operation.ANIMATE: TEXT_OPERATIONS | {Operation.ANIMATE},
    }
)
"""What can follow those whose picture is not like one of a grid."""


def followup_spec(limits: Limits, operation: Operation, spec: JobSpec) -> JobSpec:
    """Return the spec of a new job that starts from a picture of the old one: without its seed, and what was about
    the whole grid.

    limits: the service's current limits.

    Raises: RequestError if the current models do not support it; see `check_supported`.
    """
    return repeated_spec(limits, operation, animated_spec(limits, operation, _about_one_picture(operation, spec)))


def animated_spec(limits: Limits, operation: Operation, spec: JobSpec) -> JobSpec:
    """Return the spec of a film of a picture: with the model that makes such films, if the service has one.

    It keeps the words, which that model does not read, and of the parameters those that it knows.
    """
    animator = next((model for model in limits.models if model.name == limits.animator), None)
    if operation is not Operation.ANIMATE or animator is None or spec.parameters.get("model") == animator.name:
        return spec
    known = {row.name for row in CANONICAL if row.ability in _EVERYWHERE | (animator.abilities or frozenset())}
    kept = {name: value for name, value in spec.parameters.items() if name in known - _OF_OTHER_MODELS}
    other = replace(spec, parameters=MappingProxyType({**kept, "model": animator.name}), adapters=MappingProxyType({}))
    return replace(other, prompt=render(other))


def repeated_spec(limits: Limits, operation: Operation, spec: JobSpec) -> JobSpec:
    """Return the spec of a new job that does the same as the old one, `operation`: its spec without its seed.

    Nor is it before all others because the old one was: whoever asks for it may not be allowed to, or want to pay that.
    Who may see the new job is not what the old prompt says, but what has become of the old job.

    Raises: RequestError if the current models do not support it; see `check_supported`.
    """
    check_supported(operation, spec, limits)
    for parameter in ("seed", Speed.TURBO.value, "stealth", "public"):
        spec = without(spec, parameter)
    return spec


def reworded_spec(limits: Limits, operation: Operation, spec: JobSpec) -> JobSpec:
    """Return the spec of a new job of the operation whose prompt the member has just written, as it is.

    That of a film of a picture is the one of `animated_spec`.

    Raises: RequestError if the current models do not support it; see `check_supported`.
    """
    spec = animated_spec(limits, operation, spec)
    check_supported(operation, spec, limits)
    return spec


def with_both_ends(spec: JobSpec) -> JobSpec:
    """Return the spec, without `--interpolate` if fewer words have left it one end."""
    num_parts = sum(part.weight > 0 for part in spec.parts)
    return spec if 2 in (len(spec.images), num_parts) else without(spec, "interpolate")


def relaxed_spec(spec: JobSpec) -> JobSpec:
    """Return the spec with `--relax` in place of another speed, and with the canonical prompt to match."""
    others = {name: value for name, value in spec.parameters.items() if name not in set(Speed)}
    relaxed = replace(spec, parameters=MappingProxyType({**others, Speed.RELAX.value: True}))
    return replace(relaxed, prompt=render(relaxed))


def asks_for_other_shape(spec: JobSpec, old: JobSpec) -> bool:
    """Return whether a prompt asks for a shape that the old one does not."""
    return spec.parameters.get("ar") not in (None, old.parameters.get("ar"))


def possible_operations(limits: Limits, job: Job) -> frozenset[Operation]:
    """Return the operations that can follow the job; none if its model is no longer registered.

    An upscaled picture may be larger than its model paints, so that only what needs no such size can follow. After a
    film come others. A picture that the model can extend to no side is not panned.
    """
    try:
        check_spec(job.spec, limits)
        known = operations_of(job.spec, limits) | ({Operation.ANIMATE} if limits.animator else frozenset())
        size = _size_of(job, limits)
        if size and not can_be_panned(size, job.spec, limits):
            known -= {Operation.PAN}
    except RequestError:
        return frozenset()
    return known & _AFTER.get(job.operation, known)


def impossible_extensions(limits: Limits, job: Job) -> frozenset[str]:
    """Return which ways to zoom out of the job's pictures or pan them its model paints in no size that it knows: of
    "2x", "1.5x", "square" and the directions; none where that is not known.
    """
    try:
        size = _size_of(job, limits)
        return frozenset() if size is None else unpaintable_extensions(size, job.spec, limits)
    except RequestError:
        return frozenset()


def _about_one_picture(operation: Operation, spec: JobSpec) -> JobSpec:
    """Return the spec without what is about a whole grid.

    Suggested prompts are for new grids, and an upscaled picture can be varied: its look stands in the spec.
    """
    return spec if operation in {Operation.UPSCALE, *TEXT_OPERATIONS} else spec_for_operation(operation, spec)


def _size_of(job: Job, limits: Limits) -> tuple[int, int] | None:
    """Return the size of the job's pictures; None where it is not known."""
    if job.edit is not None and job.edit.canvas is not None:
        return job.edit.canvas.width, job.edit.canvas.height
    size_limits = model_of(job.spec, limits).size_limits if limits.models else None
    return None if size_limits is None else painted_size(str(job.spec.parameters.get("ar", "1:1")), size_limits)


def without(spec: JobSpec, parameter: str) -> JobSpec:
    """Return the spec without the parameter of that canonical name, and with the canonical prompt to match."""
    if parameter not in spec.parameters:
        return spec
    kept = {name: value for name, value in spec.parameters.items() if name != parameter}
    narrowed = replace(spec, parameters=MappingProxyType(kept))
    return replace(narrowed, prompt=render(narrowed))
