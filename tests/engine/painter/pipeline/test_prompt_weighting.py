"""Texts as a model reads them: attention, chunks, cuts."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.painter.pipeline.prompt_weighting import MAX_CHUNKS, chunks_from_fragments, stacked_tokens, weighted_embeds
from engine.painter.sampling.guidance import PromptEmbeds
from tests.engine.painter.checkpoints import byte_tokenizer

TOKENIZER = byte_tokenizer()
ROOM = TOKENIZER.model_max_length


def embed(text: str) -> PromptEmbeds:
    """Stand-in for an encoder: each token's number, so that positions can be seen."""
    ids = TOKENIZER(text, padding="max_length", max_length=ROOM, truncation=True, return_tensors="pt").input_ids
    return PromptEmbeds(tokens=ids[..., None].float(), pooled=torch.tensor([[float(len(text))]]))


def moved(text: str, fragments: list[tuple[str, float]]) -> list[float]:
    """Return by how much each token left the empty text's, as a share of what it does without weights."""
    plain, empty = embed(text).tokens, embed("").tokens
    shares: Tensor = (weighted_embeds(fragments, TOKENIZER, embed).tokens - empty) / (plain - empty)
    return shares.flatten()[1 : len(text.replace(" ", "")) + 1].tolist()


def test_weights_of_1_change_nothing() -> None:
    embeds = weighted_embeds([("a red ", 1.0), ("cat", 1.0)], TOKENIZER, embed)
    assert torch.equal(embeds.tokens, embed("a red cat").tokens)


def test_each_token_is_moved_by_the_weight_of_its_own_word() -> None:
    assert moved("a red cat", [("a ", 1.0), ("red", 1.3), (" cat", 0.5)]) == [
        1.0, *[torch.tensor(1.3).item()] * 3, 0.5, 0.5, 0.5,
    ]  # fmt: skip


def test_a_long_text_is_read_in_chunks_between_words() -> None:
    """A hundred words of five letters: every token is read once, and no word is torn."""
    text = " ".join(f"w{index:04}" for index in range(40))
    chunks, truncated_text = chunks_from_fragments([(text, 1.0)], TOKENIZER)
    assert truncated_text == ""
    assert "".join(chunk.text for chunk in chunks) == text
    assert all(len(chunk.weights) == ROOM for chunk in chunks)
    assert all(len(word) == 5 for chunk in chunks for word in chunk.text.split())
    assert weighted_embeds([(text, 1.0)], TOKENIZER, embed).tokens.shape[1] == ROOM * len(chunks)


def test_text_beyond_the_last_chunk_is_truncated_and_reported() -> None:
    text = " ".join(f"w{index:04}" for index in range(100))
    embeds = weighted_embeds([(text, 1.0)], TOKENIZER, embed)
    assert embeds.tokens.shape[1] == ROOM * MAX_CHUNKS
    assert text.endswith(embeds.truncated_text)
    assert embeds.truncated_text.startswith("w")


def test_a_word_longer_than_a_chunk_is_read_too() -> None:
    chunks, _ = chunks_from_fragments([("x" * 200, 1.0)], TOKENIZER)
    assert [len(chunk.text) for chunk in chunks] == [ROOM - 2, ROOM - 2, 200 - 2 * (ROOM - 2)]


def test_an_empty_text_is_one_empty_chunk() -> None:
    chunks, truncated_text = chunks_from_fragments([], TOKENIZER)
    assert ([chunk.text for chunk in chunks], truncated_text) == ([""], "")


def test_texts_of_different_lengths_are_padded_and_masked() -> None:
    short, long = PromptEmbeds(tokens=torch.ones(1, 2, 3)), PromptEmbeds(tokens=torch.ones(1, 4, 3))
    tokens, mask = stacked_tokens([short, long])
    assert tokens.shape == (2, 4, 3)
    assert mask is not None
    assert mask.tolist() == [[True, True, False, False], [True] * 4]
    assert stacked_tokens([short, short])[1] is None
