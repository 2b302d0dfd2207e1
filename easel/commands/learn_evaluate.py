"""`easel learn evaluate`: whether a new adapter is better than what there is."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import typer

from easel.commands.learn_promote import adapter_of, check_usable, facts_of
from easel.commands.learn_record import note_evaluation, recorded_hash
from easel.commands.learn_verdict import read_evaluation
from easel.commands.learn_votes import VOTES, choose_votes
from easel.exit_codes import ExitCode
from easel.output import Output
from engine.contract.errors import SettingsInvalid
from engine.contract.provenance import PROVENANCE
from engine.feedback.stats.wilson import wilson_share
from engine.feedback.trainable import ConsentWithdrawn
from engine.learn.evaluation import Evaluation, RowsOfSplit, evaluate, sheet_of
from engine.learn.preferences import PreferencesUnusable, read_preferences
from engine.learn.reward import save_reward_model
from engine.learn.run_files import EVALUATION, RECORD, REWARD, SHEET
from engine.logs import set_up_logging
from engine.models.registry.registry import SHIPPED, read_registry
from engine.settings import EngineSettings
from engine.store.objects import open_objects

_ON_SHEET = 32
_WITHDRAWN = (
    "A member whose votes or pictures this run learned from agrees to training no longer, or had them erased. Train "
    "again with `easel learn train`."
)


async def evaluate_run(
    run: Path, source: Path | None, num_prompts: int, settings: EngineSettings, output: Output
) -> int:
    """Compare a run's adapter with the style that there is, keep the result in the run's folder, and return 0.

    source: folder of the preferences that it learned from; None if these were the log's.

    Raises: OperationUnsupported for a model without a CLIP, AdapterMismatch, WeightsMissing, SettingsInvalid, and what
    painting raises.
    """
    set_up_logging(settings.log_format, process="learn", level=logging.ERROR)
    registry = read_registry(settings.models_file or SHIPPED)
    model = registry.model(facts_of(run)["model"])
    await asyncio.to_thread(check_usable, run, model)
    try:
        rows_of = partial(read_preferences, source) if source else await _logged_rows(run, model.name, settings)
        found = await evaluate(registry, model, adapter_of(run), rows_of, num_prompts)
    except PreferencesUnusable as error:
        typer.echo(str(error), err=True)
        return ExitCode.FAILED
    except ConsentWithdrawn:
        typer.echo(_WITHDRAWN, err=True)
        return ExitCode.FAILED
    sheet_of(found.rematches[:_ON_SHEET]).save(run / SHEET, quality=92, xmp=PROVENANCE)
    facts = {"model": model.name, "clip_sha256": found.clip_sha256}
    save_reward_model(found.reward, run / REWARD, facts)
    result = _result(found)
    kept = {name: votes for name, votes in read_evaluation(run).items() if name == "votes"} | result
    (run / EVALUATION).write_text(json.dumps(kept, indent=1) + "\n")
    await note_evaluation(recorded_hash(run / RECORD), kept, (run / SHEET).read_bytes(), settings)
    output.print_done(_sentence(result), result)
    return ExitCode.DONE


async def _logged_rows(run: Path, model: str, settings: EngineSettings) -> RowsOfSplit:
    """Return what reads the votes of a run from another thread."""
    if not (run / VOTES).is_file():
        problem = f"The run in {run} learned from a folder. Name that folder with --from."
        raise SettingsInvalid(problems=(problem,))
    logged, objects = await choose_votes(run, model, settings), open_objects(settings.storage_url)
    loop = asyncio.get_running_loop()

    def read(key: str) -> bytes:
        return asyncio.run_coroutine_threadsafe(objects.get(key), loop).result()

    return lambda split: logged.rows(split, read)


def _result(found: Evaluation) -> dict[str, Any]:
    share, scorer = wilson_share(found.wins, len(found.gains)), found.scorer
    second = scorer and {
        "name": scorer.name,
        "win_rate": asdict(wilson_share(scorer.wins, len(scorer.gains))),
        "accuracy": scorer.accuracy,
    }
    return {
        "win_rate": asdict(share),
        "is_better": share.low > 0.5,
        "reward_accuracy": found.accuracy,
        "reward_ceiling": found.ceiling,
        **({"scorer": second} if second else {}),
    }


def _sentence(result: dict[str, Any]) -> str:
    share = result["win_rate"]
    verdict = "better" if result["is_better"] else "not shown to be better"
    ceiling = "" if result["reward_ceiling"] is None else f" of at most {result['reward_ceiling']:.0%}"
    return (
        f"It wins {share['count']} of {share['total']} rematches ({share['low']:.0%} to {share['high']:.0%}):"
        f" {verdict}. The reward model is right about {result['reward_accuracy']:.0%}{ceiling} of held-out votes."
        f"{_scorer_sentence(result)}"
    )


def _scorer_sentence(result: dict[str, Any]) -> str:
    if "scorer" not in result:
        return ""
    scorer, share = result["scorer"], result["scorer"]["win_rate"]
    return (
        f" The scorer {scorer['name']} lets it win {share['count']} ({share['low']:.0%} to {share['high']:.0%}), and is"
        f" right about {scorer['accuracy']:.0%}."
    )
