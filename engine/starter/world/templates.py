"""The sentences that people might type, as templates with slots; `phrasings` fills them.

Every sixth template of a table is held out: no training caption is made of it, and the evaluation asks with it.

Slots: `{a}` things with their article or number, `{bare}` the same without an article, `{on}` "on a white background",
`{ground}` "a white background", `{bare_ground}` "white background", `{ground_is}` "the background is white", `{at}`
"on the left", `{there_is}`, `{is}` and `{it}` in the number of the things.
"""

from __future__ import annotations

from collections.abc import Sequence

HELD_OUT_EVERY = 6


def templates_of(table: Sequence[str], *, held_out: bool) -> tuple[str, ...]:
    """Return every sixth template of a table, or all the others."""
    return tuple(
        template for index, template in enumerate(table) if (index % HELD_OUT_EVERY == HELD_OUT_EVERY - 1) == held_out
    )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.splitlines() if line)


NOUNS = _lines("""
{size} {colour} {noun}
{colour} {noun} that {is} {size}
{noun} in {colour}, {size}
{size}, {colour} {noun}
{size} {noun} that {is} {colour}
{noun} that {is} {colour} and {size}
{size} {noun} in {colour}
{colour} {size} {noun}
{size} and {colour} {noun}
{size} {colour} coloured {noun}
{noun} that {is} {size} and {colour}
{size} {noun} painted {colour}
{colour}, {size} {noun}
{size} {colour}-coloured {noun}
{noun}, {size} and {colour}
{size} {noun} of {colour} colour
{size} {noun} coloured {colour}
{noun} which {is} {colour} and {size}
""")
"""One kind of thing with its size and colour, without an article. Where one is not said, its word falls out."""

NOUNS_COLOURED = _lines("""
{colour} {noun}
{noun} in {colour}
{colour} coloured {noun}
{noun} that {is} {colour}
{colour}-coloured {noun}
{noun} painted {colour}
{noun}, {colour}
{noun} of {colour} colour
{colour} colored {noun}
{noun} coloured {colour}
{noun} which {is} {colour}
{noun} with {colour} colour
""")
"""One kind of thing with its colour."""

PAIRS = _lines("""
{first} {relation} {second}
{second} {inverse} {first}
{first} that is {relation} {second}
{first} standing {relation} {second}
{second} with {first} {on_side}
{second} and {first} {on_side}
{second} that is {inverse} {first}
{first} placed {relation} {second}
{first} {on_side} and {second} {on_other_side}
{second} {on_other_side} and {first} {on_side}
{on_side} {first}, {on_other_side} {second}
{on_other_side} {second}, {on_side} {first}
{second} located {inverse} {first}
{first} {on_side}, {second} {on_other_side}
{second} {on_other_side}, {first} {on_side}
{second}, and {relation} it {first}
{first}, and {inverse} it {second}
{on_side} there is {first}, {on_other_side} {second}
""")
"""Two different things and where they stand; `{inverse}` is the relation seen from the second."""

PAIRS_UNPLACED = _lines("""
{first} and {second}
{second} and {first}
{first} next to {second}
{first} with {second}
{second} beside {first}
both {first} and {second}
{first}, {second}
{second} together with {first}
{second} next to {first}
{first} plus {second}
{first} beside {second}
{first} as well as {second}
""")
"""Two different things, with no word of where they stand."""

THINGS = _lines("""
{a}
{bare}
just {a}
{a}, nothing else
only {a}
simply {a}
{there_is} {a}
{a} alone
{there_is} only {a}
one can see {a}
you see {a}
{a} and nothing more
""")

THINGS_AT = _lines("""
{a} {at}
{at} {a}
{bare} {at}
{at}, {a}
{there_is} {a} {at}
{a} that {is} {at}
{at} {there_is} {a}
{a} placed {at}
{bare}, {at}
{a}, {at}
{a}, placed {at}
{a} standing {at}
""")

THINGS_ON = _lines("""
{a} {on}
{ground} with {a}
{on} {a}
{bare} {on}
{ground} with {a} on it
{ground} that has {a} on it
{on}, {a}
{a}, {ground}
{a} with {ground}
{ground}, {a}
{bare}, {bare_ground}
{bare_ground} with {bare}
{bare_ground}, {bare}
{bare} {bare_ground}
{a} and {ground}
{ground} and {a}
{there_is} {a} {on}
{a} in front of {ground}
{on} {there_is} {a}
{ground_is} and {there_is} {a}
{a}. {ground_is}
{a} with {ground} behind {it}
{ground} behind {a}
{there_is} {a} and {ground_is}
{ground_is}, {there_is} {a}
{a} drawn {on}
{a} that {is} {on}
{bare} with {bare_ground}
{bare_ground} and {bare}
{ground} where {there_is} {a}
{a}, {ground_is}
{ground_is}. {there_is} {a}
{a}, {on}
{a} painted {on}
{ground} with {a} in front
{a} shown {on}
{a}, which {is} {on}
{bare} and {bare_ground}
{bare_ground} {bare}
{ground} featuring {a}
{bare} - {bare_ground}
{ground}, and on it {a}
{a}, with {ground} behind {it}
{bare_ground} + {bare}
background: {bare_ground}, subject: {bare}
{ground} containing {a}
{bare}; {bare_ground}
{a} set against {ground}
{a} seen {on}
subject: {bare}, background: {bare_ground}
{bare} + {bare_ground}
{ground}. {there_is} {a}
{bare_ground} - {bare}
{ground}, on which {there_is} {a}
""")

THINGS_AT_ON = _lines("""
{a} {at} {on}
{ground} with {a} {at}
{on} {a} {at}
{a} {on}, {at}
{at} {a}, {ground}
{ground}, {a} {at}
{a} {at}, {ground}
{on}, {a} {at}
{a} {at} with {ground}
{bare}, {at}, {bare_ground}
{there_is} {a} {at} {on}
{ground_is}, {a} {at}
{bare_ground}, {bare} {at}
{a} {at} and {ground}
{ground_is} and {there_is} {a} {at}
{bare} {at} {on}
{ground} and {at} {a}
{at}, {a} {on}
{a} that {is} {at}, {on}
{bare_ground} with {bare} {at}
{at} {there_is} {a} {on}
{a} placed {at} {on}
{a} {at}, {on}
{ground}, and {at} {there_is} {a}
""")

OPENINGS = _lines("""
draw
a picture of
please paint
i want
show me
could you draw
paint me
an image of
a drawing of
make
can you paint
i would like
paint
picture of
pls draw
give me
please draw me
let me see
an illustration of
generate
create
draw me
i need
gimme
a nice picture of
can u draw
image of
i'd love to see
make me
hey, draw
a painting of
please make
how about
can you make me
art of
let's have
""")
"""What may come before a phrase that starts with a thing or the ground."""

CLOSINGS = _lines("""
please
pls
thanks
, please
if you can
, thank you
""")

STYLED = _lines("""
{phrase}, {style}
{a_style} of {phrase}
{phrase} in {style} style
{style}, {phrase}
{phrase} as {a_style}
{style} of {phrase}
{a_style}: {phrase}
{phrase} - {style}
in {style} style, {phrase}
{style}: {phrase}
{a_style} showing {phrase}
{phrase}, drawn as {a_style}
""")
