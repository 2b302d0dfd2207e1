"""`easel learn evaluate`: whether a new adapter is better than what there is."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from easel.commands.learn_promote import adapter_of, facts_of
from easel.commands.learn_record import RECORD, note_evaluation, read_votes, recorded_hash
from easel.commands.learn_verdict import EVALUATION, SHEET, read_evaluation
from easel.exit_codes import ExitCode
from easel.output import Output
from engine.contract.provenance import PROVENANCE
from engine.feedback.exports.request import ExportRefused
from engine.feedback.stats.wilson import wilson_share
from engine.learn.evaluation import Evaluation, evaluate, sheet_of
from engine.learn.preferences import PreferencesUnusable
from engine.logs import set_up_logging
from engine.models.registry.registry import SHIPPED, read_registry
from engine.settings import EngineSettings

_ON_SHEET = 32
_PRIVATE = "held-out"
_NOBODY = "No member has agreed to training, or none of those has rated pictures, so nobody can judge."


async def evaluate_on_log(run: Path, num_prompts: int, settings: EngineSettings, output: Output) -> int:
    """Compare a run's adapter as `evaluate_run` does, by the votes of members who agree to training; return the code.

    Their preferences and pictures are copied into the run's folder, and deleted when it is done.
    """
    copied = run / _PRIVATE
    await asyncio.to_thread(shutil.rmtree, copied, ignore_errors=True)
    try:
        await read_votes(copied, settings)
        return await evaluate_run(run, copied, num_prompts, settings, output)
    except ExportRefused:
        typer.echo(_NOBODY, err=True)
        return ExitCode.FAILED
    finally:
        await asyncio.to_thread(shutil.rmtree, copied, ignore_errors=True)


async def evaluate_run(run: Path, preferences: Path, num_prompts: int, settings: EngineSettings, output: Output) -> int:
    """Compare a run's adapter with the style that there is, keep the result in the run's folder, and return 0.

    Raises: OperationUnsupported for a model without a CLIP, AdapterMismatch, WeightsMissing, and what painting raises.
    """
    set_up_logging(settings.log_format, process="learn", level=logging.ERROR)
    registry = read_registry(settings.models_file or SHIPPED)
    model = registry.model(facts_of(run)["model"])
    try:
        found = await evaluate(registry, model, adapter_of(run), preferences, num_prompts)
    except PreferencesUnusable as error:
        typer.echo(str(error), err=True)
        return ExitCode.FAILED
    sheet_of(found.rematches[:_ON_SHEET]).save(run / SHEET, quality=92, xmp=PROVENANCE)
    result = _result(found)
    kept = {name: votes for name, votes in read_evaluation(run).items() if name == "votes"} | result
    (run / EVALUATION).write_text(json.dumps(kept, indent=1) + "\n")
    await note_evaluation(recorded_hash(run / RECORD), kept, (run / SHEET).read_bytes(), settings)
    output.print_done(_sentence(result), result)
    return ExitCode.DONE


def _result(found: Evaluation) -> dict[str, Any]:
    share = wilson_share(found.wins, len(found.gains))
    return {
        "win_rate": asdict(share),
        "is_better": share.low > 0.5,
        "reward_accuracy": found.accuracy,
        "reward_ceiling": found.ceiling,
    }


def _sentence(result: dict[str, Any]) -> str:
    share = result["win_rate"]
    verdict = "better" if result["is_better"] else "not shown to be better"
    ceiling = "" if result["reward_ceiling"] is None else f" of at most {result['reward_ceiling']:.0%}"
    return (
        f"It wins {share['count']} of {share['total']} rematches ({share['low']:.0%} to {share['high']:.0%}):"
        f" {verdict}. The reward model is right about {result['reward_accuracy']:.0%}{ceiling} of held-out votes."
    )
