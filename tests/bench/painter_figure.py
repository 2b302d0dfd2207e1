"""A figure of the running batch: steps from left to right, one line for each picture, one colour for each job."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from PIL import Image, ImageDraw

COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bb5566", "#555555")
CELL, LINE, MARGIN, TITLE = 8, 10, 60, 24


def draw_rows(batches: Sequence[Sequence[tuple[UUID, int]]], file: Path) -> None:
    """Write a PNG in which a cell is filled where a picture was a row of that step's forward."""
    lines = list(dict.fromkeys(row for rows in batches for row in sorted(rows, key=lambda row: row[1])))
    jobs = list(dict.fromkeys(job for job, _ in lines))
    lines.sort(key=lambda row: (jobs.index(row[0]), row[1]))
    width, height = MARGIN + CELL * len(batches) + 10, TITLE + LINE * len(lines) + 20
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    draw.text((MARGIN, 6), f"{len(jobs)} jobs, {len(lines)} pictures, {len(batches)} forwards", fill="black")
    for place, (job, slot) in enumerate(lines):
        top = TITLE + LINE * place
        if slot == 0:
            draw.text((6, top), f"job {jobs.index(job) + 1}", fill="black")
        for step, rows in enumerate(batches):
            if (job, slot) in rows:
                left = MARGIN + CELL * step
                draw.rectangle(
                    (left, top, left + CELL - 1, top + LINE - 2), fill=COLOURS[jobs.index(job) % len(COLOURS)]
                )
    file.parent.mkdir(parents=True, exist_ok=True)
    image.save(file)
