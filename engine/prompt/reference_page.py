"""The reference page, `docs/prompt-language.md`: the language on one screen, every parameter, and the details.

The parameters come from the table; a test compares the file with what `language_page` returns.
"""

from __future__ import annotations

from engine.contract.jobs import Operation
from engine.prompt.errors import PromptErrors, format_errors
from engine.prompt.help import default_text, usage
from engine.prompt.parameter_type import FILM, Parameter, allowed_values
from engine.prompt.parameters import MAX_RATIO, PARAMETERS
from engine.prompt.parser import parse

_SCREEN = r"""# The prompt language

A prompt is picture links, then words, then parameters: `[picture links] words [--parameters]`.

## On one screen

| write | meaning |
|---|---|
| `a red star at night` | one part |
| `space:: ship` | two parts of equal weight that the picture blends; for two things, write `a ship and a star` |
| `space::2 ship` | `space` has twice the weight; the number must touch the colons |
| `meadow:: flowers::-.5` | fewer flowers; the weights must add up to more than 0, and only their ratio matters |
| `meadow --no flowers, bees` | the same for a list: one part of weight -0.5 |
| `a (red:1.3) star`, `a (red) star`, `a [red] star` | in a part, `red` has weight 1.3, 1.1 or 1/1.1; brackets nest |
| `a {red, green} star on {grass, sea}` | four jobs: red grass, red sea, green grass, green sea |
| `a {red {star, moon}, tree}` | sets nest: red star, red moon, tree |
| `https://.../boat.png a boat at sea` | a picture to start from; with several, `.../boat.png::2` has twice the weight |
| `a red star --ar 3:2 --seed 7` | parameters go last, in any order, with a space before `--` and none after it |
| `a star <lora:ink:0.8>` | the same as `a star --lora ink:0.8`, if an adapter `ink` is registered |
| `\--`, `\{`, `\}`, `\,`, `\:`, `\(`, `\)`, `\[`, `\]`, `\\` | the literal character |

If a prompt has errors, no job is queued. Each error is shown under the text it is in, with a suggestion:

```
{errors}
```

## Parameters

If the model or the server does not support a parameter, the prompt is refused before it is queued. *Needs* is the
ability that a parameter requires; without one, every model supports it. *Grid* parameters are about all four pictures
of a new grid: re-roll keeps them, and what starts from one of the pictures (vary, region, zoom, pan, upscale) drops
them.

"""

_DECIDED = (
    "Weights must add up to more than 0.",
    "A number is a weight when it touches `::` and no letter, digit or point follows it: `a:: 2 b` is `a` and `2 b`, "
    "`a::3d art` is `a` and `3d art`. Weights range from -10000 to 10000.",
    "A small model that comes with a list of what it paints, as the starter does, was taught captions that name "
    "everything in a picture, and has nothing to blend. Where several parts name its subjects, it paints them all: "
    "`red circle::2 blue square` as `(a blue square:0.5) and a red circle`, with the lightest first. The weights are "
    "those of the words, relative to the largest. Other parts stay parts.",
    "Empty parts are ignored: `:: cat`, `cat::::` and `cat::2::` are one part. Empty parts with a weight are errors.",
    "Quotes do not escape `::`, and a link ends at it. Write `\\:` for a literal colon.",
    "A `--no` list is one part of weight -0.5, however long. A second `--no` in the prompt adds another part. Words "
    "from the command's option `negative`, custom options and the suffix are added to the first list.",
    "In sets, spaces around an option are removed, an empty option (`{red, }`) adds nothing, and `{a}` is `a`. `{}` "
    "and unmatched braces are errors. Commas separate options only inside braces.",
    "`--repeat` and sets multiply, and the job limit applies to the product. `--repeat 1` runs the prompt once. "
    "`--seed` is the same in every job. A prompt with `--relax` creates one job.",
    "Repeating a parameter with the same value is fine; different values are an error. The prompt and the command's "
    "options override custom options, these override the suffix, and the suffix overrides the server's defaults. "
    "`--lora` lists are merged.",
    "Custom options are expanded once, before sets. Options within their values are not expanded. Built-in parameters "
    "override custom options of the same name. Parameters end with the custom option, so words can follow it.",
    "Words after a parameter's value are an error, because they would be lost.",
    "`--` starts a parameter at the start of a word when a letter follows; so do the dashes that phones insert for it. "
    "`-- ar` and `well--known` are words.",
    "The character limit applies to the prompt as typed and after expansion.",
    "Picture links can be anywhere among the words. They start with http and end in .png, .gif, .webp, .jpg or .jpeg. "
    "A picture that is attached becomes a name, such as `picture:0123456789abcdef`, by which whoever brought it has it "
    "again. Animated pictures are refused; of others, the middle is taken that has the grid's shape. Their weights "
    "must be greater than 0. One picture without words is an error, and so is a link without a space before it.",
    "`--iw`, `--strength`, `--sw` and `--cw` without pictures are errors in a prompt, and are ignored in a suffix.",
    "With `--control`, the picture is no start: there is exactly one, with words, and `--iw` and `--strength` are "
    "errors. It is cut to the grid's shape as others are.",
    f"`--ar` ranges from 1:{MAX_RATIO} to {MAX_RATIO}:1. A model with native side S uses the multiples of its step "
    "that are nearest to an area of S x S, which grows by 28 % per unit of ratio above 1, up to 14 %. PixArt and "
    "Sana use the nearest of the sizes that they were trained on, and no wider or taller ones.",
    "`--version` and `--niji` are other ways to select a model. `--sref` and `--cref` need a model that "
    "has an IP-Adapter for them.",
    "An unmatched bracket is a literal character. Weights in brackets range from 0 to 10. `::` ends a part even inside "
    "brackets.",
    "`<lora:name:0.8>` among the words is `--lora name:0.8`; the name is that of the adapter or of its file. Other "
    "syntax of AUTOMATIC1111, ComfyUI, InvokeAI, NovelAI, SwarmUI and Dynamic Prompts is refused with what to write "
    "instead: `AND`, `AND_SALT`, `BREAK`, `COUPLE`, `MASK(...)`, `AREA(...)`, `FILL()`, `__wildcard__`, `$variable`, "
    "`[a:b:0.5]`, `[a|b]`, `{a|b}`, `{{a}}`, `<hypernet:x>`, `embedding:x`, `<a-name>`, `1.2::word::`, `(word)++`, "
    "`.blend()`, `.withLora()`, `// comment`, `/* comment */`, lines that start with `#`, JSON, `/imagine`, "
    "`-s 20`, and a pasted `Prompt:`, `Negative prompt:` or `Steps: 20, ...`. For the words themselves, write "
    "`\\AND`, `\\BREAK`, `\\COUPLE`, `\\__x__`, `\\$x`, `\\/`, `\\|`, or `\\:` for the colon. In a sentence "
    "in capitals, `AND`, `BREAK` and `COUPLE` are words.",
    "Full-width characters, smart quotes, special spaces and hyphens are converted to ASCII. Zero-width characters are "
    "removed, except joiners inside scripts and emoji. Control characters are errors.",
)

_EXAMPLE = "a red star --ar 1.5:1 --cfg 400 --sede 7"


def language_page() -> str:
    """Return the whole page as Markdown."""
    errors = parse(_EXAMPLE)
    shown = format_errors(errors) if isinstance(errors, PromptErrors) else ""
    rows = "\n".join(map(_row, PARAMETERS))
    details = "\n".join(map(_details, PARAMETERS))
    decided = "\n".join(f"- {message}" for message in _DECIDED)
    return (
        f"{_SCREEN.replace('{errors}', shown)}{_HEADING}\n{rows}\n\n{details}\n"
        f"## Details\n\nRules that other services leave open.\n\n"
        f"{decided}\n"
    )


_HEADING = "| parameter | what it does | default | for | needs |\n|---|---|---|---|---|"


def _row(row: Parameter) -> str:
    default = default_text(row).removeprefix("Default: ").removesuffix(".")
    place = "film" if row.operations == FILM else "grid" if Operation.VARY not in row.operations else "all"
    raw = usage(row).replace("|", "\\|")
    needs = row.ability.replace("_", " ")
    return f"| `{raw}` | {row.help} | {default} | {place} | {needs} |"


_EXAMPLE_NEEDS = {
    **dict.fromkeys(("control", "control-weight"), "The example needs a registered ControlNet of this name."),
    "lora": "The example needs registered adapters of these names.",
    "version": "The example needs a registered model of this name.",
    "niji": "The example needs a registered model of this name.",
    **dict.fromkeys(("style", "raw", "stylize"), "The example needs a style of the community."),
    **dict.fromkeys(("sref", "sw"), "The example needs an IP-Adapter for styles."),
    **dict.fromkeys(
        ("motion", "frames", "fps"), "The example needs `/animate`, and a model that has a motion adapter."
    ),
    **dict.fromkeys(("cref", "cw"), "The example needs an IP-Adapter for characters."),
}


def _details(row: Parameter) -> str:
    same = f" Sets `--{row.gives}`." if row.gives else ""
    notes = f" {_EXAMPLE_NEEDS[row.name]}" if row.name in _EXAMPLE_NEEDS else ""
    return f"### --{row.name}\n\n{row.meaning} Takes {allowed_values(row)}.{same}{notes}\n\n    {row.example}\n"
