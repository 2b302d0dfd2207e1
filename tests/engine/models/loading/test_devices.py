"""The precision of a device, and how much of its memory weights can take."""

from __future__ import annotations

import pytest
import torch

from engine.models.loading.device import best_device, dtype_for, memory_budget, memory_budget_within


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
    """Older cards only emulate bfloat16."""
    assert dtype_for(capability) == dtype, card


@pytest.mark.parametrize(("free", "budget"), [(24, 19), (14, 9), (5, 0), (2, 0), (0, 0)])
def test_weights_take_what_other_programs_left_and_leave_room_for_pictures(free: int, budget: int) -> None:
    """A fifth of a card's memory is kept for pictures: 5 of 25 GB, however much other programs use."""
    assert memory_budget_within(free * 2**30, 25 * 2**30) == budget * 2**30


def test_weights_leave_room_on_the_machine() -> None:
    assert 2**30 < memory_budget(best_device()) < 2**50
