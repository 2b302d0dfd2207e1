"""Speed of the prompt language: `python -m tests.bench.prompt`.

Each row is timed next to a reference in the same moment: writing and reading the same specs as JSON, which every job
does anyway. The second table shows time by length against the shortest, which stays near 1 when the way is linear.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import process_time

from engine.prompt import Limits, PromptErrors, Specs, format_errors, json_from_specs, parse, render

WIDE = Limits(max_length=10**7)
ROUNDS = 7
LEAST_SECONDS = 0.05

SHORT = "a red fox in the snow --ar 3:2 --seed 7 --no people"
PHRASE = "a lighthouse (on:1.2) a cliff, the [sea] at night, oil on canvas:: storm clouds::-.2 "
LONG = (PHRASE * 100)[:5966].rpartition(" ")[0] + " --ar 16:9 --no fog, people"
SETS = "a {red, green, blue, black} {cat, dog, fox, owl, hen} in {sun, rain} --ar 3:2 --seed 7"
FAULTY = "a red fox --ar 1.5:1 --chaos 400 --sede 7 {snow"
NESTED_SETS = "{" * 1000 + "a" + "}" * 1000


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table: what was timed, seconds a call, and the reference's."""

    name: str
    seconds: float
    reference: float


def seconds_of(call: Callable[[], object]) -> float:
    """Return the seconds of one call, the processor time and the least of several rounds, so that
    what else runs here counts little."""
    number, spent = 1, 0.0
    while (spent := _timed(call, number)) < LEAST_SECONDS:
        number *= 2
    return min(spent, *(_timed(call, number) for _ in range(ROUNDS - 1))) / number


def _timed(call: Callable[[], object], number: int) -> float:
    start = process_time()
    for _ in range(number):
        call()
    return process_time() - start


def specs_of(text: str) -> Specs:
    """Return the specs of a prompt that has no faults."""
    specs = parse(text, limits=WIDE)
    if isinstance(specs, PromptErrors):
        raise ValueError(format_errors(specs))
    return specs


def speed_rows() -> list[Row]:
    """Return parse and render of the prompts that members write, and of a faulty one."""
    rows = []
    for name, text in (("short", SHORT), (f"{len(LONG)} characters", LONG), ("40 jobs by sets", SETS)):
        specs = specs_of(text)
        reference = seconds_of(partial(_as_json, specs))
        rows.append(Row(name=f"parse {name}", seconds=seconds_of(partial(parse, text)), reference=reference))
        rendering = seconds_of(partial(_rendered, specs))
        rows.append(Row(name=f"render {name}", seconds=rendering, reference=reference))
    reference = seconds_of(partial(_as_json, specs_of(SHORT)))
    faulty = seconds_of(lambda: format_errors(_errors_of(FAULTY)))
    return [*rows, Row(name="four faults, found and shown", seconds=faulty, reference=reference)]


def _as_json(specs: Specs) -> object:
    return json.loads(json.dumps(json_from_specs(specs)))


def _rendered(specs: Specs) -> list[str]:
    return [render(spec) for spec in specs]


def _errors_of(text: str) -> PromptErrors:
    errors = parse(text)
    if not isinstance(errors, PromptErrors):
        raise ValueError(f"{text!r} has no faults")
    return errors


def length_rows() -> list[tuple[str, int, float]]:
    """Return kind, size and seconds for texts of one kind that grow from 1,000 to 64,000 characters."""
    kinds: dict[str, Callable[[int], str]] = {
        "words and parts": lambda size: (PHRASE * (size // len(PHRASE) + 1))[:size].rpartition(" ")[0],
        "one long word": lambda size: "a" * size,
        "brackets": lambda size: "(" * 20 + "a (b) [c] \\( " * (size // 13) + ")" * 20,
        "nested braces": lambda size: "{" * (size // 2) + "a" + "}" * (size // 2),
        "backslashes": lambda size: "a" + "\\" * size,
        "digits": lambda size: "a::" + "1" * size + "x",
        "unknown parameters": lambda size: "a " + "--sede " * (size // 7),
    }
    sizes = (1_000, 4_000, 16_000, 64_000)
    return [
        (kind, size, seconds_of(partial(parse, make(size), limits=WIDE)))
        for kind, make in kinds.items()
        for size in sizes
    ]


def main() -> None:
    """Print both tables."""
    print(f"{'prompt language':32} {'time':>12} {'per second':>11} {'/ JSON':>8}")
    for row in [*speed_rows(), _nested_row()]:
        ratio = row.seconds / row.reference
        print(f"{row.name:32} {row.seconds * 1e6:9.1f} us {1 / row.seconds:11,.0f} {ratio:8.2f}")
    print(f"\n{'by length':24} {'characters':>11} {'time':>12} {'ns/character':>13} {'/ 1,000':>8}")
    shortest = 1.0
    for kind, size, seconds in length_rows():
        shortest = seconds / size if size == 1_000 else shortest
        cells = f"{seconds * 1e3:9.3f} ms {seconds / size * 1e9:13.0f} {seconds / size / shortest:8.2f}"
        print(f"{kind:24} {size:11,} {cells}")


def _nested_row() -> Row:
    text = json.dumps(NESTED_SETS)
    seconds = seconds_of(lambda: parse(NESTED_SETS))
    return Row(name="parse 1,000 nested braces", seconds=seconds, reference=seconds_of(lambda: json.loads(text)))


if __name__ == "__main__":
    main()
