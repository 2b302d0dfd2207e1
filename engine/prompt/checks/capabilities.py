"""Whether a job's model and the service can do what the job asks, as far as the limits say what they can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.contract.jobs import Operation, ParameterValue
from engine.prompt.checks.sizes import painted_size, ratio_of, size_for
from engine.prompt.checks.steps import factor_of, most_by, painted_steps, sampler_of
from engine.prompt.errors import Flaw
from engine.prompt.grammar.attention import attention
from engine.prompt.grammar.extract_parameters import Setting
from engine.prompt.grammar.image_urls import PlacedImage
from engine.prompt.grammar.parts import Placed
from engine.prompt.grammar.values import Token, quoted_list
from engine.prompt.limits import Defaults, Limits, ModelFacts, Sides, Steps
from engine.prompt.parameters import SERVICE_ABILITIES


def inabilities(
    settings: Sequence[Setting],
    adapters: Sequence[Token],
    images: Sequence[PlacedImage],
    parts: Sequence[Placed],
    defaults: Defaults,
    limits: Limits,
) -> list[Flaw]:
    """Return a flaw for each thing that cannot be done; nothing is one of which nobody has said what can be.

    adapters: the words that name adapters, each with its weight.
    """
    if not limits.models and limits.abilities is None:
        return []
    facts = _facts(settings, defaults, limits)
    flaws = [flaw for setting in settings for flaw in _flaws_of(setting, facts, limits)]
    flaws += _operation(settings, parts, images, facts)
    flaws += _too_many_steps(settings, defaults, facts)
    if images and facts.abilities is not None and "images" not in facts.abilities:
        sentence = f"{facts.name} takes no pictures in a prompt."
        flaws.append(Flaw(images[0].start, images[0].end, sentence, _ANOTHER_MODEL))
    return flaws + _misfits(adapters, facts, limits) + _marks(parts, facts)


def _operation(
    settings: Sequence[Setting], parts: Sequence[Placed], images: Sequence[PlacedImage], facts: ModelFacts
) -> list[Flaw]:
    """Return a flaw, where the model is named or else under the first words, for a model that paints no first grid."""
    if facts.operations is None or Operation.IMAGINE in facts.operations:
        return []
    places = [(one.written.start, one.span[1]) for one in settings if one.target == "model"]
    places += [(0, part.end) for part in parts]
    places += [(0, image.end) for image in images]
    return [Flaw(*place, f"{facts.name} only varies pictures.", _NAME_ANOTHER) for place in places[:1]]


def _too_many_steps(settings: Sequence[Setting], defaults: Defaults, facts: ModelFacts) -> list[Flaw]:
    """Return a flaw, under what makes them so many, for steps that the model or the job's sampler does not paint."""
    if facts.steps is None:
        return []
    said = {setting.target: setting for setting in settings}
    asked = {**defaults.parameters, **{name: setting.value for name, setting in said.items()}}
    at_fault = [said[name] for name in _MAKES_STEPS if name in said]
    sentence, suggestion = _beyond_most(asked, facts.name, facts.steps)
    return [Flaw(one.written.start, one.span[1], sentence, suggestion) for one in at_fault[:1] if sentence]


def _beyond_most(asked: Mapping[str, ParameterValue], model: str, steps: Steps) -> tuple[str, str]:
    """Return what to say of more steps than are painted, or two empty texts."""
    if float(str(asked.get("steps", 1))) > steps.most:
        return f"--steps must be between 1 and {steps.most} with {model}.", f"Try --steps {steps.most}."
    sampler, painted = sampler_of(asked, steps), painted_steps(asked, steps)
    most = most_by(sampler, steps)
    if painted <= most:
        return "", ""
    sentence = f"The sampler {sampler} takes at most {most} steps, and this comes to {painted}."
    return sentence, f"Try --steps {int(most / factor_of(asked))}."


def _misfits(adapters: Sequence[Token], facts: ModelFacts, limits: Limits) -> list[Flaw]:
    """Return a flaw under the name of each adapter that does not fit a model that takes adapters."""
    if facts.abilities is not None and "lora" not in facts.abilities:
        return []
    flaws = []
    for word in adapters:
        name, _, _ = word.text.partition(":")
        if name in facts.misfits:
            sentence = f"{name} does not fit {facts.name}: {facts.misfits[name]}."
            flaws.append(Flaw(word.start, word.start + len(name), sentence, _fitting(facts, limits)))
    return flaws


def _fitting(facts: ModelFacts, limits: Limits) -> str:
    """Return what to do instead: the adapters that fit, where there are any."""
    fitting = [name for name in limits.adapters or () if name not in facts.misfits]
    return f"Leave it out, or take one that fits: {quoted_list(fitting)}." if fitting else _ANOTHER_MODEL


def _marks(parts: Sequence[Placed], facts: ModelFacts) -> list[Flaw]:
    """Return a flaw for each part whose words are weighed for a model to which such weights mean nothing."""
    if facts.abilities is None or "attention" in facts.abilities:
        return []
    marked = [placed for placed in parts if any(weight != 1.0 for _, weight in attention(placed.part.text))]
    sentence = f"{facts.name} reads a text as a whole: words in brackets cannot count more or less."
    return [Flaw(placed.start, placed.end, sentence, _PLAIN_BRACKETS) for placed in marked]


def _facts(settings: Sequence[Setting], defaults: Defaults, limits: Limits) -> ModelFacts:
    """Return what is known of the model that the job names, or that holds where it names none."""
    named = [str(setting.value) for setting in settings if setting.target == "model"]
    name = named[0] if named else str(defaults.parameters.get("model", limits.default_model))
    return next((facts for facts in limits.models if facts.name == name), ModelFacts(name=name))


def _flaws_of(setting: Setting, facts: ModelFacts, limits: Limits) -> list[Flaw]:
    sentence, suggestion = _inability(setting, facts, limits)
    return [Flaw(setting.written.start, setting.span[1], sentence, suggestion)] if sentence else []


def _inability(setting: Setting, facts: ModelFacts, limits: Limits) -> tuple[str, str]:
    """Return the sentence and the suggestion, or two empty texts when nothing hinders."""
    spelling, ability = setting.written.spelling, setting.written.parameter.ability
    if ability in SERVICE_ABILITIES:
        is_able = limits.abilities is None or ability in limits.abilities
        return ("", "") if is_able else (f"{spelling} is not possible here.", "Leave it out.")
    if ability and facts.abilities is not None and ability not in facts.abilities:
        return f"{spelling} is not possible with {facts.name}.", _ANOTHER_MODEL
    if setting.target == "sampler" and facts.samplers and setting.value not in facts.samplers:
        return f"{facts.name} does not take the sampler {setting.value}.", f"It takes {', '.join(facts.samplers)}."
    if setting.target == "ar" and facts.sides is not None:
        return _wrong_shape(str(setting.value), facts.name, facts.sides)
    return "", ""


def _wrong_shape(ar: str, model: str, sides: Sides) -> tuple[str, str]:
    """Return what to say of a ratio whose size the model does not paint, and the nearest that it does."""
    if painted_size(ar, sides):
        return "", ""
    return _beyond_sizes(ar, model, sides) if sides.sizes else _beyond_sides(ar, model, sides)


def _beyond_sizes(ar: str, model: str, sides: Sides) -> tuple[str, str]:
    in_order = sorted(sides.sizes, key=lambda size: size[0] / size[1])
    sentence = f"{model} paints no {ar}: its shapes go from {ratio_of(in_order[0])} to {ratio_of(in_order[-1])}."
    return sentence, f"Try --ar {ratio_of(size_for(ar, sizes=sides.sizes))}."


def _beyond_sides(ar: str, model: str, sides: Sides) -> tuple[str, str]:
    width, height = map(int, ar.split(":"))
    upright = width < height
    shapes = [":".join(reversed(shape.split(":"))) if upright else shape for shape in _SHAPES]
    widest = next((shape for shape in shapes if painted_size(shape, sides)), "1:1")
    sentence = f"{model} paints no {ar}: its sides go from {sides.least} to {sides.most} pixels."
    return sentence, f"Try --ar {widest}."


_SHAPES = ("9:1", "8:1", "7:1", "6:1", "5:1", "4:1", "3:1", "5:2", "21:9", "2:1", "16:9", "3:2", "4:3", "5:4")
# Where too many steps are told: at the first of these that was said.
_MAKES_STEPS = ("steps", "quality", "sampler", "model")
_PLAIN_BRACKETS = "For plain brackets write \\( and \\), or name another model with --model."
_NAME_ANOTHER = "Name another model with --model."
_ANOTHER_MODEL = "Leave it out, or name another model with --model."
