"""Strange prompts by the million through the prompt language: `python -m tests.bench.prompt_fuzz 1000000 7`.

Prints what was made, every input that raised or did not come back from its canonical prompt, and the slowest.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from time import perf_counter, process_time

from engine.prompt import PromptDefaults, PromptErrors, format_errors, json_from_specs, parse, parse_attention, render
from engine.prompt.parameters import BY_SPELLING
from tests.engine.prompt.strategies import SIGNS, VALUES, WORDS
from tests.engine.prompt.test_examples import EXAMPLES

SEEDS = tuple(example.text for example in EXAMPLES)
NAMES = (*BY_SPELLING, "ink", "foo", "AR", "oref", "鳥")
ALL_VALUES = (*(value for values in VALUES.values() for value in values), "0", "-1", "1e9", "a:b:c", "::2", "9" * 30)
DASHES = ("--", "--", "--", "—", "–", "－－")
LETTERS = (
    "{",
    "}",
    ",",
    "\\",
    ":",
    "::",
    "(",
    ")",
    "[",
    "]",
    "--",
    "—",
    "-",
    ".",
    "a",
    "r",
    "2",
    " ",
    "\u200d",
    "http://a/b.png",
)
MAX_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Input:
    """One call of the parser: the prompt, what stands beside it, and how it was made."""

    kind: str
    text: str
    suffix: str = ""
    option: str = ""
    given: Mapping[str, str]


def make_input(random: Random) -> Input:
    """Return an input of a kind drawn at random."""
    kind = random.choice(
        ("soup", "soup", "mutated", "mutated", "unicode", "ascii", "repeated", "long", "signs", "signs")
    )
    aside = random.random() < 0.25
    return Input(
        kind=kind,
        text=_TEXTS[kind](random),
        suffix=soup(random, 4) if aside else "",
        option=soup(random, 5) if aside else "",
        given={random.choice(NAMES): soup(random, 3)} if aside else {},
    )


def soup(random: Random, size: int = 24) -> str:
    """Return words, signs, parameters and characters of the language, thrown together."""
    return random.choice(("", " ")).join(_piece(random) for _ in range(random.randrange(size)))


def _piece(random: Random) -> str:
    draw = random.random()
    if draw < 0.35:
        return random.choice(WORDS)
    if draw < 0.7:
        return random.choice(SIGNS)
    if draw < 0.95:
        return f"{random.choice(DASHES)}{random.choice(NAMES)} {random.choice(ALL_VALUES)}"
    return _character(random)


def _character(random: Random) -> str:
    return chr(random.choice((random.randrange(128), random.randrange(0x3000), random.randrange(0x110000))))


def mutated(random: Random) -> str:
    """Return a worked example with a few pieces cut, doubled, moved or put in."""
    text = random.choice(SEEDS)
    for _ in range(random.randrange(1, 5)):
        start, end = sorted(random.randrange(len(text) + 1) for _ in range(2))
        put_in = random.choice(("", text[start:end] * 2, _piece(random), random.choice(SEEDS)[:20]))
        text = text[:start] + put_in + text[random.choice((start, end)) :]
    return text


def repeated(random: Random) -> str:
    """Return a piece many times, which is where ways that are not linear show."""
    return soup(random, 3) + _piece(random) * random.randrange(1, 200) + soup(random, 3)


def long(random: Random) -> str:
    """Return a prompt about as long as is allowed."""
    if random.random() < 0.99:
        return soup(random, 60)
    return (soup(random, 400) * 20)[: random.choice((5999, 6000, 6001))]


_TEXTS = {
    "soup": soup,
    "mutated": mutated,
    "signs": lambda random: "".join(random.choice(LETTERS) for _ in range(random.randrange(10))),
    "unicode": lambda random: "".join(_character(random) for _ in range(random.randrange(60))),
    "ascii": lambda random: "".join(chr(random.randrange(32, 127)) for _ in range(random.randrange(80))),
    "repeated": repeated,
    "long": long,
}


def check(made: Input) -> str:
    """Return what the input came to: "faults" or "specs".

    Raises: AssertionError when a promise of the language is broken, and whatever the language raises.
    """
    result = parse(
        made.text, PromptDefaults(suffix=made.suffix, options={"ink": made.option}), command_options=made.given
    )
    if isinstance(result, PromptErrors):
        shown = format_errors(result)
        assert "^" in shown and "```" not in shown and len(shown) < 2000
        assert all(0 <= error.start <= error.end <= len(error.source.text) for error in result.errors)
        return "faults"
    json.dumps(json_from_specs(result), ensure_ascii=False).encode()
    for spec in {spec.prompt: spec for spec in result}.values():
        assert parse(render(spec)) == (spec,), render(spec)
        assert all(0 <= weight <= 10 for part in spec.parts for _, weight in parse_attention(part.text))
    return "specs"


def _processor_seconds(made: Input) -> float:
    start = process_time()
    parse(made.text, PromptDefaults(suffix=made.suffix, options={"ink": made.option}), command_options=made.given)
    return process_time() - start


def main(number: int, seed: int) -> int:
    """Print a report on `number` inputs, and return how many broke a promise."""
    random = Random(seed)
    outcomes: Counter[tuple[str, str]] = Counter()
    slowest, slowest_wait, broken, characters = (0.0, ""), 0.0, 0, 0
    for _ in range(number):
        made = make_input(random)
        characters += len(made.text)
        start = perf_counter()
        try:
            outcome = check(made)
        except Exception as error:  # noqa: BLE001 - whatever is raised is the finding
            outcome, broken = "broken", broken + 1
            if broken <= MAX_SHOWN:
                print(f"{type(error).__name__}: {str(error)[:400]!a}\n  {ascii(made)[:400]}")
        waited = perf_counter() - start
        if waited > slowest_wait:
            # What waits long may only have had to share the processor, whose own clock is too slow to ask every time.
            slowest_wait, slowest = waited, max(slowest, (_processor_seconds(made), ascii(made.text[:200])))
        outcomes[made.kind, outcome] += 1
    print(f"{number:,} inputs of seed {seed}, {characters:,} characters, {broken} broke a promise")
    for (kind, outcome), count in sorted(outcomes.items()):
        print(f"{kind:10} {outcome:8} {count:10,}")
    print(f"slowest: {slowest[0] * 1e3:.1f} ms of processor time to parse, {slowest[1]}")
    return broken


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]), int(sys.argv[2]))))
