"""A tiny segmenter, trained within seconds to find red and blue squares, in the layout of real ones."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import (
    CLIPSegConfig,
    CLIPSegForImageSegmentation,
    CLIPSegProcessor,
    CLIPTokenizer,
    ViTImageProcessor,
)

SIDE, STEPS, BATCH = 32, 200, 10
TOKENIZER = Path(__file__).parents[3] / "engine" / "starter" / "weights" / "tokenizer"
COLOURS = {"red": (0.9, 0.1, 0.1), "blue": (0.1, 0.1, 0.9)}
WORDS = (*COLOURS, "a tree")


def save_segmenter(folder: Path) -> None:
    """Train the segmenter and save it with its processor."""
    torch.manual_seed(0)
    tokenizer = CLIPTokenizer.from_pretrained(TOKENIZER)
    images = ViTImageProcessor(
        size={"height": SIDE, "width": SIDE}, image_mean=[0.5] * 3, image_std=[0.5] * 3, do_rescale=True
    )
    processor = CLIPSegProcessor(image_processor=images, tokenizer=tokenizer)
    model = CLIPSegForImageSegmentation(_config(tokenizer))
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(STEPS):
        texts, pixels, masks = _batch()
        tokens = tokenizer(texts, return_tensors="pt", padding=True)
        logits = model(pixel_values=pixels * 2 - 1, **tokens).logits
        loss = binary_cross_entropy_with_logits(logits, masks, pos_weight=torch.tensor(2.0))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def _config(tokenizer: CLIPTokenizer) -> CLIPSegConfig:
    text = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
        "vocab_size": len(tokenizer), "max_position_embeddings": 32, "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id,
    }  # fmt: skip
    vision = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4,
        "image_size": SIDE, "patch_size": 4,
    }  # fmt: skip
    return CLIPSegConfig(
        text_config=text, vision_config=vision, projection_dim=32, extract_layers=[0, 1, 2], reduce_dim=32,
        decoder_num_attention_heads=4, decoder_intermediate_size=64, conditional_layer=0,
    )  # fmt: skip


def _batch() -> tuple[list[str], Tensor, Tensor]:
    """Return words, pictures float32 [batch, 3, side, side] in 0 to 1, and masks [batch, side, side] of the words."""
    pixels = torch.rand(BATCH, 3, 1, 1) * 0.2 + torch.rand(BATCH, 3, SIDE, SIDE) * 0.1 + 0.35
    masks, texts = torch.zeros(BATCH, SIDE, SIDE), []
    for number in range(BATCH):
        asked = WORDS[number % len(WORDS)]
        texts.append(asked)
        for colour, values in COLOURS.items():
            left, top = (int(torch.randint(0, SIDE - 12, ())) for _ in range(2))
            area = (slice(top, top + 12), slice(left, left + 12))
            pixels[number, :, *area] = torch.tensor(values)[:, None, None]
            # What is drawn later may lie over it.
            masks[number][area] = float(colour == asked)
    return texts, pixels, masks
