"""Pictures against the truth of their scenes: colours, places, sizes and determinism."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.starter.metrics import colour_share
from engine.starter.world import Backdrop, Scene, SceneObject, picture_from_scene, scene_from_seed
from engine.starter.world.shapes import POLYGONS
from engine.starter.world.vocabulary import COLOURS, PLACES, SCENERIES, STYLES

BARE = Scene(seed=1, width=128, height=128, objects=(), backdrop=Backdrop(kind="plain", colour="white"), style="flat")


def _alone(shape: str, colour: str, x: float = 0.5, y: float = 0.5) -> Scene:
    return replace(BARE, objects=(SceneObject(shape=shape, colour=colour, x=x, y=y, reach=0.25),))


def test_the_same_scene_gives_the_same_pixels() -> None:
    """A picture is a function of its scene, stars of the night and shaking hands included."""
    for seed in range(40):
        scene = scene_from_seed(seed)
        assert picture_from_scene(scene).tobytes() == picture_from_scene(scene).tobytes()
        assert picture_from_scene(scene).size == (scene.width, scene.height)


@pytest.mark.parametrize("shape", POLYGONS)
def test_every_shape_is_drawn_in_its_colour(shape: str) -> None:
    """The object's colour is seen, and no other colour but the ground's and its own shades."""
    picture = picture_from_scene(_alone(shape, "blue"))
    assert colour_share(picture, "blue") > 0.03
    assert colour_share(picture, "red") == 0
    assert colour_share(picture, "white") > 0.5


@pytest.mark.parametrize("place", [place for place in PLACES if place != "centre"])
def test_an_object_is_where_its_record_says(place: str) -> None:
    """The middle of the coloured pixels is the thing's middle."""
    x, y = PLACES[place]
    pixels = np.asarray(picture_from_scene(_alone("circle", "black", x, y)), dtype=float).sum(2)
    rows, columns = np.nonzero(pixels < 300)
    assert columns.mean() / 128 == pytest.approx(x, abs=0.02)
    assert rows.mean() / 128 == pytest.approx(y, abs=0.02)


@pytest.mark.parametrize("style", STYLES)
def test_every_style_keeps_the_colour(style: str) -> None:
    """A red heart has red pixels in every style, and looks different in each."""
    scene = _alone("heart", "red")
    assert colour_share(picture_from_scene(replace(scene, style=style)), "red") > 0.02
    if style != "flat":
        assert picture_from_scene(replace(scene, style=style)).tobytes() != picture_from_scene(scene).tobytes()


@pytest.mark.parametrize("kind", SCENERIES)
def test_every_scenery_is_its_own(kind: str) -> None:
    """No two sceneries look the same, and none is one colour."""
    picture = picture_from_scene(replace(BARE, backdrop=Backdrop(kind=kind)))
    assert np.asarray(picture).std() > 5
    others = [Backdrop(kind=other) for other in SCENERIES if other != kind]
    assert picture.tobytes() not in {picture_from_scene(replace(BARE, backdrop=other)).tobytes() for other in others}


@pytest.mark.parametrize("colour", COLOURS)
def test_plain_grounds_are_their_colour(colour: str) -> None:
    """A plain background is seen as the colour it is named for."""
    picture = picture_from_scene(replace(BARE, backdrop=Backdrop(kind="plain", colour=colour)))
    assert colour_share(picture, colour) > 0.99
