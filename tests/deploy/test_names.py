"""What deploy/ names exists in the code: variables, ports, paths, commands and options, folders of the images."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer

from bot.settings import BotSettings
from easel.app import app
from engine.settings import S3_ENDPOINTS, S3_KEYS, variable_names

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
TEXTS = {
    path.relative_to(DEPLOY).as_posix(): path.read_text()
    for path in sorted(DEPLOY.rglob("*"))
    if path.is_file() and not {"secrets", "check"} & set(path.relative_to(DEPLOY).parts)
}
COMMANDS: Any = typer.main.get_command(app)

# Those of other programs, and what compose.yaml and Dockerfile have for themselves.
OTHERS = {"EASEL_BOT_IMAGE", "EASEL_ENGINE_IMAGE"}
S3 = {*S3_ENDPOINTS, *S3_KEYS, *(f"{key}_FILE" for key in S3_KEYS), "AWS_REGION"}


@pytest.mark.parametrize("name", TEXTS)
def test_every_variable_is_a_setting(name: str) -> None:
    named = set(re.findall(r"\b(?:EASEL|AWS|DISCORD|DATABASE)_[A-Z0-9_]+\b", TEXTS[name]))
    assert not named - {*variable_names(BotSettings), *S3} - OTHERS


def test_ports_are_those_of_the_commands() -> None:
    """8643 is the bot's everywhere, 8644 the engine's, 8645 and 8646 the API's."""
    defaults = {name: _option(name, "--health-port").default for name in ("bot", "engine", "api")}
    assert defaults == {"bot": 8643, "engine": 8644, "api": 8646} and _option("api", "--port").default == 8645
    ports = {port for text in TEXTS.values() for port in re.findall(r"\b86\d\d\b", text)}
    assert ports == {"8643", "8644", "8645", "8646"}


def test_pages_are_those_of_the_health_server() -> None:
    served = set(re.findall(r'web\.get\("(/\w+)"', (ROOT / "engine" / "health.py").read_text()))
    named = {
        path for text in TEXTS.values() for path in re.findall(r"(?<=[\d :])(/(?:healthz|readyz|metrics)\w*)", text)
    }
    assert served == {"/healthz", "/readyz", "/metrics"} and named and named <= served


def test_commands_and_options_exist() -> None:
    """Those that containers, pods and services start."""
    started = re.findall(r"(?:command|args): \[([a-z]+)(?:\]|, --)", TEXTS["compose/compose.yaml"])
    pods = "".join(text for name, text in TEXTS.items() if "kubernetes" in name)
    started += re.findall(r"args: \[(\w+)(?:\]|, --)", pods)
    started += re.findall(r'CMD \["([a-z]+)"\]', TEXTS["images/Dockerfile"])
    assert set(started) == {"bot", "engine", "migrate", "api"} and set(started) <= COMMANDS.commands.keys()
    for name, text in TEXTS.items():
        for line in re.findall(r"^ExecStart=\S+/easel (.+)$", text, re.MULTILINE):
            command, *options = line.split()
            assert all(_option(command, option) for option in options if option.startswith("--")), name


def _option(command: str, name: str) -> Any:
    return next(one for one in COMMANDS.commands[command].params if name in one.opts)


def test_the_images_hold_what_the_package_holds() -> None:
    """Every package is copied, and the build is shown nothing else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = {name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    copied = {
        source
        for line in re.findall(r"^COPY (?!--)(.+) \S+$", TEXTS["images/Dockerfile"], re.MULTILINE)
        for source in line.split()
    }
    shown = {line[1:] for line in TEXTS["images/Dockerfile.dockerignore"].splitlines() if line.startswith("!")}
    assert packages <= copied == shown
    assert all((ROOT / source).exists() for source in copied)


def test_secrets_are_mounted_where_the_settings_look() -> None:
    """Each *_FILE variable names a file of a secret that is there."""
    for name in ("compose/compose.yaml", "kubernetes/base/easel.env", "kubernetes/base/bot.yaml"):
        files = re.findall(r"_FILE[:=]? ?(?:\n +value: )?(/run/secrets/\S+)", TEXTS[name])
        assert files, name
        if "compose" in name:
            assert all(
                f"\n  {Path(file).name}:\n    file: secrets/{Path(file).name}\n" in TEXTS[name] for file in files
            )
