"""What `easel doctor` reports about devices that this machine does not have."""

from __future__ import annotations

import pytest
import torch

from easel.doctor.model_checks import check_device
from engine.settings import EngineSettings


def _refuse(*_: object) -> tuple[int, int]:
    raise torch.AcceleratorError("CUDA error: all CUDA-capable devices are busy or unavailable")


async def test_a_card_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A card that another program holds is a problem with a fix, not a crash."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: (9, 0))
    monkeypatch.setattr(torch.cuda, "mem_get_info", _refuse)
    result = await check_device(EngineSettings())
    assert result.fix is not None and "Close other programs that use the card" in result.fix
    assert "busy or unavailable" in result.found
