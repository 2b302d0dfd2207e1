"""Phrasings: varied, the same from the same seed, true to their scenes, and held out by whole templates."""

from __future__ import annotations

import re

import pytest
from transformers import CLIPTokenizer

from engine.starter import WEIGHTS
from engine.starter.tokenizer import MAX_TOKENS
from engine.starter.world import phrasing_from_scene, scene_from_seed, templates, training_text
from engine.starter.world.templates import templates_of
from engine.starter.world.vocabulary import COLOURS, SHAPES
from engine.starter.world.words import COLOUR_WORDS, SHAPE_WORDS

TABLES = {name: table for name, table in vars(templates).items() if isinstance(table, tuple)}


def test_the_same_seeds_give_the_same_phrasing() -> None:
    """A phrasing is a function of scene and seed."""
    scenes = [scene_from_seed(seed) for seed in range(30)]
    assert [phrasing_from_scene(scene, 3) for scene in scenes] == [phrasing_from_scene(scene, 3) for scene in scenes]


def test_a_scene_is_asked_for_in_many_ways() -> None:
    """Twenty phrasings of one scene are nearly all different ones."""
    assert len({phrasing_from_scene(scene_from_seed(3), turn) for turn in range(20)}) >= 18


@pytest.mark.parametrize("held_out", [False, True])
def test_a_complete_phrasing_says_every_shape_and_colour(held_out: bool) -> None:
    """Each object and the background are named, by some word of theirs, and no slot is left open."""
    for seed in range(400):
        scene = scene_from_seed(seed)
        said = phrasing_from_scene(scene, 0, complete=True, held_out=held_out)
        assert not set("{}") & set(said)
        for shape, colour in scene.kinds:
            assert any(word in said for word in (shape, *SHAPE_WORDS.get(shape, ()))), said
            assert any(word in said for word in (colour, *COLOUR_WORDS.get(colour, ()))), said
        if (shade := scene.backdrop.colour) is not None:
            assert any(word in said for word in (shade, *COLOUR_WORDS.get(shade, ()))), said


@pytest.mark.parametrize("held_out", [False, True])
def test_no_phrasing_names_a_colour_or_shape_that_is_not_there(held_out: bool) -> None:
    """What is left unsaid is left unsaid, but nothing untrue is said."""
    for seed in range(400):
        scene = scene_from_seed(seed)
        words = set(re.findall(r"[a-z]+", phrasing_from_scene(scene, 1, held_out=held_out)))
        shown = {colour for _, colour in scene.kinds} | {scene.backdrop.colour}
        assert not {colour for colour in COLOURS if colour not in shown} & words
        assert not {shape for shape in SHAPES if shape not in {name for name, _ in scene.kinds}} & words


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_every_table_keeps_templates_from_training(table: tuple[str, ...]) -> None:
    """A sixth of each table is held out, no template is in both halves, and none stands twice."""
    taught, kept = templates_of(table, held_out=False), templates_of(table, held_out=True)
    assert len(kept) == len(table) // 6 > 0
    assert not {_bones(template) for template in taught} & {_bones(template) for template in kept}
    assert len(set(table)) == len(table)


def _bones(template: str) -> str:
    """A template without its punctuation, which must not be all that tells it from one that is trained on."""
    return " ".join(re.findall(r"\{\w+\}|[\w']+", template))


def test_training_never_says_a_held_out_opening() -> None:
    """Of a thousand training texts none begins as only the evaluation may."""
    kept = templates_of(templates.OPENINGS, held_out=True)
    texts = [training_text(scene_from_seed(seed), 1) for seed in range(1000)]
    assert not [text for text in texts if text.startswith(tuple(f"{opening} " for opening in kept))]
    assert any(text.startswith("please paint ") for text in texts)


def test_phrasings_fit() -> None:
    """Hardly any phrasing is longer than what the model reads, and none that is taught to its tokenizer."""
    tokenizer = CLIPTokenizer.from_pretrained(WEIGHTS / "tokenizer")
    said = [phrasing_from_scene(scene_from_seed(seed), 0, complete=True) for seed in range(500)]
    assert sum(len(tokenizer(text).input_ids) > MAX_TOKENS for text in said) <= 5
