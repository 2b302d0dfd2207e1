"""The commands that make a starter, run in their order on a handful of scenes: what one writes, the next one reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from diffusers import StableDiffusionPipeline
from transformers import CLIPModel
from typer.testing import CliRunner

from engine.starter.cli import app
from engine.starter.weights import verify_weights

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command on the test's own root and returns what it printed."""

    def run_command(command: str, *arguments: str) -> str:
        result = CliRunner().invoke(app, [command, "--root", str(tmp_path), *arguments])
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    return run_command


def test_a_starter_is_made_by_its_commands(run: Run, tmp_path: Path) -> None:
    """From nothing to a folder that stock diffusers opens and paints with, and a CLIP model beside it."""
    run("render", "--shards", "2", "--scenes", "48")
    run("learn-words", "--scenes", "300")
    run("train-autoencoder", "--steps", "1")
    run("train-autoencoder", "--steps", "1", "--decoder-only")
    run("encode")
    run("train", "--steps", "2", "--batch", "4")
    run("train", "--steps", "3", "--batch", "4")
    log = (tmp_path / "denoiser" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in log] == [2, 3]
    folder = tmp_path / "shipped"
    run("ship", "--folder", str(folder))
    assert "own caption first of 50" in run("match", "--steps", "1", "--folder", str(folder))
    verify_weights(folder)
    run("teach-words", "--steps", "1", "--folder", str(folder))
    assert (tmp_path / "text_encoder" / "model.safetensors").stat().st_size > 1_000_000
    assert CLIPModel.from_pretrained(folder / "clip").config.projection_dim == 128
    pipeline = StableDiffusionPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    picture = pipeline("a red circle", width=128, height=128, num_inference_steps=1).images[0]
    assert picture.size == (128, 128)
