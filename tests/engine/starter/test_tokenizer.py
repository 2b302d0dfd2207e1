"""The tokenizer: total over any text, whole words for the world, of CLIP's frame and length."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import CLIPTokenizer

from engine.starter import WEIGHTS
from engine.starter.examples import tokens_from_captions
from engine.starter.tokenizer import MAX_TOKENS, tokenizer_from_captions
from engine.starter.world import caption_from_scene, scene_from_seed

SHIPPED = CLIPTokenizer.from_pretrained(WEIGHTS / "tokenizer")


@given(st.text(max_size=60))
def test_any_text_has_tokens(text: str) -> None:
    """Every text becomes a row of known ids of the model's length."""
    (row,) = tokens_from_captions(SHIPPED, [text]).tolist()
    assert len(row) == MAX_TOKENS
    assert row[0] == SHIPPED.bos_token_id
    assert all(0 <= token < len(SHIPPED) for token in row)


@pytest.mark.parametrize("text", ["🦊🎨", "лиса", "狐狸", "ثعلب", "naïve"])
def test_other_scripts_are_bytes_and_not_unknown(text: str) -> None:
    """Text in no word of the world is spelt out; it does not collapse into the end token."""
    tokens = SHIPPED(text).input_ids[1:-1]
    assert tokens
    assert SHIPPED.eos_token_id not in tokens


def test_captions_of_the_world_fit() -> None:
    """No caption is cut."""
    captions = [caption_from_scene(scene_from_seed(seed), 0, complete=True) for seed in range(500)]
    assert max(len(SHIPPED(caption).input_ids) for caption in captions) <= MAX_TOKENS


def test_words_of_the_world_are_single_tokens() -> None:
    """Training merges what captions repeat."""
    tokenizer = tokenizer_from_captions(["a red circle on a blue background"] * 10)
    assert tokenizer.tokenize("Red  CIRCLE") == ["red</w>", "circle</w>"]
