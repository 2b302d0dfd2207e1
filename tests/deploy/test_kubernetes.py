"""The manifests: strictly valid, and their autoscaler asks the real schema what it needs to know."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import sqlalchemy as sa
import yaml

from engine.contract.ids import new_id
from engine.store.database import Database
from tests.engine.store.stages import submitted

KUBERNETES = Path(__file__).parents[2] / "deploy" / "kubernetes"
VERSION = "1.37"
TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}


def closed(required: tuple[str, ...], **properties: Any) -> dict[str, Any]:
    """Return the schema of an object that has these properties and no others."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


COUNT = {"type": "integer", "minimum": 0}
TRIGGER = closed(
    ("type", "metadata"),
    type={"const": "postgresql"},
    metricType={"enum": ["AverageValue", "Value"]},
    metadata=closed(
        ("query", "targetQueryValue"),
        **{name: {"type": "string"} for name in ("query", "targetQueryValue", "activationTargetQueryValue")},
    ),
    authenticationRef=closed(("name",), name={"type": "string"}),
)
# Source: the documentation of KEDA 2.18. `make deploy-check` checks them against KEDA's own models as well.
KEDA = {
    "ScaledObject": closed(
        ("scaleTargetRef", "triggers"),
        scaleTargetRef=closed(("name",), name={"type": "string"}),
        minReplicaCount=COUNT,
        maxReplicaCount=COUNT,
        pollingInterval=COUNT,
        cooldownPeriod=COUNT,
        fallback=closed(("failureThreshold", "replicas"), failureThreshold=COUNT, replicas=COUNT),
        triggers={"type": "array", "items": TRIGGER},
    ),
    "TriggerAuthentication": closed(
        ("secretTargetRef",),
        secretTargetRef={
            "type": "array",
            "items": closed(
                ("parameter", "name", "key"),
                parameter={"const": "connection"},
                name={"type": "string"},
                key={"type": "string"},
            ),
        },
    ),
}


def manifests(overlay: str) -> list[dict[str, Any]]:
    """Return the objects of an overlay, as `kubectl apply -k` sends them."""
    kubectl = str(Path(sys.executable).parent / "kubectl")
    command = [kubectl, "kustomize", str(KUBERNETES / overlay)]
    return list(yaml.safe_load_all(subprocess.run(command, capture_output=True, check=True, text=True).stdout))


@pytest.mark.parametrize("overlay", ["cpu", "gpu"])
def test_every_object_is_valid(overlay: str) -> None:
    """Strictly: no field that Kubernetes or KEDA does not know, and no kind that nobody knows."""
    objects = manifests(overlay)
    for found in objects:
        if found["apiVersion"].startswith("keda.sh/"):
            jsonschema.validate(found["spec"], KEDA[found["kind"]])
        else:
            kubernetes_validate.validate(found, VERSION, strict=True)
    assert {"Deployment", "Job", "PodDisruptionBudget", "ScaledObject"} <= {found["kind"] for found in objects}


@pytest.mark.parametrize("overlay", ["cpu", "gpu"])
def test_what_is_named_is_there(overlay: str) -> None:
    """The autoscaler's deployment, every volume, and ports of probes by their names."""
    objects = manifests(overlay)
    deployments = {found["metadata"]["name"]: found for found in objects if found["kind"] == "Deployment"}
    (scaled,) = (found for found in objects if found["kind"] == "ScaledObject")
    assert scaled["spec"]["scaleTargetRef"]["name"] in deployments
    # The number of engines is the autoscaler's alone.
    assert "replicas" not in deployments["easel-engine"]["spec"]
    for deployment in deployments.values():
        pod = deployment["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
        ports = {port["name"] for port in container["ports"]}
        probes = (container["livenessProbe"], container["readinessProbe"])
        assert all(probe["httpGet"]["port"] in ports for probe in probes)
        assert pod["securityContext"]["runAsNonRoot"] and container["securityContext"]["readOnlyRootFilesystem"]
    is_gpu = "nvidia.com/gpu" in str(deployments["easel-engine"])
    assert is_gpu == (overlay == "gpu")


async def test_the_autoscaler_counts_what_waits(database: Database) -> None:
    """Its queries give one number each, 0 for an empty queue, on the schema as it is."""
    (scaled,) = (found for found in manifests("gpu") if found["kind"] == "ScaledObject")
    queries = [trigger["metadata"]["query"] for trigger in scaled["spec"]["triggers"]]
    assert await _numbers(database, queries) == [0, 0]
    for _ in range(3):
        await submitted(database, new_id())
    waiting, seconds = await _numbers(database, queries)
    assert waiting == 3 and 0 < seconds < 300


async def _numbers(database: Database, queries: list[str]) -> list[float]:
    async with database.begin() as connection:
        return [float((await connection.execute(sa.text(query))).scalar_one()) for query in queries]
