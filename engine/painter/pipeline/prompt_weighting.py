"""Attention weights of a prompt: text to tokens with weights, and embeddings moved by them.

`fragments` are pieces of a text with their weights; `tokenizer` is a fast tokenizer of transformers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from engine.painter.sampling.guidance import PromptEmbeds

Fragments = Sequence[tuple[str, float]]
Embed = Callable[[str], PromptEmbeds]

MAX_CHUNKS = 4


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """A piece of text that fits the encoder, with the weight of each of its tokens, special tokens included."""

    text: str
    weights: tuple[float, ...]


def weighted_embeds(fragments: Fragments, tokenizer: Any, embed: Embed) -> PromptEmbeds:
    """Return the embeddings of a text, each token moved by the weight of its fragment; see `apply_weights`.

    embed: returns a chunk's embeddings, [1, model_max_length, features].
    Returns: tokens [1, chunks * model_max_length, features] for 1 to MAX_CHUNKS chunks, side by side; the text beyond
        them is `truncated_text`. The pooled embedding is the first chunk's.
    Guarantees: with every weight 1 and one chunk, exactly what `embed` returns.
    """
    chunks, truncated_text = chunks_from_fragments(fragments, tokenizer)
    parts = [apply_weights(embed(chunk.text), chunk.weights, embed) for chunk in chunks]
    tokens = parts[0].tokens if len(parts) == 1 else torch.cat([part.tokens for part in parts], dim=1)
    return PromptEmbeds(tokens=tokens, pooled=parts[0].pooled, truncated_text=truncated_text)


def chunks_from_fragments(fragments: Fragments, tokenizer: Any) -> tuple[list[Chunk], str]:
    """Return the chunks of a text, 1 to MAX_CHUNKS, and the text beyond them.

    A chunk has `model_max_length` tokens: one special token on each side, and padding.
    """
    text = plain_text(fragments)
    max_tokens = tokenizer.model_max_length - 2
    offsets = _offsets(text, tokenizer)
    firsts = _first_tokens(text, offsets, max_tokens)
    spans = list(zip(firsts, [*firsts[1:], len(offsets)], strict=True))
    weight_at = _weights_of_characters(fragments)
    chunks = [
        Chunk(
            text=text[_offset_of(first, offsets, text) : _offset_of(last, offsets, text)] if len(spans) > 1 else text,
            weights=_with_specials([weight_at[offset] for offset in offsets[first:last]], tokenizer.model_max_length),
        )
        for first, last in spans[:MAX_CHUNKS]
    ]
    return chunks, text[_offset_of(spans[MAX_CHUNKS][0], offsets, text) :] if len(spans) > MAX_CHUNKS else ""


def truncate(text: str, tokenizer: Any, max_tokens: int) -> tuple[str, str]:
    """Return the text of the first `max_tokens - 1` tokens, and the rest; the last token is the closing special one.

    tokenizer: None where the model has none; then everything is kept.
    """
    offsets = _offsets(text, tokenizer) if tokenizer is not None else []
    if len(offsets) < max_tokens:
        return text, ""
    return text[: offsets[max_tokens - 1]], text[offsets[max_tokens - 1] :]


def plain_text(fragments: Fragments) -> str:
    """Return the text without its weights."""
    return "".join(fragment for fragment, _ in fragments)


def weights_of_tokens(fragments: Fragments, tokenizer: Any, max_tokens: int, lead: int) -> tuple[float, ...]:
    """Return the weights of a text that is truncated or padded to `max_tokens` tokens; special tokens have weight 1.

    tokenizer: None where the model has none; then every weight is 1.
    lead: number of special tokens before the text; one more follows it.
    """
    if tokenizer is None:
        return (1.0,) * max_tokens
    weight_at = _weights_of_characters(fragments)
    read = [weight_at[offset] for offset in _offsets(plain_text(fragments), tokenizer)][: max_tokens - lead - 1]
    return (*(1.0 for _ in range(lead)), *read, *(1.0 for _ in range(max_tokens - lead - len(read))))


def stacked_tokens(embeds: Sequence[PromptEmbeds]) -> tuple[Tensor, Tensor | None]:
    """Return the tokens of all rows as one batch, padded with zeros to the longest, with an attention mask.

    Returns: float [batch, tokens, features], and bool [batch, tokens], True for tokens that are attended to, or None
        when all are.
    """
    longest = max(one.tokens.shape[1] for one in embeds)
    if all(one.mask is None and one.tokens.shape[1] == longest for one in embeds):
        return torch.cat([one.tokens for one in embeds]), None
    padded = [pad(one.tokens, (0, 0, 0, longest - one.tokens.shape[1])) for one in embeds]
    return torch.cat(padded), torch.cat([pad(_mask(one), (0, longest - one.tokens.shape[1])) for one in embeds])


def _mask(embeds: PromptEmbeds) -> Tensor:
    everything = torch.ones(1, embeds.tokens.shape[1], dtype=torch.bool, device=embeds.tokens.device)
    return everything if embeds.mask is None else embeds.mask


def _offsets(text: str, tokenizer: Any) -> list[int]:
    read = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False)
    return [start for start, _ in read["offset_mapping"]]


def _offset_of(token: int, offsets: Sequence[int], text: str) -> int:
    return offsets[token] if token < len(offsets) else len(text)


def _first_tokens(text: str, offsets: Sequence[int], max_tokens: int) -> list[int]:
    """Return the index of the first token of every chunk; a chunk ends between words where it can."""
    firsts = [0]
    while len(offsets) - firsts[-1] > max_tokens:
        last = firsts[-1] + max_tokens
        between = (at for at in range(last, firsts[-1], -1) if text[offsets[at] - 1].isspace())
        firsts.append(next(between, last))
    return firsts


def _weights_of_characters(fragments: Fragments) -> list[float]:
    return [weight for fragment, weight in fragments for _ in fragment]


def _with_specials(weights: Sequence[float], length: int) -> tuple[float, ...]:
    return (1.0, *weights, *(1.0 for _ in range(length - 1 - len(weights))))


def apply_weights(embeds: PromptEmbeds, weights: Sequence[float], embed: Embed) -> PromptEmbeds:
    """Return the embeddings with each token moved along the line from the empty text's: e + w * (t - e).

    t, e: the token's embedding in this text and at the same position of the empty text. w: its weight; 1 changes
        nothing, 0 gives the empty text's.
    weights: one for each of the tokens [1, tokens, features].
    Source: compel 2.5, `EmbeddingsProvider.get_embeddings_for_weighted_prompt_fragments`, its rule for weights over 1.
    """
    if all(weight == 1.0 for weight in weights):
        return embeds
    scale = torch.tensor(weights, dtype=embeds.tokens.dtype, device=embeds.tokens.device).view(1, -1, 1)
    return replace(embeds, tokens=_move(embeds.tokens, embed("").tokens, scale))


def _move(tokens: Tensor, empty: Tensor, scale: Tensor) -> Tensor:
    return empty + (tokens - empty) * scale
