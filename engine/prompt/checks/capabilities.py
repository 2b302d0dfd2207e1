"""Whether the model and the service support what a job asks for; unknown limits are not checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.contract.jobs import Operation, ParameterValue
from engine.prompt.checks.controls import control_problems
from engine.prompt.checks.sizes import painted_size, ratio_of, size_for
from engine.prompt.checks.steps import max_steps_by, painted_steps, sampler_of, step_factor
from engine.prompt.errors import Problem, quoted_list
from engine.prompt.grammar.extract_parameters import ParameterSetting
from engine.prompt.grammar.image_urls import LocatedImage, is_picture_address
from engine.prompt.grammar.parts import LocatedPart
from engine.prompt.grammar.raw_parameter import Token
from engine.prompt.limits import (
    Limits,
    ModelCapabilities,
    PromptDefaults,
    SizeLimits,
    StepLimits,
    advice_on,
    unavailable,
)
from engine.prompt.parameters import SERVICE_ABILITIES
from engine.prompt.sentences import Code, Sentence, sentence

_Told = tuple[Sentence, Sentence]
_FROM_PROMPTS = frozenset({Operation.IMAGINE, Operation.ANIMATE})


def capability_problems(
    settings: Sequence[ParameterSetting],
    adapters: Sequence[Token],
    images: Sequence[LocatedImage],
    parts: Sequence[LocatedPart],
    defaults: PromptDefaults,
    limits: Limits,
) -> list[Problem]:
    """Return a problem for everything that is not supported.

    adapters: the words that name adapters, each with its weight.
    """
    if not limits.models and limits.abilities is None:
        return []
    model = _model_of(settings, defaults, limits)
    problems = [problem for setting in settings for problem in _setting_problems(setting, model, limits)]
    problems += _operation(settings, parts, images, model)
    problems += _too_many_steps(settings, defaults, model)
    problems += control_problems(settings, images, parts, model, limits)
    if images and model.abilities is not None and "images" not in model.abilities:
        told = unavailable(sentence(Code.START_PICTURE), "images", limits, model.name)
        problems.append(Problem(images[0].start, images[0].end, *told))
    return problems + _incompatible_adapters(adapters, model, limits) + _unsupported_attention(parts, model, limits)


def _operation(
    settings: Sequence[ParameterSetting],
    parts: Sequence[LocatedPart],
    images: Sequence[LocatedImage],
    model: ModelCapabilities,
) -> list[Problem]:
    """Return a problem, at the model's name or else at the first words, for a model that makes nothing of a prompt."""
    if model.operations is None or not _FROM_PROMPTS.isdisjoint(model.operations):
        return []
    places = [one.span for one in settings if one.target == "model"]
    places += [(part.start, part.end) for part in parts]
    places += [(image.start, image.end) for image in images]
    message, advice = sentence(Code.ONLY_VARIES, model=model.name), sentence(Code.OTHER_MODEL)
    return [Problem(*place, message, advice) for place in places[:1]]


def _too_many_steps(
    settings: Sequence[ParameterSetting], defaults: PromptDefaults, model: ModelCapabilities
) -> list[Problem]:
    """Return a problem, at the parameter that causes it, for more steps than the model or the sampler supports."""
    if model.step_limits is None:
        return []
    said = {setting.target: setting for setting in settings}
    asked = {**defaults.parameters, **{name: setting.value for name, setting in said.items()}}
    causes = [said[name] for name in _MAKES_STEPS if name in said]
    told = _too_many_steps_told(asked, model.name, model.step_limits)
    return [Problem(*one.span, *told) for one in causes[:1] if told]


def _too_many_steps_told(asked: Mapping[str, ParameterValue], model: str, steps: StepLimits) -> _Told | None:
    """Return the message and the suggestion for too many steps; None where they are not."""
    if float(str(asked.get("steps", 1))) > steps.maximum:
        message = sentence(Code.STEPS_OF_MODEL, parameter="--steps", most=f"{steps.maximum}", model=model)
        return message, sentence(Code.TRY, text=f"--steps {steps.maximum}")
    sampler, painted = sampler_of(asked, steps), painted_steps(asked, steps)
    most = max_steps_by(sampler, steps)
    if painted <= most:
        return None
    message = sentence(Code.STEPS_OF_SAMPLER, sampler=sampler, most=f"{most}", steps=f"{painted}")
    return message, sentence(Code.TRY, text=f"--steps {int(most / step_factor(asked))}")


def _incompatible_adapters(adapters: Sequence[Token], model: ModelCapabilities, limits: Limits) -> list[Problem]:
    """Return a problem at the name of each adapter that does not fit; none for a model without adapters."""
    if model.abilities is not None and "lora" not in model.abilities:
        return []
    problems = []
    for word in adapters:
        name, _, _ = word.text.partition(":")
        if name in model.incompatible_adapters:
            reason = model.incompatible_adapters[name]
            message = sentence(Code.ADAPTER_UNFIT, name=name, model=model.name, reason=reason)
            end = word.end - len(word.text) + len(name)
            problems.append(Problem(word.start, end, message, _suggest_compatible(model, limits)))
    return problems


def _suggest_compatible(model: ModelCapabilities, limits: Limits) -> Sentence:
    """Return a suggestion: the adapters that fit, if there are any."""
    fitting = [name for name in limits.adapters or () if name not in model.incompatible_adapters]
    if not fitting:
        return sentence(Code.REMOVE_OR_OTHER_MODEL)
    return sentence(Code.FITTING_ADAPTERS, names=quoted_list(fitting))


def _unsupported_attention(parts: Sequence[LocatedPart], model: ModelCapabilities, limits: Limits) -> list[Problem]:
    """Return a problem at the first weight in brackets of each part, for a model that does not support them."""
    if model.abilities is None or "attention" in model.abilities:
        return []
    message = sentence(Code.BRACKETS_UNSUPPORTED, model=model.name)
    literal = sentence(Code.LITERAL_BRACKETS)
    advice = sentence(Code.TWO_SENTENCES, first=literal, second=advice_on("attention", limits))
    return [Problem(*located.bracket, message, advice) for located in parts if located.bracket]


def _model_of(settings: Sequence[ParameterSetting], defaults: PromptDefaults, limits: Limits) -> ModelCapabilities:
    """Return what is known of the job's model, which is the default if the job names none."""
    named = [str(setting.value) for setting in settings if setting.target == "model"]
    name = named[0] if named else str(defaults.parameters.get("model", limits.default_model))
    return next((model for model in limits.models if model.name == name), ModelCapabilities(name=name))


def _setting_problems(setting: ParameterSetting, model: ModelCapabilities, limits: Limits) -> list[Problem]:
    """Return the problem of one setting: at its value if another would do, or else at its name."""
    told = _setting_told(setting, model, limits)
    place = setting.span if setting.target in _OTHER_VALUES else (setting.raw.start, setting.raw.end)
    return [Problem(*place, *told)] if told else []


def _setting_told(setting: ParameterSetting, model: ModelCapabilities, limits: Limits) -> _Told | None:
    """Return the message and the suggestion for one setting; None if it is supported."""
    spelling, ability = setting.raw.spelling, setting.raw.parameter.ability
    if ability in SERVICE_ABILITIES:
        is_able = limits.abilities is None or ability in limits.abilities
        return None if is_able else unavailable(spelling, ability, limits)
    if ability and model.abilities is not None and ability not in model.abilities:
        return unavailable(spelling, ability, limits, model.name)
    if setting.target == "sref" and not all(map(_is_picture, _list_of(setting.value))):
        return sentence(Code.STYLE_CODE), sentence(Code.STYLE_LINK)
    if setting.target == "sampler" and model.samplers and setting.value not in model.samplers:
        message = sentence(Code.SAMPLER_UNSUPPORTED, model=model.name, sampler=str(setting.value))
        return message, sentence(Code.AVAILABLE, names=", ".join(model.samplers))
    if setting.target == "ar" and model.size_limits is not None:
        return _unsupported_ratio(str(setting.value), model.name, model.size_limits)
    return None


def _list_of(value: ParameterValue) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _is_picture(word: str) -> bool:
    return is_picture_address(word.partition("::")[0])


def _unsupported_ratio(ar: str, model: str, size_limits: SizeLimits) -> _Told | None:
    """Return the message for a ratio that the model does not support, and the nearest one that it does."""
    if painted_size(ar, size_limits):
        return None
    return _outside_sizes(ar, model, size_limits) if size_limits.sizes else _outside_sides(ar, model, size_limits)


def _outside_sizes(ar: str, model: str, size_limits: SizeLimits) -> _Told:
    in_order = sorted(size_limits.sizes, key=lambda size: size[0] / size[1])
    tallest, widest = ratio_of(in_order[0]), ratio_of(in_order[-1])
    message = sentence(Code.RATIO_BEYOND_SIZES, model=model, ratio=ar, tallest=tallest, widest=widest)
    return message, sentence(Code.TRY, text=f"--ar {ratio_of(size_for(ar, sizes=size_limits.sizes))}")


def _outside_sides(ar: str, model: str, size_limits: SizeLimits) -> _Told:
    width, height = map(int, ar.split(":"))
    upright = width < height
    shapes = [":".join(reversed(shape.split(":"))) if upright else shape for shape in _SHAPES]
    widest = next((shape for shape in shapes if painted_size(shape, size_limits)), "1:1")
    least, most = f"{size_limits.min_side}", f"{size_limits.max_side}"
    message = sentence(Code.RATIO_BEYOND_SIDES, model=model, ratio=ar, least=least, most=most)
    return message, sentence(Code.TRY, text=f"--ar {widest}")


# Settings of which a model supports some values.
_OTHER_VALUES = frozenset({"sampler", "ar", "sref"})
_SHAPES = ("9:1", "8:1", "7:1", "6:1", "5:1", "4:1", "3:1", "5:2", "21:9", "2:1", "16:9", "3:2", "4:3", "5:4")
# Too many steps are reported at the first of these that the prompt sets.
_MAKES_STEPS = ("steps", "quality", "sampler", "model")
