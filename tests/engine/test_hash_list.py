"""Pictures that must never appear are known again after common changes, quickly in long lists, and others are not."""

from __future__ import annotations

import io
import os
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.contract.errors import PictureBarred, SettingsInvalid
from engine.hash_list import BarredPictures, Film, HashList, hash_of_picture, line_of_hash, read_hash_list
from engine.painter.output.films import film_between, film_of_steps
from engine.painter.output.images import Pixels

# What imagehash 4.3.2 says of the same pictures.
KNOWN = ("e3caacb4866944b7", "b5944a496d276a6b", "855eb249d3a44fe2", "d5e93f1dc0e24d12", "cdb64caab5722931")


def picture(seed: int) -> Image.Image:
    """Return a picture of eight ellipses."""
    chosen = random.Random(seed)
    image = Image.new("RGB", (96, 64), tuple(chosen.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for _ in range(8):
        x, y = chosen.randrange(96), chosen.randrange(64)
        box = (x, y, x + chosen.randrange(5, 40), y + chosen.randrange(5, 40))
        draw.ellipse(box, fill=tuple(chosen.randrange(256) for _ in range(3)))
    return image


def encoded(image: Image.Image, format: str = "PNG", **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def test_hashes_are_those_of_imagehash() -> None:
    found = [hash_of_picture(encoded(picture(seed))) for seed in range(len(KNOWN))]
    assert tuple(line_of_hash(one) for one in found if one is not None) == KNOWN
    assert hash_of_picture(encoded(Image.new("RGB", (64, 64), "navy"))) is None


@pytest.mark.parametrize("seed", range(3))
async def test_changed_copies_are_known_and_others_are_not(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "hashes.txt"
    path.write_text(f"# listed\n\n{KNOWN[seed]}  case {seed}\n")
    barred, image = BarredPictures(path), picture(seed)
    copies = (image, image.resize((48, 32)), image.resize((192, 128)))
    for copy in [*map(encoded, copies), encoded(image, "JPEG", quality=80), encoded(image, "WEBP", quality=80)]:
        with pytest.raises(PictureBarred):
            await barred.check([encoded(picture(99)), copy])
    await barred.check([encoded(picture(other)) for other in range(50) if other != seed])
    await barred.check([encoded(Image.new("L", (64, 64)))])
    await BarredPictures().check([encoded(image)])


@pytest.mark.parametrize("layout", ["steps", "between", "alone"])
async def test_frames_of_films_are_looked_at(tmp_path: Path, layout: str) -> None:
    """Whatever else a frame shows: the other pictures of the grid, or a row of all of them below."""
    path = tmp_path / "hashes.txt"
    path.write_text(KNOWN[0])
    barred = BarredPictures(path)
    for listed in (False, True):
        frames = [pixels_of(0 if listed else 9), *map(pixels_of, (5, 6, 7))]
        match layout:
            case "steps":
                film = film_of_steps([frames, frames], list(map(pixels_of, (5, 6, 7, 8))))
            case "between":
                film = film_between([pixels_of(5), frames[0], pixels_of(6)], [pixels_of(5), pixels_of(6)])
            case _:
                film = film_of_steps([frames[:1]], [pixels_of(5)])
        count = {"steps": 4, "between": 2, "alone": 1}[layout]
        check = barred.check([encoded(picture(5))], Film(file=film, num_pictures=count, width=96, height=64))
        if not listed:
            await check
            continue
        with pytest.raises(PictureBarred):
            await check


def pixels_of(seed: int) -> Pixels:
    return np.asarray(picture(seed))


async def test_a_list_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """While it has a fault, or is gone, the last good one holds."""
    path, file = tmp_path / "hashes.txt", encoded(picture(0))
    path.write_text("")
    barred = BarredPictures(path)
    assert await barred.load() == 0
    await barred.check([file])
    path.write_text(KNOWN[0])
    os.utime(path, ns=(1, 1))
    for text in (KNOWN[0], "no hash\n", None):
        if text is None:
            path.unlink()
        else:
            path.write_text(text)
        with pytest.raises(PictureBarred):
            await barred.check([file])


def test_bad_lines_are_named_with_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "hashes.txt"
    path.write_text(f"{KNOWN[0]}\nabc\n# fine\n{KNOWN[1]}0\n-{KNOWN[1][1:]}\n" + "x\n" * 40)
    with pytest.raises(SettingsInvalid) as told:
        read_hash_list(path)
    first, second, third, *_, last = told.value.problems
    assert first == f'{path}, line 2: "abc" is not a hash of 16 hexadecimal digits.'
    assert "line 4:" in second and "line 5:" in third and last == f"{path}: 23 more such lines."
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        read_hash_list(tmp_path / "gone.txt")


def test_a_million_hashes_are_looked_through() -> None:
    """The distance counts bits, not value."""
    hashes = np.random.default_rng(0).integers(0, 2**64, size=1_000_000, dtype=np.uint64)
    listed = HashList(hashes=hashes)
    last = int(hashes[-1])
    assert listed.has(last) and listed.has(last ^ 0x8000_0000_0001_0301 ^ 1)
    assert not listed.has(last ^ 0xFFFF_0000)
