"""Tiny captioners with random weights, in the layout of real ones."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import (
    BertConfig,
    BertLMHeadModel,
    BertTokenizer,
    BlipConfig,
    BlipForConditionalGeneration,
    GitConfig,
    GitForCausalLM,
    PreTrainedModel,
    VisionEncoderDecoderModel,
    ViTConfig,
    ViTImageProcessor,
    ViTModel,
)

SIDE = 32
WORDS = ("a", "red", "blue", "circle", "house", "on", "the", "grass", "--ar", "::2", "tree", "sea", "sky", "cat")
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", "[ENC]")
_TINY = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}


def save_captioner(folder: Path, kind: str = "blip") -> None:
    """Save a captioner of this `model_type` with its processor; its captions are random words of `WORDS`."""
    torch.manual_seed(0)
    vocabulary = {word: number for number, word in enumerate((*_SPECIAL, *WORDS))}
    tokenizer = BertTokenizer(vocab=vocabulary)
    images = ViTImageProcessor(size={"height": SIDE, "width": SIDE})
    model = {"blip": _blip, "git": _git, "vision-encoder-decoder": _pair}[kind](len(vocabulary))
    for parameter in model.parameters():
        # Wide enough apart that the beams differ and that the picture matters.
        parameter.data.normal_(0, 0.4)
    for part in (model, tokenizer, images):
        part.save_pretrained(folder)


def _blip(num_words: int) -> PreTrainedModel:
    text = {
        **_TINY, "vocab_size": num_words, "max_position_embeddings": 64, "bos_token_id": 2, "eos_token_id": 3,
        "pad_token_id": 0, "sep_token_id": 3, "encoder_hidden_size": 32,
    }  # fmt: skip
    vision = {**_TINY, "image_size": SIDE, "patch_size": 8}
    return BlipForConditionalGeneration(BlipConfig(text_config=text, vision_config=vision, projection_dim=32))


def _git(num_words: int) -> PreTrainedModel:
    vision = {**_TINY, "image_size": SIDE, "patch_size": 8}
    told = {"bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0, "vocab_size": num_words}
    return GitForCausalLM(GitConfig(vision_config=vision, max_position_embeddings=64, **_TINY, **told))


def _pair(num_words: int) -> PreTrainedModel:
    text = BertConfig(**_TINY, vocab_size=num_words, is_decoder=True, add_cross_attention=True)
    model = VisionEncoderDecoderModel(
        encoder=ViTModel(ViTConfig(**_TINY, image_size=SIDE, patch_size=8)), decoder=BertLMHeadModel(text)
    )
    for config in (model.config, model.generation_config):
        config.decoder_start_token_id, config.eos_token_id, config.pad_token_id = 2, 3, 0
    return model
