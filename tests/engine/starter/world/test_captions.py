"""Captions: varied, the same from the same seed, and true to their scenes."""

from __future__ import annotations

from engine.starter.world import caption_from_scene, scene_from_seed
from engine.starter.world.vocabulary import COLOURS, SHAPES
from engine.starter.world.words import COLOUR_WORDS, SHAPE_WORDS


def test_the_same_seeds_give_the_same_caption() -> None:
    """A caption is a function of scene and seed."""
    scenes = [scene_from_seed(seed) for seed in range(30)]
    assert [caption_from_scene(scene, 3) for scene in scenes] == [caption_from_scene(scene, 3) for scene in scenes]


def test_a_scene_is_said_in_many_ways() -> None:
    """Ten captions of one scene are mostly different ones."""
    scene = scene_from_seed(3)
    assert len({caption_from_scene(scene, turn) for turn in range(10)}) >= 5


def test_a_complete_caption_says_every_shape_and_colour() -> None:
    """Each object is named, by some word of its shape and some word of its colour."""
    for seed in range(300):
        scene = scene_from_seed(seed)
        caption = caption_from_scene(scene, 0, complete=True)
        for shape, colour in scene.kinds:
            assert any(word in caption for word in (shape, *SHAPE_WORDS.get(shape, ())))
            assert any(word in caption for word in (colour, *COLOUR_WORDS.get(colour, ())))


def test_no_caption_names_a_colour_or_shape_that_is_not_there() -> None:
    """What is left unsaid is left unsaid, but nothing untrue is said."""
    for seed in range(300):
        scene = scene_from_seed(seed)
        words = set(caption_from_scene(scene, 1).replace(",", "").split())
        shown = {colour for _, colour in scene.kinds} | {scene.backdrop.colour}
        assert not {colour for colour in COLOURS if colour not in shown} & words
        assert not {shape for shape in SHAPES if shape not in {name for name, _ in scene.kinds}} & words
