"""`easel learn train` as a real process: from preferences to an adapter that paints."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from easel.commands.learn_lock import hold_training_lock
from engine.learn.adapter import facts_from_metadata
from engine.models.loading.device import best_device
from engine.models.registry.registry import SHIPPED
from engine.starter import WEIGHTS
from tests.easel.command import run_easel, start_easel
from tests.easel.models import save_models_file
from tests.engine.learn.pickapic_folder import save_rows, warm_rows
from tests.engine.painter.checkpoints import save_lora, save_sd1, save_sdxl
from tests.engine.worker.following import until

SMALL = ("--steps", "4", "--pairs", "4", "--rank", "2")
TORCHRUN = (
    *(sys.executable, "-m", "torch.distributed.run", "--no-python", "--nproc-per-node=2", "--rdzv-backend=c10d"),
    *("--rdzv-endpoint=127.0.0.1:0", "--local-addr=127.0.0.1"),
)


@pytest.fixture
def rated(tmp_path: Path) -> Path:
    return save_rows(tmp_path / "rated", warm_rows(120))


async def test_an_adapter_is_trained_and_can_be_painted_with(home: Path, rated: Path, tmp_path: Path) -> None:
    """Its file says what it was trained on; registered as the style of the community, a picture has it."""
    models = save_models_file(tmp_path)
    folder = tmp_path / "run"
    arguments = ("learn", "train", "--from", str(rated), "-o", str(folder), *SMALL)
    done = await run_easel(*arguments, home=home, EASEL_MODELS_FILE=str(models))
    assert (done.code, done.out) == (0, f"Learned from 120 preferences: {folder}/adapter.safetensors\n"), done.err
    with safe_open(folder / "adapter.safetensors", "pt") as file:
        facts = facts_from_metadata(file.metadata())
    assert facts["model"] == "tiny" and len(facts["preferences_sha256"]) == 64
    with models.open("a") as registry:
        registry.write('[adapters.votes]\nfile = "run/adapter.safetensors"\nfamily = "sd1"\nstyle = true\n')
    painted = await run_easel(
        "imagine", "a cat [/] --stylize 100", "-o", str(tmp_path / "x.png"), home=home, EASEL_MODELS_FILE=str(models)
    )
    assert painted.code == 0, painted.err


async def test_another_run_is_not_mixed_into_a_folder(home: Path, rated: Path, tmp_path: Path) -> None:
    """A finished run that is run again is finished; with other options, the folder is refused."""
    models = save_models_file(tmp_path)
    arguments = ("learn", "train", "--from", str(rated), "-o", str(tmp_path / "run"), *SMALL)
    weights = tmp_path / "run" / "adapter.safetensors"
    for _ in range(2):
        done = await run_easel(*arguments, home=home, EASEL_MODELS_FILE=str(models))
        assert done.code == 0, done.err
        first = weights.read_bytes()
    refused = await run_easel(*arguments, "--seed", "5", home=home, EASEL_MODELS_FILE=str(models))
    assert refused.code == 4
    assert "is the folder of another run: seed differ. Choose another folder." in refused.err
    assert weights.read_bytes() == first


@pytest.mark.kills
async def test_a_killed_run_goes_on_to_the_same_adapter(home: Path, rated: Path, tmp_path: Path) -> None:
    models = str(save_models_file(tmp_path))
    options = ("learn", "train", "--from", str(rated), *SMALL, "--steps", "60")
    whole = await run_easel(*options, "-o", str(tmp_path / "whole"), home=home, EASEL_MODELS_FILE=models)
    assert whole.code == 0, whole.err
    killed = await start_easel(*options, "-o", str(tmp_path / "killed"), home=home, EASEL_MODELS_FILE=models)

    async def has_checkpoint() -> bool:
        return (tmp_path / "killed" / "checkpoint.safetensors").exists()

    await until(has_checkpoint)
    killed.send_signal(signal.SIGKILL)
    await killed.communicate()
    assert not (tmp_path / "killed" / "adapter.safetensors").exists()
    again = await run_easel(*options, "-o", str(tmp_path / "killed"), home=home, EASEL_MODELS_FILE=models)
    assert again.code == 0, again.err
    one, other = ((tmp_path / name / "adapter.safetensors").read_bytes() for name in ("whole", "killed"))
    assert one == other


async def test_two_processes_train_what_one_does(home: Path, rated: Path, tmp_path: Path) -> None:
    """As torchrun starts them, which accelerate launch does on cards; each has a share of batches of five.

    On a processor, accelerate launch starts one process alone, whatever it is asked for.
    """
    models = str(save_models_file(tmp_path))
    train = ("learn", "train", "--from", str(rated), *SMALL, "--pairs", "5", "-o")
    one = await run_easel(*train, str(tmp_path / "one"), home=home, EASEL_MODELS_FILE=models)
    assert one.code == 0, one.err
    launched = await start_easel(
        *train, str(tmp_path / "two"), home=home, before=TORCHRUN, EASEL_MODELS_FILE=models, GLOO_SOCKET_IFNAME="lo"
    )  # fmt: skip
    out, err = await launched.communicate()
    assert (launched.returncode, out.count(b"Learned from 120 preferences")) == (0, 1), err.decode()
    alone, together = (load_file(tmp_path / name / "adapter.safetensors") for name in ("one", "two"))
    learnt = [name for name in alone if "lora_B" in name]
    for name in learnt:
        assert alone[name].abs().max() > 0
        assert torch.cosine_similarity(alone[name].flatten(), together[name].flatten(), dim=0) > 0.999, name
    logs = [json.loads((tmp_path / name / "log.jsonl").read_text()) for name in ("one", "two")]
    assert logs[0] == pytest.approx(logs[1], abs=1e-4)


async def test_without_consent_there_is_nothing_to_learn_from(home: Path, database_url: str, tmp_path: Path) -> None:
    """One sentence says so, and nothing is left in the folder."""
    models = str(save_models_file(tmp_path))
    done = await run_easel(
        "learn", "train", "-o", str(tmp_path / "run"), *SMALL, home=home, EASEL_MODELS_FILE=models,
        DATABASE_URL=database_url,
    )  # fmt: skip
    assert done.code == 1
    assert done.err.endswith("No member has agreed to training yet, or none of those has rated pictures of tiny.\n"), (
        done.err
    )
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize("option", [("--loss", "ipo"), ("--steps", "0"), ("--from", "nowhere")])
async def test_wrong_options_are_told(home: Path, rated: Path, tmp_path: Path, option: tuple[str, str]) -> None:
    done = await run_easel("learn", "train", "-o", str(tmp_path / "run"), *option, home=home)
    assert done.code == 2
    assert "Usage: easel learn train" in done.err


async def test_a_second_training_on_the_device_is_refused(home: Path, rated: Path, tmp_path: Path) -> None:
    with hold_training_lock(home, str(best_device().device)):
        refused = await run_easel("learn", "train", "--from", str(rated), "-o", str(tmp_path / "run"), home=home)
    assert refused.code == 4
    assert "Another training runs on this device" in refused.err
    assert not (tmp_path / "run").exists()


async def test_votes_that_contradict_each_other_teach_nothing(home: Path, tmp_path: Path) -> None:
    """One sentence says what was left out."""
    rows = warm_rows(120)
    against = [{**facts, "jpg_0": facts["jpg_1"], "jpg_1": facts["jpg_0"], "user_id": 9} for facts in rows]
    source = save_rows(tmp_path / "rated", [*rows, *against])
    models = str(save_models_file(tmp_path))
    done = await run_easel(
        "learn", "train", "--from", str(source), "-o", str(tmp_path / "run"), home=home, EASEL_MODELS_FILE=models
    )
    assert done.code == 1
    assert done.err.endswith(
        "There are 0 preferences, and at least 100 are needed to learn from. Left out are 240: as much weight for the "
        "one picture as for the other. Ask members to rate pictures, and to agree to training with /privacy.\n"
    ), done.err


@pytest.mark.parametrize("change", ["model", "adapter"])
async def test_an_adapter_is_not_used_with_what_it_was_not_trained_on(
    home: Path, rated: Path, tmp_path: Path, change: str
) -> None:
    """Neither judged nor promoted: with other weights of the model, or when its file is that of another family."""
    given = {"EASEL_MODELS_FILE": str(save_models_file(tmp_path))}
    run = str(tmp_path / "run")
    done = await run_easel("learn", "train", "--from", str(rated), "-o", run, *SMALL, home=home, **given)
    assert done.code == 0, done.err
    if change == "model":
        save_sd1(tmp_path / "weights", seed=1)
        code, told = 4, "The files of tiny have changed since the run in"
    else:
        save_sdxl(tmp_path / "larger")
        save_lora(tmp_path / "run" / "adapter.safetensors", tmp_path / "larger", seed=0)
        code, told = 7, "tiny"
    for command in (("promote", run, "--anyway"), ("evaluate", run, "--from", str(rated))):
        refused = await run_easel("learn", *command, home=home, **given)
        assert (refused.code, told in refused.err) == (code, True), refused.err
    assert "adapters" not in (tmp_path / "models.toml").read_text()


async def test_a_disk_that_fills_while_saving_leaves_the_last_good_checkpoint(
    home: Path, rated: Path, tmp_path: Path
) -> None:
    """The sentence names the file; with room again, the run goes on from there and ends as if nothing had been."""
    models = str(save_models_file(tmp_path))
    train = ("learn", "train", "--from", str(rated), *SMALL, "--steps", "60", "-o")
    whole = await run_easel(*train, str(tmp_path / "whole"), home=home, EASEL_MODELS_FILE=models)
    assert whole.code == 0, whole.err
    checkpoint, full = tmp_path / "run" / "checkpoint.safetensors", tmp_path / "run" / "adapter.safetensors.partial"
    checkpoint.parent.mkdir()
    full.symlink_to("/dev/full")
    failed = await run_easel(*train, str(tmp_path / "run"), home=home, EASEL_MODELS_FILE=models)
    assert failed.code == 6
    assert f"The disk is full: {tmp_path / 'run' / 'adapter.safetensors'}. Free some space" in failed.err
    assert checkpoint.is_file()
    again = await run_easel(*train, str(tmp_path / "run"), home=home, EASEL_MODELS_FILE=models)
    assert again.code == 0, again.err
    one, other = ((tmp_path / name / "adapter.safetensors").read_bytes() for name in ("whole", "run"))
    assert one == other


async def test_an_adapter_is_promoted_when_it_wins_and_rolled_back(home: Path, tmp_path: Path) -> None:
    """Of the starter, whose CLIP judges, also as a scorer: a run of no use is not promoted unless it is asked for."""
    votes = save_rows(tmp_path / "votes", warm_rows(120))
    for split in ("validation", "test"):
        save_rows(votes, warm_rows(30), split)
    models = tmp_path / "models.toml"
    shipped = SHIPPED.read_text().replace("../../starter/weights", str(WEIGHTS))
    models.write_text(f'{shipped}\n[scorers.pick]\nfolder = "{WEIGHTS / "clip"}"\n')
    run, given = str(tmp_path / "run"), {"EASEL_MODELS_FILE": str(models)}
    unready = await run_easel("learn", "promote", str(tmp_path), home=home, **given)
    assert (unready.code, "is not the folder of a run" in unready.err) == (4, True), unready.err
    trained = await run_easel("learn", "train", "--from", str(votes), "-o", run, *SMALL, "--weigh", home=home, **given)
    assert trained.code == 0, trained.err
    assert json.loads((tmp_path / "run" / "run.json").read_text())["weighed"] == "by the votes on other prompts"
    early = await run_easel("learn", "promote", run, home=home, **given)
    assert (early.code, early.err) == (1, f"{run} has not been evaluated. Use --anyway to promote it all the same.\n")
    judged = await run_easel(
        "learn", "evaluate", run, "--from", str(votes), "--prompts", "10", "--json", home=home, **given
    )
    assert judged.code == 0, judged.err
    result = json.loads(judged.out)
    assert (result["win_rate"]["total"], result["reward_accuracy"]) == (10, 1.0)
    assert (result["scorer"]["name"], result["scorer"]["win_rate"]["total"]) == ("pick", 10)
    assert (tmp_path / "run" / "before-after.jpg").is_file()
    promoted = await run_easel("learn", "promote", run, "--anyway", home=home, **given)
    assert (promoted.code, promoted.out.startswith("learned-")) == (0, True), promoted.err
    assert "style = true" in models.read_text()
    back = await run_easel("learn", "rollback", home=home, **given)
    assert (back.code, back.out.split()[0]) == (0, promoted.out.split()[0]), back.err
    assert "style" not in models.read_text()
    assert (await run_easel("learn", "rollback", home=home, **given)).err == "No adapter has been promoted.\n"
