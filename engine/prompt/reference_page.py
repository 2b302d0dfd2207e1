"""The language page, `docs/prompt-language.md`: the language on one screen, every parameter, and what was decided.

The parameters come from the table; a test holds the file to what `language_page` returns.
"""

from __future__ import annotations

from engine.contract.jobs import Operation
from engine.prompt.errors import PromptErrors, format_errors
from engine.prompt.help import default_text, usage
from engine.prompt.parameter_type import Parameter, range_text
from engine.prompt.parameters import MAX_RATIO, PARAMETERS
from engine.prompt.parser import parse

_SCREEN = r"""# The prompt language

A prompt is pictures, then words, then parameters: `[picture addresses] words [--parameters]`.

## On one screen

| write | and it means |
|---|---|
| `a red fox in the snow` | one part |
| `space:: ship` | two parts, `space` and `ship`, equally strong |
| `space::2 ship` | the words before `::` count twice; the number must touch the colons |
| `meadow:: flowers::-.5` | away from flowers; all weights together must be more than 0, and only their ratio counts |
| `meadow --no flowers, bees` | the same, as a list: one part of weight -0.5 |
| `a (red:1.3) fox`, `a (red) fox`, `a [red] fox` | in a part: `red` counts 1.3, 1.1 and 1/1.1 times; brackets nest |
| `a {red, green} fox in {sun, rain}` | four jobs: red sun, red rain, green sun, green rain |
| `a {fox {cub, pup}, hen}` | sets nest: fox cub, fox pup, hen |
| `https://.../cat.png a cat in ink` | a picture to start from; `https://.../cat.png::2` weighs it among pictures |
| `a red fox --ar 3:2 --seed 7` | parameters go last, in any order; `--` and the name touch, and a blank goes before |
| `\--`, `\{`, `\}`, `\,`, `\:`, `\(`, `\)`, `\[`, `\]`, `\\` | the plain sign |

When something is wrong, nothing is painted: every fault is shown below the line it is in, with what to write.

```
{errors}
```

## Parameters

What a model or the service cannot do is said before the job is queued. *Needs* names that ability; where there is
none, every model can. *Grid* parameters belong to a first grid and are left out of variations.

"""

_DECIDED = (
    "Weights must sum to more than 0; a sum of 0 is refused.",
    "A number is a weight when it touches `::` and no letter, digit or point follows it: `a:: 2 b` is `a` and `2 b`, "
    "`a::3d art` is `a` and `3d art`. Weights go from -10000 to 10000.",
    "Nothing between two separators is nothing (`:: cat`, `cat::::` and `cat::2::` are one part); nothing with a "
    "weight is a fault.",
    "Quotes do not protect `::`, and an address ends at it; `\\:` is a plain colon.",
    "A `--no` list is one part of weight -0.5, however long. A second `--no` in the prompt is another one. Words of "
    "the option `negative`, of own options and of the suffix join the first list.",
    "In sets, blanks around an option go, an empty option (`{red, }`) leaves its place empty, `{a}` is `a`; `{}` and "
    "a brace without its partner are faults. Commas are separators only inside braces.",
    "`--repeat` and sets multiply, and the product has the limit of jobs. `--repeat 1` paints once. A `--seed` is the "
    "same in every job. With `--relax` a prompt makes one job.",
    "The same parameter twice is fine when both say the same, and a fault when not. The prompt and the options of the "
    "command win over own options, these over the suffix, and that over the service's own settings. `--lora` lists "
    "join.",
    "An own option is put in before sets are read, once: a value's own `--names` are not replaced again. Names of the "
    "table win. Its parameters end where it ends, so that words may follow it.",
    "Words after a parameter's value are a fault, because they would be lost.",
    "`--` begins a parameter at the start of a word, when a letter follows; so do the dashes that phones make of it. "
    "`-- ar` and `well--known` are words.",
    "The limit of characters holds for what was written, and for the prompt written out in full.",
    "Picture addresses may stand anywhere among the words, begin with http, and end in .png, .gif, .webp, .jpg or "
    ".jpeg. Weights of pictures are more than 0. One picture alone is not enough. An address that touches "
    "the words before it is a fault.",
    "`--iw`, `--sw` and `--cw` without their pictures are faults in a prompt, and wait in a suffix.",
    f"`--ar` goes from 1:{MAX_RATIO} to {MAX_RATIO}:1. A model of side S paints width and height as multiples of its "
    "step, nearest to an area of S x S that grows by 28 % for each unit of ratio beyond 1, to 14 % at most. PixArt and "
    "Sana paint the nearest of the sizes that they were trained on, and nothing wider or taller than these.",
    "`--version` and `--niji` are other ways to name a model. `--sref random` is drawn when the job is queued.",
    "A bracket without its partner is a plain sign. Words in brackets count from 0 to 10 times. `::` ends a part even "
    "inside brackets.",
    "Full-width signs, smart quotes, special blanks and hyphens become the plain ones; zero-width characters go, "
    "except joiners inside scripts and emoji. Control characters are faults.",
)

_EXAMPLE = "a red fox --ar 1.5:1 --chaos 400 --sede 7"


def language_page() -> str:
    """Return the whole page as Markdown."""
    errors = parse(_EXAMPLE)
    shown = format_errors(errors) if isinstance(errors, PromptErrors) else ""
    rows = "\n".join(map(_row, PARAMETERS))
    details = "\n".join(map(_details, PARAMETERS))
    decided = "\n".join(f"- {message}" for message in _DECIDED)
    return (
        f"{_SCREEN.replace('{errors}', shown)}{_HEADING}\n{rows}\n\n{details}\n"
        f"## What is decided here\n\nWhere the language that members know leaves something open, it is this.\n\n"
        f"{decided}\n"
    )


_HEADING = "| parameter | what it does | without it | for | needs |\n|---|---|---|---|---|"


def _row(row: Parameter) -> str:
    default = default_text(row).removeprefix("Without it: ").removesuffix(".")
    place = "grid" if Operation.VARY not in row.operations else "all"
    raw = usage(row).replace("|", "\\|")
    return f"| `{raw}` | {row.help} | {default} | {place} | {row.ability.replace('_', ' ')} |"


def _details(row: Parameter) -> str:
    same = f" The same as giving `--{row.gives}`." if row.gives else ""
    return f"### --{row.name}\n\n{row.meaning} Takes {range_text(row)}.{same}\n\n    {row.example}\n"
