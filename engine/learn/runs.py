"""A training run in its folder: it can be ended at any moment, and the same call goes on with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.contract.errors import SettingsInvalid
from engine.learn.crew import ALONE, Crew
from engine.learn.distance import relative_change
from engine.learn.examples import OnEncoded, encode_examples
from engine.learn.opening import open_to_train
from engine.learn.preferences import PreferenceRow, check_enough, preferences_hash
from engine.learn.run_files import ADAPTER, CHECKPOINT, LOG, RUN
from engine.learn.training import LearningConfig, LossNotFinite, PreferenceTrainer, Step, facts_of
from engine.learn.trust import Key, weighed
from engine.models.loading.device import Device
from engine.models.registry.registry import Model

SAVE_EVERY = 50
LOG_EVERY = 10


Weigh = Callable[[], Mapping[Key, float]]


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """A finished run: the adapter's file, how many preferences it has learnt from, and why others were left out.

    distance: how far it takes the model from its weights; see `relative_change`.
    """

    adapter: Path
    num_preferences: int
    left_out: Mapping[str, int]
    preferences_sha256: str
    distance: float


@dataclass(frozen=True, kw_only=True)
class RunHooks:
    """What a run calls as it goes on.

    encoded: with the number of preferences read. stepped: after each step. confirm: before the adapter is written.
    """

    encoded: OnEncoded = lambda done: None
    stepped: Callable[[Step], None] = lambda step: None
    confirm: Callable[[], None] = lambda: None


def learn(
    folder: Path,
    rows: Iterable[PreferenceRow],
    model: Model,
    device: Device,
    config: LearningConfig,
    hooks: RunHooks = RunHooks(),
    *,
    is_personal: bool = False,
    crew: Crew = ALONE,
    weigh: Weigh | None = None,
) -> Learnt:
    """Train an adapter of the model in `folder`, or go on with it, and return it.

    is_personal: whether it may learn the taste of one member. crew: the processes that call this together, of which the
        first one writes the folder and calls `hooks.confirm`. weigh: returns by what weights are multiplied.

    Raises: PreferencesUnusable for too few or one-sided preferences, SettingsInvalid for the folder of another run,
    LossNotFinite, OSError, and what loading a model, reading the pictures and the hooks raise. The folder keeps the
    last step that was good.
    """
    loaded, denoiser = open_to_train(model, device)
    examples = encode_examples(rows, loaded, model.abilities.multiple, hooks.encoded)
    check_enough(len(examples.preferences), examples.raters, examples.left_out, is_personal=is_personal)
    digest = preferences_hash(examples.preferences)
    facts = {"model": model.name, "model_sha256": loaded.sha256, "preferences_sha256": digest, **facts_of(config)}
    if weigh is not None:
        trust, facts = weigh(), {**facts, "weighed": "by the votes on other prompts"}
        examples.by_size = {size: weighed(some, trust) for size, some in examples.by_size.items()}
    if crew.is_first:
        _claim(folder, facts)
    trainer = PreferenceTrainer(loaded, denoiser, examples, config, crew)
    train_in_folder(folder, trainer, hooks.stepped, crew)
    if crew.is_first:
        hooks.confirm()
        trainer.adapter.save(folder / ADAPTER, facts)
    crew.wait()
    return Learnt(
        adapter=folder / ADAPTER,
        num_preferences=len(examples.preferences),
        left_out=examples.left_out,
        preferences_sha256=digest,
        distance=relative_change(denoiser),
    )


def figures_of(learnt: Learnt, folder: Path) -> Mapping[str, Any]:
    """Return how a finished run went, JSON-ready: `log` has step, loss, accuracy and rate every few steps."""
    lines = (folder / LOG).read_text().splitlines()
    # A run that was killed may have logged steps twice; the later line is of the weights that were kept.
    log = {line["step"]: line for line in map(json.loads, lines)}
    return {"distance": learnt.distance, "log": [log[step] for step in sorted(log)]}


def _claim(folder: Path, facts: Mapping[str, str]) -> None:
    """Make the folder this run's, or return if it is already.

    Raises: SettingsInvalid if it is another's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / RUN
    if not file.exists():
        partial = file.with_name(f"{RUN}.partial")
        partial.write_text(json.dumps(facts, indent=1) + "\n")
        partial.replace(file)
        return
    kept = json.loads(file.read_text())
    changed = [name for name in facts if kept.get(name) != facts[name]]
    if changed == ["model_sha256"]:
        problem = f"The files of {facts['model']} have changed since the run in {folder} began. Choose another folder."
        raise SettingsInvalid(problems=(problem,))
    if changed:
        named = ", ".join(_WORDS.get(name, name.replace("_", " ")) for name in changed)
        problem = f"{folder} is the folder of another run: {named} differ. Choose another folder."
        raise SettingsInvalid(problems=(problem,))


_WORDS = {"preferences_sha256": "the votes", "model_sha256": "the model's files"}


def train_in_folder(
    folder: Path, trainer: PreferenceTrainer, report: Callable[[Step], None], crew: Crew = ALONE
) -> None:
    """Train to the last step from the folder's checkpoint, if it has one, with checkpoints and the log there.

    Raises: LossNotFinite, and the checkpoint is that of the step before; OSError, torch.OutOfMemoryError.
    """
    checkpoint = folder / CHECKPOINT
    if checkpoint.exists():
        trainer.load(checkpoint)
    # All begin with the same one.
    crew.wait()
    unlogged: list[Step] = []
    try:
        for step in trainer.steps():
            unlogged.append(step)
            report(step)
            is_last = step.number == trainer.config.steps
            if not crew.is_first:
                continue
            if step.number % LOG_EVERY == 0 or is_last:
                _log(folder, unlogged)
                unlogged = []
            if step.number % SAVE_EVERY == 0 or is_last:
                trainer.save(checkpoint)
    except LossNotFinite:
        if crew.is_first:
            trainer.save(checkpoint)
        raise


def _log(folder: Path, steps: Sequence[Step]) -> None:
    """Add a line with the means of some steps; a run that was killed may have logged steps that it does again."""
    means = {name: sum(asdict(step)[name] for step in steps) / len(steps) for name in ("loss", "accuracy", "rate")}
    line = {"step": steps[-1].number, **{name: round(value, 8) for name, value in means.items()}}
    with (folder / LOG).open("a") as log:
        log.write(json.dumps(line) + "\n")
