"""Alerts and dashboard: every query is one of PromQL, and asks for series and labels that Easel exports."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from api.metrics import STATUSES
from api.routes import route_names
from bot.buttons import BUTTONS
from bot.commands import command_names
from bot.discord_metrics import CLASSES
from engine.store.database import Database
from engine.store.objects import Objects
from engine.worker.metrics import CAUSES, OTHER, OUTCOMES
from tests.deploy.dashboard import panels_of, plain_query, queries
from tests.deploy.exported import exported_names

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "deploy" / "monitoring"
DASHBOARD: dict[str, Any] = json.loads((MONITORING / "grafana" / "easel.json").read_text())
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((MONITORING / "rules.yaml").read_text())["groups"] for rule in group["rules"]
]
QUERIES = [*(query for _, query in queries(DASHBOARD)), *(rule["expr"] for rule in RULES)]

# Prometheus itself, and the exporter of NVIDIA.
FOREIGN = frozenset({"up", "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_FB_FREE"})
LABELS = {
    "cause": {*CAUSES, OTHER},
    "outcome": {*OUTCOMES, "done"},
    "status": {*CLASSES, *STATUSES},
    "route": set(route_names()),
    "name": {*command_names(), *(button.verb for button in BUTTONS)},
    "state": {"in_use", "idle"},
    "job": {"easel-bot", "easel-engine", "easel-api"},
}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_promql(query: str) -> None:
    promql_parser.parse(plain_query(query))


async def test_every_series_is_exported(database: Database, objects: Objects) -> None:
    """A query for a series that was renamed shows nothing and alerts nobody."""
    known = exported_names(database, objects) | FOREIGN
    named = {name for query in QUERIES for name in re.findall(r"\b((?:easel|process)_\w+|DCGM_\w+|up)\b", query)}
    assert len(named) > 20
    assert not named - known


def test_every_label_has_a_value_that_is_exported() -> None:
    asked = [
        (label, value)
        for query in QUERIES
        for label, values in re.findall(r'(\w+)=~?"([^"]*)"', query)
        for value in values.split("|")
    ]
    assert len(asked) > 10
    assert [(label, value) for label, value in asked if value not in LABELS[label] and value != "easel-.*"] == []


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    """Ids are there once, panels lie beside each other, and every one says what it shows."""
    panels = list(panels_of(DASHBOARD))
    assert DASHBOARD["uid"] == "easel" and isinstance(DASHBOARD["schemaVersion"], int)
    assert max(Counter(panel["id"] for panel in panels).values()) == 1
    covered = Counter(cell for panel in panels for cell in _cells(panel["gridPos"]))
    assert max(covered.values()) == 1 and max(x for x, _ in covered) == 23
    assert all(panel["type"] == "row" or (panel["description"] and panel["targets"]) for panel in panels)


def _cells(place: dict[str, int]) -> list[tuple[int, int]]:
    across = range(place["x"], place["x"] + place["w"])
    return [(x, y) for x in across for y in range(place["y"], place["y"] + place["h"])]


def test_every_alert_is_explained_to_the_operator() -> None:
    """Its summary is a sentence, and the page for operators says what to do."""
    page = (ROOT / "docs" / "operate.md").read_text()
    assert [rule["alert"] for rule in RULES if f"`{rule['alert']}`" not in page] == []
    assert all(rule["annotations"]["summary"].endswith(".") for rule in RULES)
