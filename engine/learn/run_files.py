"""The files in the folder of a training run; no torch, because some commands need only their names.

FOLDER/run.json                what is trained on what: a folder belongs to one run
FOLDER/checkpoint.safetensors  weights and optimizer after some step
FOLDER/log.jsonl               loss, implicit accuracy and learning rate every few steps
FOLDER/adapter.safetensors     the LoRA, when the run is complete
FOLDER/evaluation.json         how it did against what there was, and before-after.jpg with pictures of both
FOLDER/reward.safetensors      the reward model that judged
FOLDER/record.json             which adapter of the database it is, of runs on the log
"""

from __future__ import annotations

from pathlib import Path

RUN, ADAPTER, CHECKPOINT, LOG = "run.json", "adapter.safetensors", "checkpoint.safetensors", "log.jsonl"
EVALUATION, SHEET, REWARD = "evaluation.json", "before-after.jpg", "reward.safetensors"
RECORD = "record.json"


def has_begun(folder: Path) -> bool:
    """Return whether the folder is that of a run."""
    return (folder / RUN).exists()


def delete_run(folder: Path) -> None:
    """Delete what a run and its evaluation have made in its folder, and nothing else there."""
    for name in (RUN, ADAPTER, CHECKPOINT, LOG, EVALUATION, SHEET, REWARD, RECORD):
        (folder / name).unlink(missing_ok=True)
