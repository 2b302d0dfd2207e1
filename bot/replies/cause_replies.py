"""Why a job failed, and what to do, as members read it: from the cause that is stored, or from the error itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.language import Phrase, _
from bot.replies.operation_replies import broken, inability, unusable_files

Facts = Mapping[str, Any]

_CAUSES: Mapping[str, Callable[[Facts], str]] = {
    "ModelUnknown": lambda facts: _('unknown model "{name}"', name=facts.get("name", "")),
    "OperationUnsupported": lambda facts: _(
        "the model {inability}; use /imagine with another --model", inability=inability(facts.get("operation", ""))
    ),
    "SourceMismatch": lambda facts: (
        _("it needs a picture to start from")
        if facts.get("needs_source")
        else _("it does not take a picture to start from")
    ),
    "PictureBarred": lambda facts: _(
        "a picture is like one that must never appear, so nothing was kept; change the prompt or the seed"
    ),
    "NothingFound": lambda facts: "; ".join(nothing_found(facts)),
    "SizeUnsupported": lambda facts: _("the model does not support this size; use another --ar"),
    "SettingUnsupported": lambda facts: _setting(facts),
    "AdapterMismatch": lambda facts: _("the LoRA does not work with the model; remove it, or use another --model"),
    "TrainingDiverged": lambda facts: _("nothing could be learnt from these pictures; try again with others"),
    "PicturesUnsafe": lambda facts: unsafe_pictures(),
    "NoRoomToTrain": lambda facts: no_room_to_train(),
    "NoRoom": lambda facts: "; ".join(no_room(facts.get("model", ""), facts.get("size", ""))),
    "PainterLost": lambda facts: _(
        "the image engine stopped three times; change the prompt or contact the server's operator"
    ),
    "JobInterrupted": lambda facts: _("the image engine was restarted three times; please try again"),
    "SpeedUnsupported": lambda facts: "; ".join(unsupported_speed(facts.get("name", ""))),
    "StorageFull": lambda facts: _("the picture storage is full; please contact the server's operator"),
    "PictureCorrupt": lambda facts: _("the source picture is damaged; use /imagine to start again"),
    "WeightsMissing": lambda facts: "; ".join(unusable_files(facts, is_missing=True)),
    "WeightsMismatch": lambda facts: "; ".join(unusable_files(facts, is_missing=False)),
    "ModelBroken": lambda facts: "; ".join(broken(facts)),
    "PaintedNothing": lambda facts: "; ".join(nothing_painted(facts)),
}
_UNKNOWN_CAUSE = Phrase("it failed three times; change the prompt or contact the server's operator")


def sentence_from_cause(cause: Mapping[str, Any]) -> str:
    """Return why a job failed, from its stored cause, as the end of a sentence."""
    wording = _CAUSES.get(str(cause.get("error")))
    return wording(cause) if wording else str(_UNKNOWN_CAUSE)


def unsafe_pictures() -> str:
    """Return that the pictures of a training cannot be learnt from."""
    return _("the safety classifier finds some of these pictures unsafe, so nothing was learnt; use others")


def no_room_to_train() -> str:
    """Return that there was no room for what a training has learnt."""
    return _(
        "the disk of the image engine is full, so nothing was kept; please contact the server's operator, and use"
        " `/train` again later"
    )


def nothing_painted(facts: Facts) -> tuple[str, str]:
    """Return that nothing usable was painted, and what to do."""
    what = _("the model {name} produced no usable picture", name=facts.get("name", ""))
    return what, _("try another prompt or --model, and contact the server's operator if it happens again")


def nothing_found(facts: Facts) -> tuple[str, str]:
    """Return what was not found in the picture, and what to do."""
    what = _('nothing in the picture looks like "{words}"', words=facts.get("words", ""))
    return what, _("name it otherwise, or choose cells of the picture")


def unsupported_speed(model: str) -> tuple[str, str]:
    """Return that the operator set the model up wrongly, and what to do."""
    what = _("the model {model} does not work with its current settings", model=model)
    return what, _("try another --model, or contact the server's operator")


def no_room(model: str, size: str) -> tuple[str, str]:
    """Return what does not fit into the memory, and what to do."""
    if size:
        what = _("not enough memory for a picture of {size} with the model {model}", size=size, model=model)
    else:
        what = _("not enough memory for the model {model}", model=model)
    return what, _("try a smaller --ar or another --model, or contact the server's operator")


def _setting(facts: Facts) -> str:
    setting = f"--{facts.get('name', 'setting')} {facts.get('value', '')}".rstrip()
    what = _("the model does not support {setting}", setting=setting)
    return _("{what}; available: {known}", what=what, known=known_values(facts)) if facts.get("known") else what


def known_values(facts: Facts) -> str:
    """Return what a setting takes: a range, or the first of the names; jobs of older releases have ranges as names."""
    match facts.get("within"):
        case [low, high]:
            return _("{low} to {high}", low=low, high=high)
        case [low, high, sampler]:
            return _("{low} to {high} with the sampler {sampler}", low=low, high=high, sampler=sampler)
    return names_of(facts["known"])


def names_of(names: Sequence[str]) -> str:
    """Return the first names of a list."""
    return ", ".join(names[:20]) or _("none")
