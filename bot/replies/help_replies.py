"""What `/help` says: how to start, the prompt language on one screen, the buttons, the models and the commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.language import Phrase, _, said
from engine.prompt import PARAMETERS, Limits
from engine.prompt.limits import ModelCapabilities

HELP_HELP = Phrase("How to make pictures here, and what the words, buttons and commands do")
ABOUT_HELP = Phrase("What to explain")
PARAMETER_HELP = Phrase("A parameter of prompts, such as --ar")

TOPICS = {
    "start": Phrase("start"),
    "prompts": Phrase("prompts"),
    "buttons": Phrase("buttons"),
    "models": Phrase("models"),
    "commands": Phrase("commands"),
}

_START = Phrase("""\
**How to begin**
Type `/imagine` and say what you want to see, for example `/imagine prompt: {example}`. {paints}
Soon there are four pictures, with buttons below them: **U1** to **U4** show one by itself, \
**V1** to **V4** make variations of one, 🔄 tries again, and the faces say what you think of them.
`/history` finds your pictures again, `/settings` sets what holds for each of your prompts, `/info` shows your jobs \
and what you may use, and `/privacy` what is stored of you and erases it.

More: {topics}. `/help parameter: --ar` explains one parameter.""")

_PROMPTS = Phrase("""\
**What prompts can say**
`a red star at night`  words, and that is enough
`a star --no clouds, trees`  not these
`space::2 ship`  parts, of which one weighs twice as much
`a (red:1.3) star`  a word that counts more
`a {{red, green}} star`  two jobs, one for each
`https://.../boat.png a boat`  a picture to start from; `image:` takes a file
`a red star --ar 3:2 --seed 7`  parameters go last
{unequal}
**Parameters here:** {parameters}
`/help parameter: --seed` explains one of them. Anything wrong in a prompt is shown where it is, and then nothing is \
started.""")

BUTTONS = Phrase("""\
**Under four pictures**
**U1** to **U4** show one picture by itself, at once. **V1** to **V4** make four variations of one. 🔄 paints the \
prompt again.
😖 ☹️ 🙂 😍 rate what you see; press again to change it. ⋯ has everything else: the best of the four, describe, report \
and delete.
**Under one picture**
**Upscale (Subtle)** makes it larger as it is, **Upscale (Creative)** adds detail.
**Vary (Subtle)**, **Vary (Strong)** and **Vary (Region)** change it a little, a lot, or in one place that you choose.
**Zoom Out 2x**, **Zoom Out 1.5x** and **Custom Zoom** show more around it, **Make Square** fills it up, and \
⬅️ ➡️ ⬆️ ⬇️ go on in one direction.
**Animate (High)** and **Animate (Low)** make a film of it, where there is a model for films.
❤️ makes it a favourite, and ✉️ sends it to you, as it does as a reaction. `--stealth` in a prompt lets only you see it.
**While it waits**
**Cancel** stops it, and **Cancel all** all jobs of one prompt.

Buttons work for ever, also under old messages. `/prefer remix` lets you change the prompt before a button starts a \
job, and `/prefer auto_dm` sends you each result directly as well. *Apps* in the menu of a message has its recipe.""")


def start_text(limits: Limits) -> str:
    """Return how to begin, with what the default model paints if that is little."""
    known = next((one.vocabulary for one in limits.models if one.name == limits.default_model), None)
    paints = _("The model here paints {what}.", what=said(known.told)) if known else _("Any words do.")
    example = known.examples[0] if known and known.examples else _("a lighthouse in a storm")
    topics = ", ".join(f"`/help about: {said}`" for topic, said in TOPICS.items() if topic != "start")
    return _START.format(example=example, paints=paints, topics=topics)


def prompts_text(limits: Limits) -> str:
    """Return the prompt language on one screen, with the parameters that this service can do."""
    names = [f"`--{row.name}`" for row in PARAMETERS if limits.may_support(row.ability)]
    can_weigh = limits.may_support("attention")
    unequal = "" if can_weigh else _("No model here can weigh words in brackets.") + "\n"
    return _PROMPTS.format(parameters=" ".join(names), unequal=unequal)


def models_text(limits: Limits) -> str:
    """Return the models of the service with what each paints, and its adapters, as far as a message takes them."""
    if not limits.models:
        return _("The models of this server are not known at the moment. Prompts work all the same.")
    lines = [_("**Models here**"), *(_model(one, limits) for one in limits.models)]
    if limits.adapters:
        lines += [_("**Adapters** (`--lora name`)"), ", ".join(f"`{name}`" for name in limits.adapters)]
    if limits.may_support("lora"):
        lines.append(_("`/train` makes a LoRA from your own pictures, and `/lora list` shows those that you have."))
    return cut(lines)


def commands_text(commands: Iterable[tuple[str, str]]) -> str:
    """Return the commands, each with its description, as far as a message takes them."""
    return cut([_("**Commands**"), *(f"`/{name}` {told}" for name, told in commands)])


def cut(lines: Sequence[str], limit: int = 1900) -> str:
    """Return the lines as far as a message takes them, and how many are left out."""
    shown = list[str]()
    for number, line in enumerate(lines):
        if sum(map(len, shown)) + len(shown) + len(line) > limit:
            return "\n".join([*shown, _("and {number} more", number=len(lines) - number)])
        shown.append(line)
    return "\n".join(shown)


def _model(model: ModelCapabilities, limits: Limits) -> str:
    facts = [_("the default")] if model.name == limits.default_model else [f"`--model {model.name}`"]
    if model.vocabulary:
        words = ", ".join(model.vocabulary.words)
        facts.append(_("paints {what}: {words}", what=said(model.vocabulary.told), words=words))
    if model.controls:
        facts.append(_("ControlNets: {names}", names=", ".join(model.controls)))
    return f"**{model.name}**: {'; '.join(facts)}"
