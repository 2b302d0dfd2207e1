"""Phrasings: the same scenes as people would ask for them, in any word order, filled into `templates` from a seed.

Like captions, they may leave things unsaid but say nothing untrue. Captions keep one order of words; these do not.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.starter.world import templates
from engine.starter.world.scenes import Backdrop, Scene
from engine.starter.world.templates import templates_of
from engine.starter.world.words import (
    COLOUR_WORDS,
    COUNT_WORDS,
    INVERSE,
    PLACE_WORDS,
    RELATION_WORDS,
    SCENERY_GROUNDS,
    SCENERY_WORDS,
    SHAPE_WORDS,
    SIDE_OF,
    SIZE_WORDS,
    STYLE_WORDS,
    plural,
    with_article,
)

_MASS = ("sea", "ocean", "grass", "night")
_NUMBERS = {
    True: {"is": "is", "there_is": "there is", "it": "it"},
    False: {"is": "are", "there_is": "there are", "it": "them"},
}
_PHRASES = {
    (False, False): templates.THINGS,
    (False, True): templates.THINGS_ON,
    (True, False): templates.THINGS_AT,
    (True, True): templates.THINGS_AT_ON,
}


def phrasing_from_scene(scene: Scene, seed: int, *, complete: bool = False, held_out: bool = False) -> str:
    """Return one sentence about `scene`; a `complete` one says every colour, place, background and style there is.

    held_out: use only templates that training never uses, for the order of words and for the things.
    """
    speaker = _Speaker(rng=random.Random(f"phrasing/{scene.seed}/{seed}"), complete=complete, held_out=held_out)
    slots = {**_things(speaker, scene), **_place(speaker, scene), **_ground(speaker, scene.backdrop)}
    template = speaker.template(_PHRASES["at" in slots, "on" in slots])
    phrase = template.format_map(slots)
    if scene.style != "flat":
        return speaker.template(templates.STYLED).format_map({"phrase": phrase, **_style(speaker, scene.style)})
    return _asked(speaker, phrase, is_noun=template.startswith(("{a}", "{bare}", "{ground}", "{bare_ground}")))


@dataclass(frozen=True, kw_only=True)
class _Speaker:
    """Chooses what is said, and how."""

    rng: random.Random
    complete: bool
    held_out: bool

    def says(self, chance: float) -> bool:
        return self.complete or self.rng.random() < chance

    def template(self, table: Sequence[str]) -> str:
        return self.rng.choice(templates_of(table, held_out=self.held_out))

    def word(self, usual: str, others: Sequence[str]) -> str:
        return usual if not others or self.rng.random() < 0.6 else self.rng.choice(others)

    def colour(self, colour: str) -> str:
        return self.word(colour, COLOUR_WORDS.get(colour, ()))

    def shape(self, shape: str) -> str:
        return self.word(shape, SHAPE_WORDS.get(shape, ()))


def _things(speaker: _Speaker, scene: Scene) -> Mapping[str, str]:
    if scene.relation is not None:
        return _pair(speaker, scene, scene.relation)
    is_one = len(scene.objects) == 1
    ((shape, colour),) = scene.kinds
    bare = _noun(speaker, shape, colour, scene.size, is_one=is_one)
    if is_one:
        return {"a": with_article(bare), "bare": bare, **_NUMBERS[True]}
    counted = f"{speaker.rng.choice(COUNT_WORDS[len(scene.objects)])} {bare}"
    return {"a": counted, "bare": counted, **_NUMBERS[False]}


def _noun(speaker: _Speaker, shape: str, colour: str, size: str | None, *, is_one: bool) -> str:
    singular = speaker.shape(shape)
    slots = {"noun": singular if is_one else plural(singular), "is": _NUMBERS[is_one]["is"]}
    if not speaker.says(0.92):
        return slots["noun"]
    slots["colour"] = speaker.colour(colour)
    if size in ("small", "large") and speaker.rng.random() < 0.6:
        slots["size"] = speaker.rng.choice(SIZE_WORDS[size])
        return speaker.template(templates.NOUNS).format_map(slots)
    if speaker.rng.random() < 0.6 and not speaker.held_out:
        return f"{slots['colour']} {slots['noun']}"
    return speaker.template(templates.NOUNS_COLOURED).format_map(slots)


def _pair(speaker: _Speaker, scene: Scene, relation: str) -> Mapping[str, str]:
    first, second = (f"{speaker.colour(colour)} {speaker.shape(shape)}" for shape, colour in scene.kinds)
    is_placed = relation in ("above", "below") or speaker.rng.random() < 0.65
    template = speaker.template(templates.PAIRS if is_placed else templates.PAIRS_UNPLACED)
    inverse = INVERSE[relation]
    where = {
        "relation": speaker.rng.choice(RELATION_WORDS[relation]),
        "inverse": speaker.rng.choice(RELATION_WORDS[inverse]),
        "on_side": speaker.rng.choice(PLACE_WORDS[SIDE_OF[relation]]),
        "on_other_side": speaker.rng.choice(PLACE_WORDS[SIDE_OF[inverse]]),
    }
    return {
        "a": template.format_map({"first": with_article(first), "second": with_article(second), **where}),
        "bare": template.format_map({"first": first, "second": second, **where}),
        **_NUMBERS[False],
    }


def _place(speaker: _Speaker, scene: Scene) -> Mapping[str, str]:
    if scene.place is None or not (speaker.rng.random() < 0.15 if scene.place == "centre" else speaker.says(0.85)):
        return {}
    return {"at": speaker.rng.choice(PLACE_WORDS[scene.place])}


def _ground(speaker: _Speaker, backdrop: Backdrop) -> Mapping[str, str]:
    if not speaker.says(0.92):
        return {}
    if backdrop.colour is None:
        bare = speaker.rng.choice(SCENERY_GROUNDS[backdrop.kind])
        ground = f"the {bare}" if bare in _MASS else with_article(bare)
        on = speaker.rng.choice(SCENERY_WORDS[backdrop.kind])
        return {"on": on, "ground": ground, "bare_ground": bare, "ground_is": f"the background is {ground}"}
    colour = speaker.colour(backdrop.colour)
    shade = f"{colour} gradient" if backdrop.kind == "gradient" else colour
    bare = f"{shade} background"
    on = speaker.rng.choice((f"on {with_article(bare)}", f"on {shade}", f"against {with_article(bare)}"))
    called = with_article(shade) if backdrop.kind == "gradient" else shade
    return {"on": on, "ground": with_article(bare), "bare_ground": bare, "ground_is": f"the background is {called}"}


def _style(speaker: _Speaker, style: str) -> Mapping[str, str]:
    words = STYLE_WORDS[style]
    return {"style": words[0], "a_style": with_article(speaker.rng.choice(words))}


def _asked(speaker: _Speaker, phrase: str, *, is_noun: bool) -> str:
    if is_noun and speaker.rng.random() < 0.35:
        phrase = f"{speaker.template(templates.OPENINGS)} {phrase}"
    if speaker.rng.random() < 0.08:
        closing = speaker.template(templates.CLOSINGS)
        phrase = phrase + closing if closing.startswith(",") else f"{phrase} {closing}"
    return phrase
