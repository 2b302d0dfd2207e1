"""`easel safety hash` prints lines that the list takes."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image

from engine.hash_list import read_hash_list
from tests.easel.command import run_easel
from tests.engine.test_hash_list import KNOWN, picture


async def test_pictures_are_hashed(home: Path, tmp_path: Path) -> None:
    """What is no picture, or has a single shade, is said of each file; the others are hashed all the same."""
    files = [str(tmp_path / name) for name in ("a.png", "flat.png", "text.png", "gone.png")]
    picture(0).save(files[0])
    Image.new("RGB", (64, 64)).save(files[1])
    (tmp_path / "text.png").write_text("no picture")
    done = await run_easel("safety", "hash", *files, home=home)
    assert (done.code, done.out) == (3, f"{KNOWN[0]} a.png\n")
    assert "single shade" in done.err and "no still picture" in done.err and "cannot be read" in done.err
    (tmp_path / "list.txt").write_text(done.out)
    assert len(read_hash_list(tmp_path / "list.txt")) == 1
    as_json = await run_easel("safety", "hash", files[0], "--json", home=home)
    assert json.loads(as_json.out) == [{"file": files[0], "hash": KNOWN[0], "problem": None}]
