"""Whether an adapter was shown to be better: by members who did not know which picture is which, or a reward model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.store.learning.blind_pairs import BlindVotes
from engine.feedback.stats.wilson import wilson_share
from engine.learn.run_files import EVALUATION

MIN_VOTES, MIN_MEMBERS = 20, 2
"""Below, blind votes decide nothing, whatever their interval: they would be the taste of one, or of one evening."""


def read_evaluation(run: Path) -> dict[str, Any]:
    """Return how a run did; nothing if it was not evaluated."""
    file = run / EVALUATION
    evaluation: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    return evaluation


def votes_json(votes: BlindVotes) -> dict[str, Any]:
    """Return the votes with the share of wins among those that decided, and its 95 % interval, JSON-ready."""
    decided = votes.wins + votes.losses
    share = wilson_share(votes.wins, decided)
    return {
        "wins": votes.wins,
        "total": decided,
        "undecided": votes.undecided,
        "members": votes.members,
        "low": share.low,
        "high": share.high,
        "is_enough": decided >= MIN_VOTES and votes.members >= MIN_MEMBERS,
        "is_better": share.low > 0.5,
    }


def is_shown_better(evaluation: Mapping[str, Any]) -> bool:
    """Return whether the whole interval is above one half: of the members if enough voted, else of the reward model."""
    votes = evaluation.get("votes")
    if votes and votes["is_enough"]:
        return bool(votes["is_better"])
    return bool(evaluation.get("is_better"))
