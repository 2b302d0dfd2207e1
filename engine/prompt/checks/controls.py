"""Whether the model has the ControlNet that a job names, and the one picture that it reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.prompt.errors import Origin, Problem, quoted, quoted_list
from engine.prompt.grammar.extract_parameters import ParameterSetting
from engine.prompt.grammar.image_urls import LocatedImage
from engine.prompt.grammar.parts import LocatedPart
from engine.prompt.grammar.suggest import closest_name
from engine.prompt.limits import Limits, ModelCapabilities
from engine.prompt.sentences import Code, Sentence, sentence

# Parameters of pictures that the new ones start from.
_OF_STARTS = frozenset({"iw", "strength"})


def control_problems(
    settings: Sequence[ParameterSetting],
    images: Sequence[LocatedImage],
    parts: Sequence[LocatedPart],
    model: ModelCapabilities,
    limits: Limits,
) -> list[Problem]:
    """Return the problems of a job with `--control`; none without it, and for a model that supports no ControlNet."""
    control = next((setting for setting in settings if setting.target == "control"), None)
    if control is None or (model.abilities is not None and "control" not in model.abilities):
        return []
    return [*_unknown(control, model, limits), *_wrong_pictures(images, parts), *_without_effect(settings)]


def _unknown(control: ParameterSetting, model: ModelCapabilities, limits: Limits) -> Iterator[Problem]:
    known, name = model.controls, str(control.value)
    if known is None or name in known:
        return
    message = sentence(Code.CONTROL_UNKNOWN, model=model.name, name=quoted(name))
    if not known:
        message = sentence(Code.NO_CONTROL, model=model.name)
    yield Problem(*control.span, message, _advice(name, known, limits))


def _advice(name: str, known: Sequence[str], limits: Limits) -> Sentence:
    others = [f"--model {model.name}" for model in limits.models if name in (model.controls or ())]
    near = closest_name(name, known)
    if near:
        return sentence(Code.DID_YOU_MEAN, name=near)
    if known:
        return sentence(Code.AVAILABLE, names=quoted_list(known))
    return sentence(Code.MODEL_WITH_CONTROL, model=others[0]) if others else sentence(Code.REMOVE)


def _wrong_pictures(images: Sequence[LocatedImage], parts: Sequence[LocatedPart]) -> Iterator[Problem]:
    if len(images) > 1:
        message, advice = sentence(Code.ONE_CONTROL_PICTURE), sentence(Code.REMOVE_OTHERS)
        yield Problem(images[1].start, images[1].end, message, advice)
    elif not parts:
        message, advice = sentence(Code.CONTROL_WITHOUT_WORDS), sentence(Code.ADD_WORDS)
        yield from (Problem(image.start, image.end, message, advice) for image in images)


def _without_effect(settings: Sequence[ParameterSetting]) -> Iterator[Problem]:
    """Yield a problem for each parameter of a picture to start from; those from a suffix are for other prompts."""
    for setting in settings:
        if setting.target in _OF_STARTS and setting.origin is not Origin.SUFFIX:
            message = sentence(Code.CONTROL_STARTS_FROM_NOISE, parameter=setting.raw.spelling)
            yield Problem(setting.raw.start, setting.raw.end, message, sentence(Code.REMOVE_ONE))
