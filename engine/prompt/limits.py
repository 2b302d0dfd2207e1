"""What the parser is told from outside: a member's own settings, and what the service and its models allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from engine.contract.jobs import Operation, ParameterValue

MAX_PROMPT_LENGTH = 6_000
MAX_JOBS = 40


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What a member has set once for every prompt.

    suffix: parameters added to every prompt; what the prompt says itself wins.
    options: own options by name without dashes; `--name` is replaced by the value, words or parameters or both.
    parameters: canonical names to values that hold where nothing else is said (the service's own settings,
        taken as they are; `no` and `repeat` are none).
    """

    suffix: str = ""
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    parameters: Mapping[str, ParameterValue] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The sizes a model paints, in pixels: its square's side, the step of both sides, and their bounds, included.

    sizes: width and height of each, for a model that paints these alone; empty for one that paints any multiple.
    """

    square: int
    step: int
    least: int
    most: int
    sizes: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Steps:
    """How many steps a model paints.

    usual, sampler: how many, and by which sampler, where nobody says.
    most: by any sampler. most_by: by samplers that take fewer, by their names.
    """

    usual: int
    sampler: str
    most: int
    most_by: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """What the parser must know of a registered model.

    abilities: what it can do, in the words of the table's `ability` column; None when nobody has said.
    operations: how jobs of it may begin; None when nobody has said.
    samplers: the samplers it takes; empty when nobody has said. steps, sides: how many steps, and which sizes it
        paints; None when nobody has said.
    misfits: registered adapters that do not fit it, each with the first part that does not; others pass.
    """

    name: str
    abilities: frozenset[str] | None = None
    operations: tuple[Operation, ...] | None = None
    samplers: tuple[str, ...] = ()
    steps: Steps | None = None
    sides: Sides | None = None
    misfits: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the service allows.

    max_length: code points of the prompt with the options of the command, and again after own options are put in.
    max_jobs: jobs that one prompt may make by `{a, b}` and `--repeat` together.
    max_relax_jobs: jobs that one prompt may make with `--relax`.
    models: the registered models; empty when they are not known, then any name passes.
    default_model: the model of a prompt that names none; its abilities then hold.
    abilities: of the table's `SERVICE_ABILITIES`, what the service can do; None when nobody has said.
    adapters: the registered adapters; None when they are not known, then any name passes.
    """

    max_length: int = MAX_PROMPT_LENGTH
    max_jobs: int = MAX_JOBS
    max_relax_jobs: int = 1
    models: tuple[ModelFacts, ...] = ()
    default_model: str = ""
    abilities: frozenset[str] | None = None
    adapters: tuple[str, ...] | None = None
