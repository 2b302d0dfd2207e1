"""Prompts that provoke every sentence of the prompt language, and the sentences that they provoke."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from engine.contract.jobs import Operation
from engine.prompt import (
    Code,
    Limits,
    ModelCapabilities,
    PromptDefaults,
    PromptErrors,
    Sentence,
    SizeLimits,
    StepLimits,
    Told,
    Vocabulary,
    check_option,
    check_style,
    notes_on,
    parse,
    sentence,
)
from engine.prompt.checks.between import between_spec
from engine.prompt.errors import MAX_SHOWN_LENGTH, format_errors
from engine.prompt.parameter_type import allowed_values
from engine.prompt.parameters import FOREIGN_PARAMETERS, PARAMETERS
from tests.engine.prompt.checks.test_between import NAMED, result_of, spec_of

PNG = "https://a.org/a.png"
ID = "01900000-0000-7000-8000-000000000001"
SIZES = SizeLimits(square=512, multiple=8, min_side=256, max_side=768)
SMALL = ModelCapabilities(
    name="small",
    abilities=frozenset({"images", "lora", "sampler", "style"}),
    incompatible_adapters={"big": sentence(Code.DAMAGED)},
    samplers=("euler", "ddim"),
    step_limits=StepLimits(default=20, sampler="euler", maximum=60, max_steps_by={"ddim": 30}),
    size_limits=SIZES,
    vocabulary=Vocabulary(paints="simple shapes", words={"circle": ("disc",)}, examples=("a red circle",)),
    style="",
    reads_pictures=False,
)
ABLE = ModelCapabilities(
    name="able",
    size_limits=SizeLimits(square=512, multiple=8, min_side=256, max_side=768, sizes=((512, 512), (768, 512))),
    controls=("canny",),
    incompatible_adapters={"big": sentence(Code.NO_LORA)},
)
BARE = ModelCapabilities(
    name="bare",
    controls=(),
    incompatible_adapters={"big": sentence(Code.FOR_FAMILY, family="sd1"), "ink": sentence(Code.FOR_MODEL, model="x")},
)
LATER = ModelCapabilities(name="later", operations=(Operation.VARY,))
LIMITED = Limits(
    adapters=("ink", "big"), abilities=frozenset(), default_model="small", models=(SMALL, ABLE, BARE, LATER)
)

KINDS = (Code.LOHA, Code.LOKR, Code.OFT, Code.GLORA, Code.DORA, Code.IA3, Code.THIRD_MATRIX, Code.FULL_DIFFERENCE)
MISFITS = (
    *(sentence(Code.OTHER_KIND, layer="unet.up", kind=sentence(kind), tensor="x") for kind in KINDS),
    *(
        sentence(code, layer="unet.up")
        for code in (Code.QUANTIZED, Code.NOT_WHOLE, Code.UNEQUAL_RANKS, Code.EMPTY_LAYER)
    ),
    *(sentence(code) for code in (Code.METADATA_WRONG, Code.OTHER_PREDICTION)),
)
"""Why an adapter does not fit, beside what the models above say."""

FAULTY = (
    *("", "\x00 fox", "a fox {", "a fox }", "a {} fox", "{a, b --r 40}", "{a,b}" * 21, "a bird --r 2 --relax"),
    *(PNG, "a fox --ink", "a fox " + "x" * 6000, "a\\b" * 2000, "a " + " ".join(f"--wrong{n}" for n in range(99))),
    *("a --Seed 1", "a --arr 3:2", "a --x", "a --s50", "a --fast --relax", "a --seed", "a --no ,,", "a --seed 5 dog"),
    *("a --raw yes", "a --q 0", "a --ar 1.5:1", "a --ar 0:1", "a --c 1.5", "a --cfg x", "a --no red::2"),
    *("a --no b http://x.org", "a --sref 12::0", "a --lora ink:x", "a --lora ink:3", "a --lora ink:", "a --iw 1"),
    *("a --interpolate", "a --model a/b", "a --v ../x", "a --niji ../x", "a --sref cat", "a --cref ink"),
    *("a --lora a/b:1", "a --control a/b", "a --profile a/b", "a --at 1"),
    *("--between a b", f"--between {ID}", f"--between {ID} {ID} c", f"{PNG} --between {ID} {ID}"),
    *("a blob:https://a", "a file:///etc/a.png", "a https://[::1]/a.png", "a https://a", "a (see:https://a.org)"),
    *(f"{PNG}::0 a", "::2", "a::20000 b", "a::-1", "a --no b --no c", "a:: b::-3", "a (fox:11)"),
    *("a AND b", "a BREAK b", "a ADDCOL b", "a COUPLE b", "a MASK(b)", "a __x__", "a $animal", "a <cat-toy>"),
    *("a Negative prompt: b", "a Steps: 20", "a -s 20", "prompt: a", "a fox++", "-1::fog :: b", "a [b|c]"),
    *("a [cat:10]", "a // b", "a fox\n# in snow", '{"a": 1}', "a {{red}} fox", "a {2$$cat|dog}", "a {b|c}"),
    *("a <random:b>", "a <hypernet:b>", "a <embed:b>", "a <region:b>", "a <preset:b>"),
    *("a lora:ink", "a <lora>", "a <lora:wash:>", "a <lora:wash:1:2>", "a --no fog <lora:ink:1>"),
    *(f"a --{name}" for name in FOREIGN_PARAMETERS),
)
"""Refused whatever the service can do."""

REFUSED = (
    *("a --lora inc", "a --lora zzzzzz --model able", "a --v 5", "a --p --model able", "a --p --model small"),
    *("a --q 3", "a --turbo", "a (fox)", "a --model later", "a --steps 61", "a --sampler ddim --steps 40"),
    *(
        "a --sampler lcm",
        "a --lora big",
        "a --lora big --model bare",
        "a --lora ink --model bare",
        "a --lora big --model able",
        "a --sref 123 --model able",
    ),
    *("a --ar 1:3", "a --ar 9:1 --model able", f"{PNG} a --control canny --model bare", "a --sref random --cw 3"),
    *(f"{PNG} a --control zzz --model bare", f"{PNG} a --control zzz --model able", "a --control cannny --model able"),
    *(f"{PNG} {PNG} a --control canny --model able", f"{PNG} --control canny --model able"),
    f"{PNG} a --control canny --iw 1 --model able",
)
"""Refused by the service of `LIMITED`."""

NOTED = (
    f"{PNG} a circle",
    *("two boxes --no box", "a red circle --no red, circle", "a dragon", "a circle --stylize 200"),
    *("a cat --best 8 --video", "a:: b --best 8 --chaos 9 --interpolate", "a circle --best 8", "a circle --tile"),
    *("a circle --motion low", "a circle --motion low --fps 12"),
)
"""Painted, with notes."""


@cache
def provoked() -> dict[Code, Sentence]:
    """Return a sentence for each code that comes up, those within sentences too."""
    return {one.code: one for told in _everything() for one in _within(told)}


def _everything() -> Iterator[Told]:
    for text in FAULTY:
        yield from _told(parse(text))
    for text in REFUSED:
        yield from _told(parse(text, limits=LIMITED))
    yield from _told(
        parse(f"{PNG} a", limits=Limits(models=(replace(SMALL, abilities=frozenset()),), default_model="small"))
    )
    yield from _told(parse("a --tile", limits=Limits(models=(SMALL,), default_model="small")))
    yield from _told(parse("a --lora ink", limits=Limits(adapters=())))
    for told in MISFITS:
        model = replace(ABLE, incompatible_adapters={"big": told})
        yield from _told(parse("a --lora big", limits=Limits(adapters=("big",), models=(model,), default_model="able")))
    yield from _told(parse("a fox", PromptDefaults(suffix="in ink --seed x"), command_options={"seed": "x"}))
    yield from _told(parse("a --ink", PromptDefaults(options={"ink": "x" * 7000})))
    yield from _told(parse("a --ink", PromptDefaults(options={"ink": "--seed x"})))
    for name in ("seed", "7"):
        yield from _told(check_option(name, "x"))
    for known in (["ink"], []):
        yield from _told(check_style("sand", known))
    for text in NOTED:
        for limits in (Limits(), LIMITED):
            for operation in (Operation.IMAGINE, Operation.PAN):
                yield from _notes(text, limits, operation)
    yield from map(allowed_values, PARAMETERS)
    yield from _refused_ends()
    yield from _shown_beside_errors()


def _told(result: object) -> Iterator[Told]:
    assert isinstance(result, PromptErrors), result
    for error in result.errors:
        yield from (error.message, error.suggestion, *([error.source.where] if error.source.where else []))


def _notes(text: str, limits: Limits, operation: Operation) -> Iterable[Told]:
    specs = parse(text, limits=limits)
    return () if isinstance(specs, PromptErrors) else notes_on(specs[0], limits, operation)


def _refused_ends() -> Iterator[Told]:
    """Yield why two results do not go together, and that there is none."""
    for text, one, other in (
        (NAMED, result_of("a cat"), result_of("a dog", model="other")),
        (NAMED, result_of("a cat"), result_of("a dog", width=256)),
        (NAMED, result_of("a cat --cfg 3"), result_of("a dog")),
        (NAMED, result_of("a cat --chaos 9"), result_of("a dog")),
        (f"{NAMED} --steps 40", result_of("a cat"), result_of("a dog")),
        (f"a horse {NAMED}", result_of("a cat"), result_of("a dog")),
    ):
        told = between_spec(spec_of(text), one, other)
        assert isinstance(told, Sentence)
        yield told
    yield sentence(Code.RESULT_UNKNOWN, name=ID)


def _shown_beside_errors() -> Iterator[Told]:
    """Yield what stands beside errors, as it is said: how many more there are, and the field of a form."""
    many = parse("a " + " ".join(f"--wrong{number}" for number in range(99)))
    assert isinstance(many, PromptErrors)
    shown: list[Told] = []

    def say(told: Told) -> str:
        shown.append(told)
        return str(told)

    format_errors(many, max_length=MAX_SHOWN_LENGTH, said=say)
    yield from shown
    yield sentence(Code.IN_FIELD, name="Shape")


def _within(told: Told) -> Iterator[Sentence]:
    if isinstance(told, Sentence):
        yield told
        for _, field in told.fields:
            if isinstance(field, Sentence):
                yield from _within(field)
