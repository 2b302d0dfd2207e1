"""The judge and the pixel measures on rendered truth, where what is right is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.starter.classifier import (
    Classifier,
    classifier_accuracy,
    classifier_from_file,
    labels_from_scene,
    save_classifier,
)
from engine.starter.evaluate import MetricRow, table_from_figures
from engine.starter.metrics import colour_share, mean_distance, psnr
from engine.starter.world import scene_from_seed
from engine.starter.world.vocabulary import COLOURS, SHAPES


def test_the_shipped_judge_reads_renders() -> None:
    """On scenes that it never saw it is right nearly always; the exact shares are in the model card."""
    scores = classifier_accuracy(classifier_from_file(), first_seed=950_000_000, count=150)
    for name in ("shape of a single object", "colour of a single object", "background", "position"):
        assert scores[name] > 0.9, name


def test_an_untrained_judge_scores_low() -> None:
    """The scores are about the judge and not about the question."""
    torch.manual_seed(0)
    assert classifier_accuracy(Classifier().eval(), first_seed=950_000_000, count=60)["shape of a single object"] < 0.4


def test_answers_are_the_truth_of_the_scene() -> None:
    """Every shape that is there has its colour's number, every other the number after the last."""
    scene = scene_from_seed(4, composition="two")
    labels = labels_from_scene(scene)["colours"].tolist()
    said = {(SHAPES[row], tuple(COLOURS)[value]) for row, value in enumerate(labels) if value < len(COLOURS)}
    assert said == set(scene.kinds)


def test_a_judge_survives_its_file(tmp_path: Path) -> None:
    """Saved in half precision and read again it says the same."""
    torch.manual_seed(0)
    classifier = Classifier().eval()
    save_classifier(classifier, tmp_path / "judge.safetensors")
    pixels = torch.rand(2, 3, 128, 128)
    for name, logits in classifier_from_file(tmp_path / "judge.safetensors")(pixels).items():
        assert torch.allclose(logits, classifier(pixels)[name], atol=0.02)


def test_colour_shares_count_pixels() -> None:
    """A quarter of red is a quarter, and what is like no colour of the world is none."""
    picture = Image.new("RGB", (20, 20), (0, 255, 255))
    picture.paste(COLOURS["red"], (0, 0, 10, 10))
    assert colour_share(picture, "red") == pytest.approx(0.25)
    assert all(colour_share(picture, colour) == 0 for colour in COLOURS if colour != "red")


def test_distances_and_psnr_have_their_units() -> None:
    """Black against white is the whole range; one level of error everywhere is 48.1 dB."""
    black, white = Image.new("RGB", (8, 8)), Image.new("RGB", (8, 8), (255, 255, 255))
    assert mean_distance([black, white]) == pytest.approx(1.0)
    assert psnr(black, Image.fromarray(np.full((8, 8, 3), 1, dtype=np.uint8))) == pytest.approx(48.13, abs=0.01)


def test_the_table_names_figure_and_target() -> None:
    """Shares are percentages, figures with a unit are numbers."""
    rows = [
        MetricRow(name="background", value=0.915, count=180, target="90 %"),
        MetricRow(name="reconstruction (dB PSNR)", value=28.44, count=200, target="28"),
    ]
    lines = table_from_figures(rows).splitlines()
    assert lines[2] == "| background | 91.5% | 90 % | 180 |"
    assert lines[3] == "| reconstruction (dB PSNR) | 28.4 | 28 | 200 |"
