"""The worked examples of the behaviour that members know, by their number there.

`ours` marks those where what members know is silent, or means something that an engine of our own has no use for:
there the test holds what the language page decides, and says nothing about others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from engine.contract.painting import NUM_PICTURES
from engine.prompt import Limits, ModelCapabilities, PromptDefaults, PromptErrors, format_errors, parse
from engine.prompt.parameters import BY_SPELLING

Want = tuple[tuple[str, float], ...]

TWENTY_MORE = "{" + ", ".join(f"c{number}" for number in range(41)) + "} bird"
PNG_A, PNG_B = "https://a.org/a.png", "https://b.org/b.png"


@dataclass(frozen=True, kw_only=True)
class Example:
    """One example: a prompt, and the parts of each job, or a piece of the error's message or suggestion."""

    number: int
    text: str
    jobs: tuple[Want, ...] = ()
    error: str = ""
    parameters: tuple[Mapping[str, object], ...] = ()
    images: tuple[tuple[str, float], ...] = ()
    ours: bool = False
    defaults: PromptDefaults = field(default_factory=PromptDefaults)
    limits: Limits = field(default_factory=Limits)


def one(number: int, text: str, *parts: tuple[str, float], ours: bool = False, **parameters: object) -> Example:
    """Return an example of one job."""
    return Example(number=number, text=text, jobs=(parts,), parameters=(parameters,) if parameters else (), ours=ours)


def each(number: int, text: str, *texts: str, ours: bool = False) -> Example:
    """Return an example of several jobs of one part each."""
    return Example(number=number, text=text, jobs=tuple(((words, 1.0),) for words in texts), ours=ours)


def refused(number: int, text: str, error: str, *, ours: bool = False, limits: Limits | None = None) -> Example:
    """Return an example of a prompt with an error."""
    return Example(number=number, text=text, error=error, ours=ours, limits=limits or Limits())


def _able(name: str, *abilities: str) -> Limits:
    return Limits(models=(ModelCapabilities(name=name, abilities=frozenset(abilities)),))


NESTED = "{seagull {on a pier, on a beach}, poodle {on a sofa, in a truck}}"
EIGHT = tuple(
    f"A {art} of a {what}."
    for art in ("sculpture", "painting")
    for what in ("seagull on a pier", "seagull on a beach", "poodle on a sofa", "poodle in a truck")
)

EXAMPLES: tuple[Example, ...] = (
    one(1, "vibrant california poppies", ("vibrant california poppies", 1)),
    one(2, "space ship", ("space ship", 1)),
    one(3, "space:: ship", ("space", 1), ("ship", 1)),
    one(4, "space::2 ship", ("space", 2), ("ship", 1)),
    one(5, "space:: ship::2", ("space", 1), ("ship", 2)),
    one(6, "cheese:: cake painting", ("cheese", 1), ("cake painting", 1)),
    one(7, "cheese:: cake:: painting", ("cheese", 1), ("cake", 1), ("painting", 1)),
    one(8, "cheese::2 cake", ("cheese", 2), ("cake", 1)),
    one(8, "cheese::4 cake::2", ("cheese", 4), ("cake", 2)),
    one(8, "cheese::100 cake::50", ("cheese", 100), ("cake", 50)),
    one(9, "still life gouache painting:: fruit::-.5", ("still life gouache painting", 1), ("fruit", -0.5)),
    one(10, "still life gouache painting --no fruit", ("still life gouache painting", 1), ("fruit", -0.5)),
    one(11, "bowl of fruits --no citrus, table", ("bowl of fruits", 1), ("citrus, table", -0.5)),
    one(12, "hot dog::1.5 food::-1", ("hot dog", 1.5), ("food", -1)),
    one(13, "hot dog::1.25 animal::-0.75", ("hot dog", 1.25), ("animal", -0.75)),
    one(14, "hot dog:: food::-1 animal", ("hot dog", 1), ("food", -1), ("animal", 1)),
    refused(15, "hot dog animal::-1", "add up to -1"),
    refused(16, "hot:: dog::-1", "add up to 0. The sum must be greater than 0"),
    refused(17, "hot:: dog::-2", "add up to -1"),
    refused(18, "a --no b --no c", "Use one list: --no a, b", ours=True),
    one(19, "this :: 2 that :: 3", ("this", 1), ("2 that", 1), ("3", 1), ours=True),
    one(20, "this : : that", ("this : : that", 1)),
    one(21, "hot::1.5 dog --v 3", ("hot", 1.5), ("dog", 1), model="v3", ours=True),
    one(22, "space:: ship --v 7", ("space", 1), ("ship", 1), model="v7", ours=True),
    each(23, "a {red, green, yellow} bird", "a red bird", "a green bird", "a yellow bird"),
    each(
        24,
        "a {red, green} bird in the {jungle, desert}",
        "a red bird in the jungle",
        "a red bird in the desert",
        "a green bird in the jungle",
        "a green bird in the desert",
    ),
    each(25, "A {sculpture, painting} of a {seagull {on a pier, on a beach}, poodle {on a sofa, in a truck}}.", *EIGHT),
    Example(
        number=26,
        text="fruit salad bird --ar {3:2, 1:1, 2:3, 1:2}",
        jobs=((("fruit salad bird", 1),),) * 4,
        parameters=({"ar": "3:2"}, {"ar": "1:1"}, {"ar": "2:3"}, {"ar": "1:2"}),
    ),
    Example(
        number=27,
        text="fruit salad bird --{v 5, niji}",
        jobs=((("fruit salad bird", 1),),) * 2,
        parameters=({"model": "v5"}, {"model": "niji"}),
    ),
    refused(27, "fruit salad bird --{v 5, niji, test}", "Unknown parameter --test", ours=True),
    each(28, r"{red, pastel \, yellow} bird", "red bird", "pastel, yellow bird"),
    each(29, "a {happy,sad} penguin", "a happy penguin", "a sad penguin"),
    each(30, "a happy penguin --r 3", *["a happy penguin"] * 3),
    refused(31, "a {1, 2, 3, 4, 5} bird", "This creates 5 jobs. The limit is 4", limits=Limits(max_jobs=4)),
    refused(
        31, "{a, b, c, d, e, f, g, h, i, j, k} bird", "creates 11 jobs. The limit is 10", limits=Limits(max_jobs=10)
    ),
    refused(31, TWENTY_MORE, "This creates 41 jobs. The limit is 40"),
    refused(32, "a {red, green} bird --relax", "--relax allows 1 job at a time, and this prompt creates 2"),
    refused(32, "a bird --r 2 --relax", "--relax allows 1 job at a time"),
    Example(
        number=33,
        text="{hot::2, cold::3} dog",
        jobs=((("hot", 2), ("dog", 1)), (("cold", 3), ("dog", 1))),
        ours=True,
    ),
    Example(number=34, text=f"{PNG_A} a cool person", jobs=((("a cool person", 1),),), images=((PNG_A, 1),)),
    Example(number=35, text=f"{PNG_A} {PNG_B}", jobs=((),), images=((PNG_A, 1), (PNG_B, 1))),
    refused(36, PNG_A, "One picture is not enough"),
    Example(
        number=37,
        text=f"cactus {PNG_A}::4 {PNG_B}::1 --iw 0.5",
        jobs=((("cactus", 1),),),
        images=((PNG_A, 4), (PNG_B, 1)),
        parameters=({"iw": 0.5},),
    ),
    Example(
        number=38,
        text=f"{PNG_A} t1::2 t2::3 --iw 1",
        jobs=((("t1", 2), ("t2", 3)),),
        images=((PNG_A, 1),),
        parameters=({"iw": 1},),
    ),
    refused(39, "https://cdn.example.org/x.null cat", "not a picture link"),
    refused(40, "blob:https://example.org/1234 cat", "A blob: link works only in your own browser"),
    one(41, "landscape —ar 3:2", ("landscape", 1), ar="3:2"),
    one(42, "landscape -- ar 3:2", ("landscape -- ar 3:2", 1), ours=True),
    refused(43, "cat --ar 1.39:1", "Write --ar 139:100"),
    one(44, "cat --ar 1920:1080", ("cat", 1), ar="16:9"),
    refused(45, "cat --v5", "Unknown parameter --v5. Write --v 5."),
    refused(45, "cat --foo", "Unknown parameter --foo"),
    refused(46, "cat --s 1200 --v 7", "--stylize must be between 0 and 1000"),
    refused(47, "cat --c 101", "--chaos must be between 0 and 100", ours=True),
    refused(47, "cat --stop 5", "--stop must be between 10 and 100", ours=True),
    refused(47, "cat --seed 4294967296", "--seed must be between 0 and 4294967295", ours=True),
    refused(47, f"{PNG_A} cat --iw 4", "--iw must be between 0 and 3", ours=True),
    refused(47, "cat --weird 3001", "--weird must be between 0 and 3000", ours=True),
    refused(48, f"cat --cref {PNG_A} --v 7", "--cref is not available with v7", limits=_able("v7", "style")),
    refused(49, "cat --AR 3:2", "Use lower case: --ar"),
    refused(50, "cat --p", "--p is not available on this server", limits=Limits(abilities=frozenset({"speed"}))),
    refused(51, "cat --stealth", "--stealth is not available on this server", limits=Limits(abilities=frozenset())),
    Example(
        number=52,
        text="--pablo playing basketball --pic",
        jobs=((("a young man with big blue eyes, wearing an orange hoodie, playing basketball", 1),),),
        parameters=({"ar": "3:2", "style": "raw"},),
        defaults=PromptDefaults(
            options={
                "pablo": "a young man with big blue eyes, wearing an orange hoodie,",
                "pic": "--ar 3:2 --raw",
            }
        ),
    ),
    refused(53, "cat --version 4 --stylize 10000", "--stylize must be between 0 and 1000"),
    refused(54, "", "has no words"),
    refused(54, "--ar 3:2 --tile", "has no words"),
    one(55, 'movie poster with title "Aliens!"', ('movie poster with title "Aliens!"', 1)),
    one(55, "movie poster with title “Aliens!”", ('movie poster with title "Aliens!"', 1)),
    one(56, "text only --video", ("text only", 1), video=True, ours=True),
)


@pytest.mark.parametrize(
    "example",
    EXAMPLES,
    ids=lambda example: f"{example.number}{'-ours' if example.ours else ''} {example.text[:40]!a}",
)
def test_worked_example(example: Example) -> None:
    """The prompt means what the example says, down to parts, weights, pictures and parameters."""
    result = parse(example.text, example.defaults, example.limits)
    if isinstance(result, PromptErrors):
        assert example.error and example.error in format_errors(result), format_errors(result)
        return
    assert not example.error
    assert tuple(tuple((part.text, part.weight) for part in spec.parts) for spec in result) == example.jobs
    assert tuple(dict(spec.parameters) for spec in result) == (example.parameters or ({},) * len(result))
    assert all(tuple((image.url, image.weight) for image in spec.images) == example.images for spec in result)


def test_every_example_is_here() -> None:
    """There are 56 examples, and each has its test."""
    assert {example.number for example in EXAMPLES} == set(range(1, 57))


def test_what_the_first_example_leaves_unsaid() -> None:
    """A prompt without parameters creates four square pictures."""
    assert BY_SPELLING["ar"].default == "1:1" and NUM_PICTURES == 4


@pytest.mark.parametrize(
    ("one_way", "another"),
    [
        ("still life:: fruit::-.5", "still life --no fruit"),
        ("cheese::1 cake::1", "cheese:: cake"),
        ("a --raw", "a --style raw"),
        ("a --c 7", "a --chaos 7"),
        ("a --v 6", "a --model v6"),
        ("a --aspect 6:4", "a --ar 3:2"),
        ("a --q 2", "a --quality 2."),
    ],
)
def test_two_ways_to_say_the_same(one_way: str, another: str) -> None:
    """Both prompts create the same specs, canonical prompt included."""
    assert parse(one_way) == parse(another)
