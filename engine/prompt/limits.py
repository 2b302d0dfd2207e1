"""What the parser is given besides the prompt: a member's own settings, and what the service and its models support."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from engine.contract.jobs import Operation, ParameterValue
from engine.prompt.parameters import SERVICE_ABILITIES
from engine.prompt.sentences import Code, Field, Sentence, Told, sentence

MAX_PROMPT_LENGTH = 6_000
MAX_JOBS = 40


@dataclass(frozen=True, kw_only=True)
class PromptDefaults:
    """What applies to every prompt of a member.

    suffix: parameters appended to every prompt; parameters in the prompt override them.
    options: the member's custom options by name, without dashes. `--name` expands to the value: words, parameters
        or both.
    parameters: the service's own values by canonical parameter name, used where nothing else sets one. They are not
        checked, and `no` and `repeat` are ignored.
    """

    suffix: str = ""
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    parameters: Mapping[str, ParameterValue] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, kw_only=True)
class SizeLimits:
    """The picture sizes that a model supports, in pixels.

    square: side of the model's native square.
    multiple: width and height are multiples of it.
    min_side, max_side: bounds of width and height, inclusive.
    sizes: (width, height) of every size, for a model that supports only these; empty otherwise.
    """

    square: int
    multiple: int
    min_side: int
    max_side: int
    sizes: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class StepLimits:
    """How many denoising steps a model supports.

    default, sampler: the number of steps and the sampler of a job that sets neither.
    maximum: with any sampler. max_steps_by: for samplers with a lower maximum, by sampler name.
    """

    default: int
    sampler: str
    maximum: int
    max_steps_by: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """All that a small model can paint, in the words of its captions; real models have none.

    paints: in two or three words, such as "simple shapes". examples: prompts for it.
    words: every subject, singular, with its other names.
    """

    paints: str
    examples: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]

    @property
    def told(self) -> Told:
        """Return what it paints; of the model that ships with Easel as a sentence, which has translations."""
        return sentence(Code.SIMPLE_SHAPES) if self.paints == Code.SIMPLE_SHAPES.value else self.paints


@dataclass(frozen=True, kw_only=True)
class ModelCapabilities:
    """What the parser knows of a registered model; None and empty values are unknown, and unknown is not checked.

    abilities: what the model can do, as the `ability` column of the parameter table names it.
    operations: the operations that the model supports.
    samplers: the samplers that the model supports.
    incompatible_adapters: registered adapters that do not fit the model, each with the reason.
    vocabulary: what the model can paint, if it comes with such a list.
    style: the adapter with the community's style; empty without one, None when unknown.
    controls: the ControlNets that are registered for the model and fit it; None when unknown.
    reads_pictures: whether it has an IP-Adapter for the pictures in prompts; None when unknown.
    """

    name: str
    abilities: frozenset[str] | None = None
    operations: tuple[Operation, ...] | None = None
    samplers: tuple[str, ...] = ()
    step_limits: StepLimits | None = None
    size_limits: SizeLimits | None = None
    incompatible_adapters: Mapping[str, Told] = field(default_factory=lambda: MappingProxyType({}))
    vocabulary: Vocabulary | None = None
    style: str | None = None
    controls: tuple[str, ...] | None = None
    reads_pictures: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the service allows.

    max_length: characters (code points) of the prompt together with the command's options, checked again after custom
        options are expanded.
    max_jobs: jobs that one prompt can create with `{a, b}` and `--repeat` together.
    max_relax_jobs: jobs that one prompt can create with `--relax`.
    models: the registered models; empty when unknown, and then any model name is accepted.
    default_model: the model of a prompt that names none.
    abilities: which of `SERVICE_ABILITIES` the service has; None when unknown.
    adapters: the registered adapters; None when unknown, and then any adapter name is accepted.
    has_segmenter: whether the service finds in a picture what words name.
    has_classifier: whether a classifier looks at every picture.
    shows_unsafe: whether the operator has switched off that unsafe pictures are withheld.
    adapter_files: the registered adapters by the name of their file without its ending, as LoRA tags name them.
    upscaler: the registered upscaler that is used; empty for a filter.
    animator: the registered model that makes films of pictures, whichever model they are of; empty for none.
    """

    max_length: int = MAX_PROMPT_LENGTH
    max_jobs: int = MAX_JOBS
    max_relax_jobs: int = 1
    models: tuple[ModelCapabilities, ...] = ()
    default_model: str = ""
    abilities: frozenset[str] | None = None
    adapters: tuple[str, ...] | None = None
    adapter_files: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    upscaler: str = ""
    animator: str = ""
    has_segmenter: bool = False
    has_classifier: bool = False
    shows_unsafe: bool = False

    @property
    def grid_models(self) -> tuple[ModelCapabilities, ...]:
        """The models that paint new grids, or may because that is unknown."""
        return tuple(one for one in self.models if one.operations is None or Operation.IMAGINE in one.operations)

    def may_support(self, ability: str) -> bool:
        """Return whether the service or one of its models supports the ability, or may because that is unknown."""
        if not ability:
            return True
        if ability in SERVICE_ABILITIES:
            return self.abilities is None or ability in self.abilities
        return not self.models or any(model.abilities is None or ability in model.abilities for model in self.models)


def unavailable(what: Field, ability: str, limits: Limits, model: str = "") -> tuple[Sentence, Sentence]:
    """Return why a parameter cannot be used, once, and what to do without it.

    what: the parameter, as it is spelled, or what needs the ability without one.
    model: the name of the model that lacks the ability; empty when the service does.
    """
    if model:
        return sentence(Code.NOT_WITH_MODEL, what=what, model=model), advice_on(ability, limits)
    return sentence(Code.NOT_ON_SERVER, what=what), advice_on(ability, limits)


def advice_on(ability: str, limits: Limits) -> Sentence:
    """Return what to do without an ability: another model, if there is one that has it."""
    if able := _able_models(ability, limits):
        return sentence(Code.ABLE_MODEL, model=able[0])
    return sentence(Code.REMOVE if ability in SERVICE_ABILITIES else Code.NO_ABLE_MODEL)


def _able_models(ability: str, limits: Limits) -> list[str]:
    if ability in SERVICE_ABILITIES:
        return []
    return [model.name for model in limits.models if model.abilities is None or ability in model.abilities]
