"""The compose file, as Docker Compose itself reads it, and the script that prepares it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of deploy/compose, prepared."""
    deploy = tmp_path_factory.mktemp("deploy")
    ignored = shutil.ignore_patterns("secrets", ".env")
    shutil.copytree(ROOT / "deploy", deploy, dirs_exist_ok=True, ignore=ignored)
    prepare(deploy / "compose", DISCORD_TOKEN="a-token")
    return deploy / "compose"


def prepare(folder: Path, **variables: str) -> None:
    """Run prepare.sh."""
    environment = {"PATH": os.environ["PATH"], **variables}
    subprocess.run(["sh", "prepare.sh"], cwd=folder, env=environment, check=True, capture_output=True)


def config(folder: Path, *profiles: str) -> dict[str, Any]:
    """Return what Docker Compose makes of the file; it finds what is not defined."""
    compose = str(Path(sys.executable).parent / "docker-compose")
    chosen = [f"--profile={profile}" for profile in profiles]
    command = [compose, *chosen, "config", "--format", "json"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(("profile", "engine"), [("gpu", "engine"), ("cpu", "engine-cpu")])
def test_a_profile_has_one_engine(folder: Path, profile: str, engine: str) -> None:
    """Every service that holds work restarts, is checked, and has little it may do."""
    services = config(folder, profile, "s3")["services"]
    assert {name for name in services if name.startswith("engine")} == {engine}
    for name in ("postgres", "bot", engine, "prometheus", "grafana", "s3"):
        assert services[name]["restart"] == "unless-stopped"
    for name in ("bot", "migrate", engine):
        assert services[name]["read_only"] and services[name]["cap_drop"] == ["ALL"]
    assert services["bot"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    # Only what a proxy or the operator reaches, and only from this machine.
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"} and len(ports) == 3


def test_the_api_is_there_when_it_is_asked_for(folder: Path) -> None:
    """With the bot's image, which has what it needs, and without the bot's token."""
    services = config(folder, "cpu", "api")["services"]
    api = services["api"]
    assert api["image"] == services["bot"]["image"] and api["read_only"] and api["cap_drop"] == ["ALL"]
    assert [(port["host_ip"], port["target"]) for port in api["ports"]] == [("127.0.0.1", 8645)]
    assert "DISCORD_TOKEN_FILE" not in api["environment"] and api["healthcheck"]["test"]
    assert "api" not in config(folder, "cpu")["services"]


def test_what_is_not_set_is_not_there(folder: Path, tmp_path: Path) -> None:
    """An empty address of S3 would be refused; one in .env reaches every service."""
    bot = config(folder)["services"]["bot"]["environment"]
    assert bot["AWS_ENDPOINT_URL"] is None and bot["EASEL_STORAGE_URL"] == "file:///srv/pictures"
    changed = tmp_path / "compose"
    shutil.copytree(folder.parent, tmp_path, dirs_exist_ok=True)
    with (changed / ".env").open("a") as env:
        env.write("AWS_ENDPOINT_URL=http://s3:8333\nEASEL_STORAGE_URL=s3://easel/pictures\n")
    for name in ("bot", "migrate", "engine-cpu"):
        environment = config(changed, "cpu")["services"][name]["environment"]
        assert environment["AWS_ENDPOINT_URL"] == "http://s3:8333"
        assert environment["EASEL_STORAGE_URL"] == "s3://easel/pictures"


def test_preparing_again_keeps_every_secret(folder: Path) -> None:
    """Another password would lock the database's owner out."""
    secrets = {path.name: path.read_text() for path in (folder / "secrets").iterdir()}
    assert secrets["discord_token"] == "a-token\n"
    assert secrets["postgres_password"].strip() in secrets["database_url"]
    assert json.loads(secrets["s3_config"])["identities"][0]["credentials"][0]["accessKey"] == "easel"
    prepare(folder, DISCORD_TOKEN="another")
    assert {path.name: path.read_text() for path in (folder / "secrets").iterdir()} == secrets
    assert (folder / "secrets").stat().st_mode & 0o077 == 0
