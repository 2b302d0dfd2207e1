"""Attention for UNets that makes keys and values of text once for each distinct text of a batch, not once a row.

Four pictures of one order have two texts in eight rows; the results are the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from engine.painter.rows import Words


class SharedTextAttention:
    """What `AttnProcessor2_0` of diffusers 0.42 does in a transformer block, with the text's rows picked afterwards."""

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
        text_of: Tensor | None = None,
    ) -> Tensor:
        """Return the attended states.

        encoder_hidden_states: float [texts, tokens, width], each text once; None attends to the states themselves.
        text_of: int64 [batch], which text each row reads.
        """
        batch, places, _ = hidden_states.shape
        source = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        query, key, value = (
            _headed(project(states), attn.heads)
            for project, states in ((attn.to_q, hidden_states), (attn.to_k, source), (attn.to_v, source))
        )
        if encoder_hidden_states is not None and text_of is not None:
            key, value = key[text_of], value[text_of]
        mask = None if attention_mask is None else _mask(attn, attention_mask, key.shape[2], batch)
        attended = scaled_dot_product_attention(query, key, value, attn_mask=mask)
        merged = attended.transpose(1, 2).reshape(batch, places, -1)
        output: Tensor = attn.to_out[1](attn.to_out[0](merged))
        return output


def can_share_text(unet: Any) -> bool:
    """Return whether every attention of the UNet is of the plain kind that `SharedTextAttention` does."""
    plain = [_is_plain(attn) for attn in _attentions(unet)]
    return all(plain) and len(plain) == len(unet.attn_processors)


def distinct_words(words: Sequence[Words]) -> tuple[list[Words], Tensor]:
    """Return each text once, and for every row the index of its text, int64 [rows] on the texts' device."""
    places: dict[int, int] = {}
    texts: list[Words] = []
    for one in words:
        if id(one) not in places:
            places[id(one)] = len(texts)
            texts.append(one)
    return texts, torch.tensor([places[id(one)] for one in words], device=words[0].tokens.device)


def _attentions(unet: Any) -> list[Any]:
    return [module for name, module in unet.named_modules() if name.endswith(("attn1", "attn2"))]


def _is_plain(attn: Any) -> bool:
    special = (attn.spatial_norm, attn.group_norm, attn.norm_cross, attn.norm_q, attn.norm_k)
    return not any(special) and not attn.residual_connection and attn.rescale_output_factor == 1.0


def _headed(states: Tensor, heads: int) -> Tensor:
    """Return [rows, places, width] as [rows, heads, places, width / heads]."""
    rows, places, width = states.shape
    return states.view(rows, places, heads, width // heads).transpose(1, 2)


def _mask(attn: Any, mask: Tensor, tokens: int, batch: int) -> Tensor:
    prepared: Tensor = attn.prepare_attention_mask(mask, tokens, batch)
    return prepared.view(batch, attn.heads, -1, prepared.shape[-1])
