"""Draws pictures of scenes with Pillow, at twice the size and then halved, so that edges are smooth.

The same scene always gives the same pixels. Only shades are not part of the scene's record.
"""

from __future__ import annotations

import random
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from engine.starter.world.polygons import Point, Polygon
from engine.starter.world.scenes import Backdrop, Scene, SceneObject
from engine.starter.world.shapes import POLYGONS
from engine.starter.world.vocabulary import COLOURS

Rgb = tuple[int, int, int]
_SCALE = 2
_STROKE = 6
_KEEP_FULL = [0] * 255 + [255]


def picture_from_scene(scene: Scene) -> Image.Image:
    """Return the scene as an 8-bit RGB picture of `scene.width` x `scene.height` pixels.

    Each pixel is the mean of 2 x 2 drawn ones. `scene.seed` seeds the random shades, stars and strokes.
    """
    rng = random.Random(scene.seed ^ 0x5EA5E1)
    ground = _ground(scene, rng)
    match scene.style:
        case "outline":
            picture = _outlined(ground, scene)
        case "watercolour":
            picture = _washed(ground, scene)
        case "sketch":
            picture = _sketched(ground, scene, rng)
        case _:
            picture = _filled(ground, scene)
    small = picture.reduce(_SCALE)
    return _pixelated(small) if scene.style == "pixel art" else small


def _mixed(paint: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(paint, other, strict=True))
    return red, green, blue


def _toned(paint: Rgb, tone: float) -> Rgb:
    """Return `paint` darker for tones of -1 to 0, lighter for tones of 0 to 1; black and white turn grey instead."""
    if tone < 0:
        return _mixed(paint, (105, 105, 105) if sum(paint) < 90 else (0, 0, 0), -tone)
    return _mixed(paint, (150, 150, 150) if sum(paint) > 720 else (255, 255, 255), tone)


def _ground(scene: Scene, rng: random.Random) -> Image.Image:
    size = scene.width * _SCALE, scene.height * _SCALE
    match scene.backdrop:
        case Backdrop(kind="plain", colour=str(colour)):
            return Image.new("RGB", size, _mixed(COLOURS[colour], (128, 128, 128), rng.uniform(0, 0.06)))
        case Backdrop(kind="gradient", colour=str(colour)):
            return _fade(size, ((0.0, (250, 250, 250)), (1.0, COLOURS[colour])))
        case Backdrop(kind="sunset"):
            return _fade(size, ((0.0, (95, 40, 120)), (0.5, (235, 95, 90)), (1.0, (255, 200, 90))))
        case Backdrop(kind="night sky"):
            return _night(size, rng)
        case Backdrop(kind="grass"):
            return _bands(size, 0.6, (165, 215, 245), (75, 175, 70))
        case Backdrop(kind="sea"):
            return _sea(size)
        case _:
            return _checks(size)


def _fade(size: tuple[int, int], stops: tuple[tuple[float, Rgb], ...]) -> Image.Image:
    column = Image.new("RGB", (1, 32))
    for row in range(32):
        at = row / 31
        (low, first), (high, second) = next(pair for pair in pairwise(stops) if at <= pair[1][0])
        column.putpixel((0, row), _mixed(first, second, (at - low) / (high - low)))
    return column.resize(size, Image.Resampling.BILINEAR)


def _bands(size: tuple[int, int], split: float, above: Rgb, below: Rgb) -> Image.Image:
    picture = Image.new("RGB", size, above)
    picture.paste(below, (0, round(size[1] * split), *size))
    return picture


def _night(size: tuple[int, int], rng: random.Random) -> Image.Image:
    picture = Image.new("RGB", size, (18, 22, 62))
    pen = ImageDraw.Draw(picture)
    for _ in range(14):
        x, y, r = rng.uniform(0, size[0]), rng.uniform(0, size[1]), rng.uniform(1.5, 3)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=(225, 225, 200))
    return picture


def _sea(size: tuple[int, int]) -> Image.Image:
    picture = _bands(size, 0.3, (190, 228, 245), (30, 115, 175))
    for at in (0.48, 0.66, 0.84):
        picture.paste((70, 155, 205), (0, round(size[1] * at), size[0], round(size[1] * (at + 0.06))))
    return picture


def _checks(size: tuple[int, int]) -> Image.Image:
    step = 16 * _SCALE
    picture = Image.new("RGB", size, (235, 235, 235))
    for x in range(0, size[0], step):
        for y in range(0, size[1], step):
            if (x + y) // step % 2:
                picture.paste((165, 165, 170), (x, y, x + step, y + step))
    return picture


def _placed(scene: Scene, object_: SceneObject, part: Polygon) -> list[Point]:
    width, height = scene.width * _SCALE, scene.height * _SCALE
    reach = object_.reach * min(width, height)
    return [(object_.x * width + x * reach, object_.y * height + y * reach) for x, y in part.outline]


def _shaken(points: list[Point], rng: random.Random) -> list[Point]:
    moves = [(rng.uniform(-4, 4), rng.uniform(-4, 4)) for _ in range(2)]
    return [(x + moves[index % 2][0], y + moves[index % 2][1]) for index, (x, y) in enumerate(points)]


def _filled(ground: Image.Image, scene: Scene) -> Image.Image:
    picture = ground.copy()
    pen = ImageDraw.Draw(picture)
    for object_ in scene.objects:
        for part in POLYGONS[object_.shape]:
            points = _placed(scene, object_, part)
            if part.tone is None:
                _uncover(picture, ground, points)
            else:
                pen.polygon(points, fill=_toned(COLOURS[object_.colour], part.tone))
    return picture


def _uncover(picture: Image.Image, ground: Image.Image, points: list[Point]) -> None:
    mask = Image.new("L", picture.size)
    ImageDraw.Draw(mask).polygon(points, fill=255)
    picture.paste(ground, mask=mask)


def _silhouette(scene: Scene, object_: SceneObject) -> Image.Image:
    mask = Image.new("L", (scene.width * _SCALE, scene.height * _SCALE))
    pen = ImageDraw.Draw(mask)
    for part in POLYGONS[object_.shape]:
        pen.polygon(_placed(scene, object_, part), fill=0 if part.tone is None else 255)
    return mask


def _outlined(ground: Image.Image, scene: Scene) -> Image.Image:
    for object_ in scene.objects:
        body = _silhouette(scene, object_)
        inside = body.filter(ImageFilter.BoxBlur(_STROKE)).point(_KEEP_FULL)
        edge = ImageChops.subtract(body, inside)
        ground.paste(COLOURS[object_.colour], mask=edge)
    return ground


def _washed(ground: Image.Image, scene: Scene) -> Image.Image:
    filled = _filled(ground, scene).filter(ImageFilter.BoxBlur(5))
    return Image.blend(filled, Image.new("RGB", filled.size, (255, 252, 245)), 0.18)


def _sketched(ground: Image.Image, scene: Scene, rng: random.Random) -> Image.Image:
    picture = Image.blend(_filled(ground, scene), Image.new("RGB", ground.size, (250, 250, 245)), 0.2)
    pen = ImageDraw.Draw(picture)
    for object_ in scene.objects:
        for part in POLYGONS[object_.shape]:
            for _ in range(2):
                points = _shaken(_placed(scene, object_, part), rng)
                pen.line([*points, points[0]], fill=(70, 70, 75), width=3)
    return picture


def _pixelated(picture: Image.Image) -> Image.Image:
    return picture.reduce(8).resize(picture.size, Image.Resampling.NEAREST)
