"""A tiny scorer with random weights, in the layout of PickScore."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import CLIPConfig, CLIPModel, CLIPProcessor

from engine.starter import WEIGHTS


def save_scorer(folder: Path) -> None:
    """Save the scorer with its processor, whose words are those of the starter."""
    torch.manual_seed(0)
    model = CLIPModel(CLIPConfig.from_pretrained(WEIGHTS / "clip"))
    for parameter in model.parameters():
        # Wide enough apart that picture and text matter.
        parameter.data.normal_(0, 0.2)
    model.logit_scale.data.fill_(3.0)
    model.save_pretrained(folder)
    CLIPProcessor.from_pretrained(WEIGHTS / "clip").save_pretrained(folder)
