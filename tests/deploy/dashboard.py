"""The queries of a Grafana dashboard, and what Grafana makes of them before it asks Prometheus."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any


def panels_of(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every panel, those inside of rows included."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def queries(dashboard: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the title of its panel and the text of every query."""
    return [(panel["title"], target["expr"]) for panel in panels_of(dashboard) for target in panel.get("targets", ())]


def plain_query(query: str) -> str:
    """Return the query with Grafana's own variables replaced by what they may stand for."""
    return re.sub(r"\$\{?__(rate_interval|interval|range)\}?", "1m", query)
