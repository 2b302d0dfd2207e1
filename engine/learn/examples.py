"""Preferences as the trainer reads them: latents and prompt embeddings, computed once."""

from __future__ import annotations

import io
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from engine.contract.errors import PictureCorrupt
from engine.learn.preferences import Preference, PreferenceRow, agreed_preferences
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.guidance import PromptEmbeds

Size = tuple[int, int]
"""Width and height in pixels."""

# What Pillow raises for files of all kinds of damage, and what the store does.
DAMAGED = (OSError, SyntaxError, ValueError, Image.DecompressionBombError, PictureCorrupt)


@dataclass(kw_only=True)
class EncodedPreferences:
    """The preferences of pictures of one size each, with what the denoiser reads.

    by_size: the preferences by the size of their pictures, one for each two pictures of a caption.
    sizes: of each picture, by the hash of its file.
    latents: of each picture that the model could paint, [1, channels, height / factor, width / factor].
    embeds: of each caption.
    raters: whose preferences they follow from.
    left_out: how many preferences cannot be learnt from, by reason.
    """

    by_size: dict[Size, list[Preference]] = field(default_factory=dict)
    sizes: dict[str, Size] = field(default_factory=dict)
    latents: dict[str, Tensor] = field(default_factory=dict)
    embeds: dict[str, PromptEmbeds] = field(default_factory=dict)
    raters: set[Hashable] = field(default_factory=set)
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def preferences(self) -> Sequence[Preference]:
        """All preferences that are learnt from."""
        return [one for some in self.by_size.values() for one in some]


OnEncoded = Callable[[int], None]
"""Called with the number of preferences that have been read."""


@torch.no_grad()
def encode_examples(
    rows: Iterable[PreferenceRow], model: LoadedModel, multiple: int, report: OnEncoded = lambda done: None
) -> EncodedPreferences:
    """Return the preferences with latents and embeddings; pictures of different or unsuitable sizes are left out.

    multiple: of which the model's pictures are, in pixels. Of the rows, one is in memory at a time.

    Raises: torch.OutOfMemoryError, and what reading a row's pictures raises apart from damage.
    """
    examples, usable = EncodedPreferences(), list[Preference]()
    for done, row in enumerate(rows, start=1):
        if reason := _encode(row, examples, model, multiple):
            examples.left_out[reason] = examples.left_out.get(reason, 0) + 1
        else:
            usable.append(row.preference)
        report(done)
    for one in agreed_preferences(usable):
        examples.by_size.setdefault(examples.sizes[one.winner], []).append(one)
    examples.raters.update(one.rater for one in usable)
    if cancelled := _num_cancelled(usable, examples.preferences):
        examples.left_out["as much weight for the one picture as for the other"] = cancelled
    return examples


def _encode(row: PreferenceRow, examples: EncodedPreferences, model: LoadedModel, multiple: int) -> str | None:
    """Encode what is new of a row; return why it cannot be learnt from, or None."""
    one = row.preference
    if one.winner == one.loser:
        return "the same picture twice"
    try:
        for sha256 in (one.winner, one.loser):
            if sha256 not in examples.sizes:
                _encode_picture(sha256, _opened(row.read(sha256)), examples, model, multiple)
    except DAMAGED:
        return "a damaged picture"
    if examples.sizes[one.winner] != examples.sizes[one.loser]:
        return "pictures of different sizes"
    if one.winner not in examples.latents:
        return "a size that the model cannot paint"
    if one.caption not in examples.embeds:
        examples.embeds[one.caption] = model.encode_prompt(one.caption)
    return None


def _encode_picture(
    sha256: str, picture: Image.Image, examples: EncodedPreferences, model: LoadedModel, multiple: int
) -> None:
    examples.sizes[sha256] = picture.size
    if not any(side % multiple for side in picture.size):
        examples.latents[sha256] = _latents(picture, sha256, model)


def _num_cancelled(usable: Sequence[Preference], kept: Sequence[Preference]) -> int:
    pairs = {(one.caption, frozenset((one.winner, one.loser))) for one in kept}
    return sum((one.caption, frozenset((one.winner, one.loser))) not in pairs for one in usable)


def _opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")


def _latents(picture: Image.Image, sha256: str, model: LoadedModel) -> Tensor:
    """Return what the encoder draws for a picture: always the same for the same picture."""
    pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 127.5 - 1
    return model.encode(pixels, torch.Generator().manual_seed(int(sha256[:8], 16))).to(model.dtype)


@dataclass(frozen=True, kw_only=True, eq=False)
class PairBatch:
    """Preferences of one size: latents [pairs, channels, height, width], and one text for each pair."""

    size: Size
    preferences: Sequence[Preference]
    winners: Tensor
    losers: Tensor
    embeds: Sequence[PromptEmbeds]

    def part(self, share: slice) -> PairBatch:
        """Return some of the preferences as a batch."""
        return PairBatch(
            size=self.size,
            preferences=self.preferences[share],
            winners=self.winners[share],
            losers=self.losers[share],
            embeds=self.embeds[share],
        )


def batch_of(examples: EncodedPreferences, size: Size, preferences: Sequence[Preference]) -> PairBatch:
    """Return preferences of pictures of one size as a batch."""
    return PairBatch(
        size=size,
        preferences=preferences,
        winners=torch.cat([examples.latents[one.winner] for one in preferences]),
        losers=torch.cat([examples.latents[one.loser] for one in preferences]),
        embeds=[examples.embeds[one.caption] for one in preferences],
    )


class PreferenceDraws:
    """Draws preferences for training: those on which members agree often, those on which they hardly do seldom.

    How much a pair teaches grows with the square of its weight: its part of the gradient points where the winner is
    better by as much, while what else its two pictures differ in, and the noise of a step, are as large for all pairs.
    """

    def __init__(self, examples: EncodedPreferences) -> None:
        self._examples, self._sizes = examples, list(examples.by_size)
        weights = [[one.weight for one in some] for some in examples.by_size.values()]
        self._odds = [torch.tensor(some, dtype=torch.float64).square() for some in weights]
        self._odds_of_sizes = torch.stack([odds.sum() for odds in self._odds])

    def batch(self, pairs: int, rng: torch.Generator) -> PairBatch:
        """Return at most `pairs` preferences of one size, each once, which follow from the generator alone."""
        at = int(torch.multinomial(self._odds_of_sizes, 1, generator=rng))
        odds, some = self._odds[at], self._examples.by_size[self._sizes[at]]
        drawn = torch.multinomial(odds, min(pairs, len(some)), generator=rng)
        return batch_of(self._examples, self._sizes[at], [some[number] for number in drawn.tolist()])


def generator_for(seed: int, number: int) -> torch.Generator:
    """Return the generator of a step or a picture, which depends on nothing that was drawn before it."""
    return torch.Generator().manual_seed((seed << 32 | number) & (1 << 63) - 1)
