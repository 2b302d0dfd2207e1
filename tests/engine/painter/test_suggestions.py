"""Prompts for a picture, and shorter ones for a prompt, by the CLIP that comes with the starter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.contract.edits import Edit
from engine.contract.errors import OperationUnsupported
from engine.contract.jobs import TEXT_OPERATIONS, ImagePrompt, Operation
from engine.contract.painting import PaintedText, PaintRequest
from engine.contract.suggestions import Suggestions, suggestions_from_text
from engine.models.prompt_limits import read_limits
from engine.models.registry.registry import SHIPPED, Registry
from engine.painter.in_process import LocalPainter, create_painter
from engine.prompt import parse, parse_attention
from tests.engine.painter.requests import paint_request, painted


async def suggested(painter: LocalPainter, request: PaintRequest) -> Suggestions:
    (result,) = [event async for event in painter.paint(request)]
    assert isinstance(result, PaintedText)
    return suggestions_from_text(result.text)


async def test_a_picture_is_described(registry: Registry) -> None:
    """By four prompts that say where it is, whether it was painted here or brought; a model without CLIP refuses."""
    asked = paint_request("a cat")
    async with create_painter(max_rows=64) as painter:
        house = (await painted(painter, paint_request("a blue house on the grass", pictures=1))).pictures[0].png
        of_job = replace(asked, operation=Operation.DESCRIBE, source=house, edit=Edit())
        described = await suggested(painter, of_job)
        brought = replace(asked.spec, images=(ImagePrompt(url="picture:0"),))
        of_upload = replace(asked, operation=Operation.DESCRIBE, spec=brought, images=(house,))
        assert await suggested(painter, of_upload) == described
    assert len(set(described.prompts)) == 4 and described.words == ()
    assert all("blue" in prompt and "on the grass" in prompt for prompt in described.prompts)
    assert any("house" in prompt for prompt in described.prompts)
    async with create_painter(registry, max_rows=64) as painter:
        with pytest.raises(OperationUnsupported):
            await suggested(painter, of_job)


async def test_a_prompt_is_shortened_by_what_matters_least() -> None:
    """Each word has a weight, and the shorter prompts have the strongest words, in their order."""
    async with create_painter(max_rows=64) as painter:
        long = replace(paint_request("two yellow stars at night"), operation=Operation.SHORTEN)
        shortened = await suggested(painter, long)
        alone = await suggested(painter, replace(paint_request("stars"), operation=Operation.SHORTEN))
    words = [word.text for word in shortened.words]
    assert words == ["two", "yellow", "stars", "at", "night"]
    weights = {word.text: word.weight for word in shortened.words}
    assert weights["night"] == max(weights.values()) == 1 and min(weights.values()) >= 0
    assert [len(prompt.split()) for prompt in shortened.prompts] == [4, 3, 2, 1]
    for prompt in shortened.prompts:
        kept = prompt.split()
        assert kept == sorted(kept, key=words.index)
        assert min(weights[word] for word in kept) >= max(weights[word] for word in words if word not in kept)
    assert alone.prompts == () and [word.text for word in alone.words] == ["stars"]


async def test_a_shorter_prompt_keeps_weights_and_what_is_kept_out() -> None:
    """Of each part and each word, so that every suggestion means what the whole prompt meant."""
    kept_out = ("a house, a tree", -0.5)
    asked = paint_request(("(big red:1.3) circle", 2.0), ("on the (grass) \\(green\\)", 0.5), kept_out)
    async with create_painter(max_rows=64) as painter:
        shortened = await suggested(painter, replace(asked, operation=Operation.SHORTEN))
    words = [word.text for word in shortened.words]
    assert words == ["big", "red", "circle", "on", "the", "grass", "(green)"]
    assert len(shortened.prompts) == 4, "the shortest would weigh no more than what is kept out"
    for prompt in shortened.prompts:
        parsed = parse(prompt)
        assert isinstance(parsed, tuple)
        parts = parsed[0].parts
        assert parts[-1] == asked.spec.parts[-1]
        kept = {word: (part.weight, weight) for part in parts[:-1] for word, weight in words_in(part.text)}
        for word, found in kept.items():
            assert found == (2.0 if word in ("big", "red", "circle") else 0.5, WEIGHTS.get(word, 1.0)), prompt


WEIGHTS = {"big": 1.3, "red": 1.3, "grass": 1.1}


def words_in(text: str) -> list[tuple[str, float]]:
    """Return each word with its weight in brackets."""
    return [(word, weight) for words, weight in parse_attention(text) for word in words.split()]


async def test_only_models_with_a_clip_of_their_own_suggest_prompts(registry: Registry) -> None:
    (starter,) = (await read_limits(SHIPPED, None)).models
    assert starter.operations is not None and set(starter.operations) >= TEXT_OPERATIONS
    for tiny in (await read_limits(registry.path, None)).models:
        assert tiny.operations is not None and not TEXT_OPERATIONS & set(tiny.operations)
