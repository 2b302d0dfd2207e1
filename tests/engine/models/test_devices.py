"""What models are painted with: which numbers a device has, and how much of its memory weights may take."""

from __future__ import annotations

import pytest
import torch

from engine.models.loading import dtype_for


@pytest.mark.parametrize(
    ("card", "capability", "dtype"),
    [
        ("V100", (7, 0), torch.float32),
        ("T4", (7, 5), torch.float32),
        ("A100", (8, 0), torch.bfloat16),
        ("RTX 3090", (8, 6), torch.bfloat16),
        ("H100", (9, 0), torch.bfloat16),
        ("RTX 5090", (12, 0), torch.bfloat16),
    ],
)
def test_only_cards_that_are_made_for_bfloat16_paint_in_it(
    card: str, capability: tuple[int, int], dtype: torch.dtype
) -> None:
    """The others emulate it."""
    assert dtype_for(capability) == dtype, card
