"""What `easel doctor` finds out about the device, on machines that are not at hand."""

from __future__ import annotations

import pytest
import torch

from easel.doctor.model_checks import check_device
from engine.settings import EngineSettings


def _refuse(*_: object) -> tuple[int, int]:
    raise torch.AcceleratorError("CUDA error: all CUDA-capable devices are busy or unavailable")


async def test_a_card_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that another program holds for itself: what is checked after it is checked all the same."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: (9, 0))
    monkeypatch.setattr(torch.cuda, "mem_get_info", _refuse)
    finding = await check_device(EngineSettings())
    assert finding.advice is not None and "Close other programs that use the card" in finding.advice
    assert "busy or unavailable" in finding.found
