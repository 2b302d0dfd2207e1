"""Scenes: the same from the same seed, within the world's words, and never of a held-out pair in training."""

from __future__ import annotations

from engine.starter.world import scene_from_seed
from engine.starter.world.vocabulary import COLOURS, HELD_OUT, SHAPES, STYLES


def test_the_same_seed_gives_the_same_scene() -> None:
    """A scene is a function of its seed."""
    assert [scene_from_seed(seed) for seed in range(50)] == [scene_from_seed(seed) for seed in range(50)]


def test_training_scenes_show_no_held_out_pair() -> None:
    """What is held out of training is in none of its scenes, whatever their composition."""
    seen = {kind for seed in range(3000) for kind in scene_from_seed(seed).kinds}
    assert not seen & HELD_OUT
    assert len(seen) > 0.9 * (len(SHAPES) * len(COLOURS) - len(HELD_OUT))


def test_held_out_scenes_show_only_held_out_pairs() -> None:
    """Asked for what was held out, single objects are held-out pairs."""
    scenes = [scene_from_seed(seed, held_out=True, composition="one") for seed in range(300)]
    assert {scene.kinds[0] for scene in scenes} <= HELD_OUT


def test_every_shape_and_colour_is_taught_in_other_pairs() -> None:
    """No shape and no colour is held out as a whole."""
    for shape in SHAPES:
        assert sum(pair[0] == shape for pair in HELD_OUT) < len(COLOURS) / 2
    for colour in COLOURS:
        assert sum(pair[1] == colour for pair in HELD_OUT) < len(SHAPES) / 2


def test_compositions_are_as_asked() -> None:
    """One object, two different ones, or two to four alike."""
    for seed in range(100):
        assert len(scene_from_seed(seed, composition="one").objects) == 1
        first, second = scene_from_seed(seed, composition="two").objects
        assert first.shape != second.shape
        assert first.colour != second.colour
        many = scene_from_seed(seed, composition="many")
        assert len(many.kinds) == 1
        assert 2 <= len(many.objects) <= 4


def test_the_world_is_as_wide_as_it_must_be() -> None:
    """At least sixteen objects, ten colours and five styles."""
    assert len(SHAPES) >= 16
    assert len(COLOURS) == 10
    assert len(STYLES) == 5
