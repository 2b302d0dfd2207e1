"""The columns of the parameter table; the rows are in `parameters`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.contract.jobs import Operation, ParameterValue
from engine.prompt.sentences import Code, Told, sentence

GRID = frozenset({Operation.IMAGINE})
FILM = frozenset({Operation.ANIMATE})
ANY = frozenset(Operation)
LOOK = ANY - {Operation.UPSCALE}
"""Whatever has to look like the picture that it starts from; an upscale has no other look than that."""


class ParameterKind(StrEnum):
    """How the words after a parameter's name are parsed.

    flag: no value. integer, decimal: one number in a range. ratio: whole numbers W:H. choice: one of a few words.
    model, version, niji: a model, by name or number. words: everything up to the next parameter.
    control: the name of a ControlNet. references: picture links, style codes or `random`. pictures: picture links.
    adapters: name:weight. results: the ids of two results.
    """

    FLAG = "flag"
    INTEGER = "integer"
    DECIMAL = "decimal"
    RATIO = "ratio"
    CHOICE = "choice"
    MODEL = "model"
    VERSION = "version"
    NIJI = "niji"
    WORDS = "words"
    REFERENCES = "references"
    PICTURES = "pictures"
    ADAPTERS = "adapters"
    CONTROL = "control"
    RESULTS = "results"


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One row of the table.

    name: canonical, without its dashes; `aliases` are the other spellings.
    low, high: the allowed range, inclusive. default: its value when it is not given.
    choices: the values of a choice.
    help: one line of at most 100 characters, as Discord shows it. meaning: what it changes in the engine.
    example: a prompt that uses it.
    operations: the operations that use it; others drop it.
    ability: the ability that it requires of a model or the service; "" for none.
    needs: "images", "ends" (two parts or pictures), "sref", "cref", "control" or "between" when it has no effect
        without them.
    group: a job has at most one parameter of a group.
    gives: the parameter whose value it sets, when that is another one.
    option: its name as an option of `/imagine`; "" when it has none.
    """

    name: str
    aliases: tuple[str, ...] = ()
    kind: ParameterKind
    low: float | None = None
    high: float | None = None
    default: ParameterValue | None = None
    choices: tuple[str, ...] = ()
    help: str
    meaning: str
    example: str
    operations: frozenset[Operation] = ANY
    ability: str = ""
    needs: str = ""
    group: str = ""
    gives: str = ""
    option: str = ""

    @property
    def target(self) -> str:
        """Return the canonical name of the parameter whose value it sets."""
        return self.gives or self.name

    @property
    def slot(self) -> str:
        """Return its group, or its own target: a job has one value per slot."""
        return self.group or self.target


def allowed_values(parameter: Parameter) -> Told:
    """Return the allowed values in words, such as "a whole number from 0 to 100"."""
    if parameter.choices:
        return ", ".join(parameter.choices)
    if parameter.low is None or parameter.high is None:
        return sentence(_VALUES[parameter.kind])
    return sentence(_RANGES[parameter.kind], low=f"{parameter.low:g}", high=number_text(parameter.high))


def number_text(number: float) -> str:
    """Return the number in digits, whole ones without a point."""
    return str(int(number)) if number == int(number) else f"{number:g}"


_VALUES = {
    ParameterKind.FLAG: Code.NOTHING,
    ParameterKind.RATIO: Code.RATIO,
    ParameterKind.MODEL: Code.MODEL_NAME,
    ParameterKind.VERSION: Code.MODEL_VERSION,
    ParameterKind.NIJI: Code.VERSION_OR_NOTHING,
    ParameterKind.WORDS: Code.WORD_LIST,
    ParameterKind.REFERENCES: Code.STYLES,
    ParameterKind.PICTURES: Code.PICTURE_LINKS,
    ParameterKind.CONTROL: Code.CONTROL_NAME,
    ParameterKind.RESULTS: Code.RESULT_IDS,
}
_RANGES = {
    ParameterKind.INTEGER: Code.WHOLE_NUMBER,
    ParameterKind.DECIMAL: Code.NUMBER,
    ParameterKind.ADAPTERS: Code.ADAPTERS,
}
