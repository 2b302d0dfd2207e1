"""What is learnt from simulated raters: `python -m tests.bench.learning`.

500 raters of a known taste, slot bias and spam, give 20,000 votes on pictures of the starter, from which the feedback
derivation makes preferences. Measured by the known taste: how often the pictures of a trained adapter win on prompts
that nobody rated, whether they still show what was asked, what the votes are worth without the derivation's weights, a
second taste, the reward model beside the noise ceiling, and a plain loop on the same votes, its steps taken in turns.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from engine.feedback.records import Press
from engine.feedback.stats.wilson import wilson_share
from engine.learn.blind import with_style
from engine.learn.examples import encode_examples
from engine.learn.opening import open_to_train
from engine.learn.preferences import Preference, PreferenceRow
from engine.learn.reward import FeatureReader, accuracy, calibration_error, noise_ceiling, train_reward_model
from engine.learn.training import LearningConfig, PreferenceTrainer
from engine.models.files.weights import hash_of
from engine.models.loading.clip import load_clip
from engine.models.loading.device import best_device
from engine.models.registry.registry import SHIPPED, read_registry
from engine.starter import WEIGHTS
from engine.starter.classifier import classifier_from_file
from tests.bench.learning_peer import PEER_CONFIG, Peer
from tests.bench.learning_pictures import (
    PromptOfScene,
    following,
    held_out_prompts,
    opened,
    painted_from_seeds,
    painted_pictures,
    prompts_to_rate,
)
from tests.bench.learning_raters import (
    Pair,
    Taste,
    derived,
    green_and_dark,
    press_all,
    raw_pairs,
    warm_and_large,
)
from tests.engine.feedback.preferences.pressing import number_of

NUM_PROMPTS, MULTIPLE, TAKE_TURNS = 300, 16, 5
PARTS = ("taste", "short", "reward", "raw", "second")
_SEED = 7_000_000


@dataclass(kw_only=True)
class Clock:
    """Seconds that some work took, by the wall and of the processor."""

    wall: float = 0.0
    cpu: float = 0.0

    def timed(self, work: Any) -> Any:
        """Return what `work` returns, and add its time."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            return work()
        finally:
            self.wall += time.perf_counter() - wall
            self.cpu += time.process_time() - cpu


@dataclass(frozen=True, kw_only=True)
class Rated:
    """What raters of one taste say about the pictures, by caption: as the derivation has it, and as it was pressed."""

    captions: Sequence[str]
    files: dict[int, bytes]
    hashes: dict[int, str] = field(default_factory=dict)

    def row(self, at: int, pair: Pair, weight: float, rater: int | None) -> PreferenceRow:
        """Return a preference on two pictures of the caption numbered `at`."""
        keys = [self.hashes.setdefault(one, hashlib.sha256(self.files[one]).hexdigest()) for one in pair]
        preference = Preference(caption=self.captions[at], winner=keys[0], loser=keys[1], weight=weight, rater=rater)
        files = {key: self.files[one] for key, one in zip(keys, pair, strict=True)}
        return PreferenceRow(preference=preference, read=files.__getitem__)


def main() -> None:
    """Print every figure as soon as it is known."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    asked.add_argument("--folder", type=Path, default=Path("build/bench/learning"), help="for pictures and adapters")
    asked.add_argument("--steps", type=int, default=50)
    asked.add_argument("--rate", type=float, default=2e-3)
    asked.add_argument("--prompts", type=int, default=200, help="held-out prompts to paint")
    asked.add_argument("--every", type=int, default=1, help="only every so many raters and prompts")
    asked.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    options = asked.parse_args()
    prompts = prompts_to_rate(NUM_PROMPTS)
    began = time.perf_counter()
    files = dict(painted_pictures(options.folder, prompts, options.every))
    captions = prompts[:: options.every]
    say(f"{len(files)} pictures of {len(captions)} prompts, {time.perf_counter() - began:.0f} s to paint or read")
    bench = Bench(
        folder=options.folder,
        rated=Rated(captions=captions, files=files),
        every=options.every,
        config=LearningConfig(steps=options.steps, rate=options.rate),
        held_out=held_out_prompts(options.prompts),
    )
    bench.run(set(options.only))


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The parts of the benchmark; each prints what it measured."""

    folder: Path
    rated: Rated
    every: int
    config: LearningConfig
    held_out: Sequence[PromptOfScene]

    def run(self, parts: set[str]) -> None:
        """Run the parts that were asked for."""
        clusters = self._clusters(warm_and_large, seed=0)
        rows = self._rows(clusters)
        say(f"{sum(map(len, clusters))} presses, {len(rows)} votes derived from them")
        if "taste" in parts:
            self._judge("warm", self._train("warm", rows, beside_peer=True), warm_and_large)
            peers = self.folder / "peer" / "pytorch_lora_weights.safetensors"
            self._judge("peer", peers, warm_and_large)
            self._compare(self.folder / "warm.safetensors", peers, warm_and_large)
        if "short" in parts:
            shorter = replace(self, config=replace(self.config, steps=self.config.steps * 2 // 5))
            self._judge("short", shorter._train("short", rows), warm_and_large)
        if "raw" in parts:
            raw = [self.rated.row(at, one, 1.0, None) for at, of in enumerate(clusters) for one in raw_pairs(of)]
            self._judge("raw", self._train("raw", raw), warm_and_large)
        if {"taste", "raw"} <= parts:
            self._compare(self.folder / "warm.safetensors", self.folder / "raw.safetensors", warm_and_large)
        if "second" in parts:
            second = self._train("green", self._rows(self._clusters(green_and_dark, seed=1)))
            self._judge("green", second, green_and_dark)
        if {"taste", "second"} <= parts:
            change = _cosine(self.folder / "warm.safetensors", self.folder / "green.safetensors")
            say(f"cosine of what the two adapters change: {change:.2f}")
            self._judge("green, by the other taste", self.folder / "green.safetensors", warm_and_large)
        if "reward" in parts:
            self._judge_rewards(rows)

    def _rows(self, clusters: Sequence[Sequence[Press]]) -> Sequence[PreferenceRow]:
        return [
            self.rated.row(at, (number_of(vote.winner), number_of(vote.loser)), vote.weight, number_of(vote.rater))
            for at, of_caption in enumerate(derived(clusters))
            for vote in of_caption
        ]

    def _clusters(self, taste: Taste, seed: int) -> Sequence[Sequence[Press]]:
        quality = {number: taste(opened(data)) for number, data in self.rated.files.items()}
        return press_all(self.rated.captions, quality, seed, self.every)

    def _train(self, name: str, rows: Sequence[PreferenceRow], *, beside_peer: bool = False) -> Path:
        ours, theirs = Clock(), Clock()
        trainer, facts = ours.timed(lambda: self._trainer(rows))
        peer = theirs.timed(lambda: Peer(rows)) if beside_peer else None
        their_steps = iter(()) if peer is None else peer.steps()
        last = list(_in_turns(ours, trainer.steps(), self.config.steps, theirs, their_steps))[-1]
        say(f"{name}: {facts}; loss {last.loss:.3f}, implicit accuracy {last.accuracy:.0%} in step {last.number}")
        say(f"{name}: {ours.wall:.0f} s, {ours.cpu:.0f} s of processor")
        file = self.folder / f"{name}.safetensors"
        trainer.adapter.save(file, {"model": "starter"})
        if peer is not None:
            peer.save(self.folder / "peer")
            say(f"peer: {theirs.wall:.0f} s, {theirs.cpu:.0f} s of processor")
            say(f"ours / peer: {ours.wall / theirs.wall:.2f} of the time, {ours.cpu / theirs.cpu:.2f} of the processor")
        return file

    def _trainer(self, rows: Sequence[PreferenceRow]) -> tuple[PreferenceTrainer, str]:
        model, device = read_registry(SHIPPED).model("starter"), best_device()
        loaded, denoiser = open_to_train(model, device)
        examples = encode_examples(rows, loaded, MULTIPLE)
        facts = f"{len(examples.preferences)} preferences, left out {examples.left_out}"
        return PreferenceTrainer(loaded, denoiser, examples, self.config), facts

    def _judge(self, name: str, adapter: Path, taste: Taste) -> None:
        prompts = [one.text for one in self.held_out]
        registry = read_registry(SHIPPED)
        model = registry.model("starter")
        old = asyncio.run(painted_from_seeds(registry, prompts, self.folder / "held-out", _SEED))
        styled = with_style(registry, model, adapter)
        new = asyncio.run(painted_from_seeds(styled, prompts, _place_of(adapter), _SEED))
        wins = sum(taste(after) > taste(before) for before, after in zip(old, new, strict=True))
        share = wilson_share(wins, len(prompts))
        say(f"{name}: wins {wins} of {len(prompts)} rematches ({share.low:.0%} to {share.high:.0%})")
        scenes = [(at, one.scene) for at, one in enumerate(self.held_out) if one.scene is not None]
        classifier = classifier_from_file()
        for side, pictures in (("old", old), ("new", new)):
            found = following(classifier, [scene for _, scene in scenes], [pictures[at] for at, _ in scenes])
            say(f"{name}, {side}: " + ", ".join(f"{part} {right:.1%}" for part, right in found.items()))

    def _compare(self, one: Path, other: Path, taste: Taste) -> None:
        """Say how often the pictures of the one adapter win against those of the other, once both were judged."""
        registry, prompts = read_registry(SHIPPED), [one.text for one in self.held_out]
        sides = [asyncio.run(painted_from_seeds(registry, prompts, _place_of(file), _SEED)) for file in (one, other)]
        wins = sum(taste(first) > taste(second) for first, second in zip(*sides, strict=True))
        share = wilson_share(wins, len(prompts))
        say(f"{one.stem} against {other.stem}: wins {wins} of {len(prompts)} ({share.low:.0%} to {share.high:.0%})")

    def _judge_rewards(self, rows: Sequence[PreferenceRow]) -> None:
        """Hold out a tenth of the captions each for calibration and for the test."""
        numbers = {caption: at % 10 for at, caption in enumerate(self.rated.captions)}
        splits = {split: [one for one in rows if (numbers[one.preference.caption] == split)] for split in range(10)}
        clock = Clock()
        reader = FeatureReader(load_clip("starter", WEIGHTS / "clip", torch.device("cpu")))
        train = [one for split in range(8) for one in splits[split]]
        model = clock.timed(lambda: train_reward_model(reader.comparisons(train), reader.comparisons(splits[8])))
        test = reader.comparisons(splits[9])
        ceiling = noise_ceiling(one.preference for one in rows) or 0.0
        say(f"reward model: right about {accuracy(model, test):.1%} of held-out votes, ceiling {ceiling:.1%}")
        say(f"the taste itself: {self._accuracy_of(warm_and_large, splits[9]):.1%}")
        say(f"reward model: calibration error {calibration_error(model, test):.3f}, {clock.cpu:.0f} s of processor")

    def _accuracy_of(self, taste: Taste, rows: Sequence[PreferenceRow]) -> float:
        """Return of how much of the votes, by weight, the winner is the one that the taste likes more."""
        total = right = 0.0
        for row in rows:
            one = row.preference
            winner, loser = (taste(opened(row.read(sha256))) for sha256 in (one.winner, one.loser))
            total, right = total + one.weight, right + one.weight * (winner > loser)
        return right / total


def _place_of(adapter: Path) -> Path:
    """Return where pictures of just this file are kept: another training of the same name paints anew."""
    return adapter.with_name(f"held-out-{hash_of(adapter)[:12]}")


def _in_turns(ours: Clock, steps: Iterator[Any], count: int, theirs: Clock, others: Iterator[Any]) -> Iterator[Any]:
    """Yield our steps; after every few, the others take their share of theirs, so that both meet the same load."""
    taken = 0
    while (step := ours.timed(lambda: next(steps, None))) is not None:
        yield step
        if step.number % TAKE_TURNS == 0 or step.number == count:
            due = PEER_CONFIG.steps * step.number // count
            for _ in range(due - taken):
                theirs.timed(lambda: next(others, None))
            taken = due


def _cosine(one: Path, other: Path) -> float:
    first, second = _changes(one), _changes(other)
    return torch.nn.functional.cosine_similarity(first, second, dim=0).item()


def _changes(adapter: Path) -> torch.Tensor:
    """Return by what the adapter changes all weights, as one vector."""
    state = load_file(adapter)
    ups = [name for name in state if "lora_B" in name]
    return torch.cat([(state[name] @ state[name.replace("lora_B", "lora_A")]).flatten() for name in ups])


if __name__ == "__main__":
    main()
