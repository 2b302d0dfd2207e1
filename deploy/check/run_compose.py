"""Runs deploy/compose with the images that check.sh has built: paints a grid, restarts every service, takes it down.

The sandbox stands in for Discord. The containers use the network of this machine, because podman without systemd has
none of its own; Grafana is not run, but every query of its dashboard is put to a Prometheus that scrapes the services.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp

from sandbox.chat.test_client import MemberClient, member_client
from sandbox.rest import PREFIX
from sandbox.state.seed import TOKEN
from tests.deploy.dashboard import plain_query, queries

ROOT = Path(__file__).parents[2]

PORTS = {"sandbox": 8742, "postgres": 8745, "prometheus": 8746, "bot": 8643, "engine-cpu": 8644}
SERVICES = ("postgres", "migrate", "bot", "engine-cpu")
PATIENCE = timedelta(minutes=4)
SANDBOX = f"http://127.0.0.1:{PORTS['sandbox']}"

OVERRIDE = f"""
x-host: &host
  network_mode: host
  logging: !reset null
services:
  postgres:
    <<: *host
    environment: {{PGPORT: "{PORTS["postgres"]}"}}
    healthcheck:
      test: [CMD, pg_isready, --username=easel, --dbname=easel, --host=127.0.0.1, "--port={PORTS["postgres"]}"]
  migrate: {{<<: *host}}
  bot:
    <<: *host
    ports: !reset []
    environment: {{DISCORD_API_URL: "{SANDBOX}{PREFIX}"}}
  engine-cpu: {{<<: *host}}
"""


def prepare(work: Path) -> Path:
    """Return a copy of deploy/compose with secrets, and with what is different on this machine."""
    folder = work / "deploy" / "compose"
    shutil.rmtree(work / "deploy", ignore_errors=True)
    shutil.copytree(ROOT / "deploy", work / "deploy", ignore=shutil.ignore_patterns("secrets", ".env"))
    (folder / "secrets").mkdir()
    (folder / "secrets" / "postgres_password").write_text("check\n")
    url = f"postgresql://easel:check@127.0.0.1:{PORTS['postgres']}/easel\n"
    (folder / "secrets" / "database_url").write_text(url)
    (folder / "compose.check.yaml").write_text(OVERRIDE)
    return folder


class Compose:
    """Docker Compose, through podman's socket."""

    def __init__(self, work: Path, folder: Path) -> None:
        self.work, self.folder = work, folder
        self.environment = {
            **os.environ,
            "DISCORD_TOKEN": TOKEN,
            "DOCKER_HOST": f"unix://{work}/podman.sock",
            "COMPOSE_PROFILES": "cpu",
            "POSTGRES_IMAGE": "localhost/check-postgres",
            "EASEL_BOT_IMAGE": "localhost/easel-bot",
            "EASEL_ENGINE_IMAGE": "localhost/easel-engine",
        }

    async def __call__(self, *arguments: str) -> str:
        """Run one command of Compose and return what it prints; it must succeed."""
        program = str(self.work / "tools" / "bin" / "docker-compose")
        files = ("-f", "compose.yaml", "-f", "compose.check.yaml")
        return await run(program, *files, *arguments, cwd=self.folder, env=self.environment)

    async def podman(self, *arguments: str) -> str:
        """Run one command of podman on the store of this check."""
        stores = ("--root", f"{self.work}/store", "--runroot", f"{self.work}/run")
        return await run("podman", *stores, *arguments, env=self.environment)


async def run(*command: str, **options: Any) -> str:
    """Return what the command prints.

    Raises: RuntimeError with its last lines when it fails.
    """
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, **options)
    out, err = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {process.returncode}\n{err.decode()[-3000:]}")
    return out.decode()


@asynccontextmanager
async def started(*command: str, **options: Any) -> AsyncIterator[Process]:
    """Run a program in the background until the block ends."""
    process = await asyncio.create_subprocess_exec(*command, **options)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def health_checks(compose: Compose) -> AsyncIterator[None]:
    """Run the containers' health checks, which systemd would do, until the block ends."""

    async def keep_checking() -> None:
        while True:
            names = (await compose.podman("ps", "--format", "{{.Names}}")).split()
            await asyncio.gather(
                *(compose.podman("healthcheck", "run", name) for name in names), return_exceptions=True
            )
            await asyncio.sleep(2)

    task = asyncio.create_task(keep_checking())
    try:
        yield
    finally:
        task.cancel()


async def keep_logs(compose: Compose) -> None:
    """Write what the containers have logged to a file."""
    (compose.work / "containers.log").write_text(await compose("logs", "--no-color", "--timestamps"))


async def answer(url: str) -> tuple[int, str]:
    """Return the status and the text, 0 when nobody listens."""
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return response.status, await response.text()
    except (aiohttp.ClientError, TimeoutError):
        return 0, ""


async def until_ready(*names: str) -> None:
    """Wait until the services answer that they are ready."""
    async with asyncio.timeout(PATIENCE.total_seconds()):
        for name in names:
            while (await answer(f"http://127.0.0.1:{PORTS[name]}/readyz"))[0] != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.5)


async def paint(member: MemberClient, prompt: str) -> None:
    """Ask for a grid, and wait until it is there with its buttons."""
    began = time.monotonic()
    message = await member.reply(await member.command("imagine", prompt=prompt))
    await member.changed(message, lambda seen: bool(seen["attachments"]) and "U1" in json.dumps(seen["components"]))
    print(f"   {prompt!r}: a grid after {time.monotonic() - began:.1f} s", flush=True)


async def query_dashboard(work: Path) -> None:
    """Put every query of the dashboard to a Prometheus that scrapes the services, and say which have no series."""
    targets = {"easel-bot": PORTS["bot"], "easel-engine": PORTS["engine-cpu"]}
    jobs = [{"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]} for job, port in targets.items()]
    config = work / "prometheus.json"
    config.write_text(json.dumps({"global": {"scrape_interval": "2s"}, "scrape_configs": jobs}))
    shutil.rmtree(work / "prometheus", ignore_errors=True)
    address = f"127.0.0.1:{PORTS['prometheus']}"
    options = (f"--config.file={config}", f"--storage.tsdb.path={work}/prometheus", f"--web.listen-address={address}")
    async with started("prometheus", *options, "--log.level=error"):
        await asyncio.sleep(20)
        dashboard = json.loads((ROOT / "deploy/monitoring/grafana/easel.json").read_text())
        async with aiohttp.ClientSession() as http:
            for title, query in queries(dashboard):
                async with http.get(f"http://{address}/api/v1/query", params={"query": plain_query(query)}) as response:
                    told = await response.json()
                assert told["status"] == "success", (query, told)
                print(f"   {title}: {len(told['data']['result'])} series", flush=True)


async def check(work: Path) -> None:
    """Bring the service up, use it, restart every part of it, and take it down."""
    compose = Compose(work, prepare(work))
    await run("sh", "prepare.sh", cwd=compose.folder, env=compose.environment)
    stores = ("--root", f"{work}/store", "--runroot", f"{work}/run")
    sandbox = (sys.executable, "-m", "easel", "sandbox", "--port", str(PORTS["sandbox"]))
    async with AsyncExitStack() as stack:
        service = ("podman", *stores, "system", "service", "--time", "0", f"unix://{work}/podman.sock")
        await stack.enter_async_context(started(*service, env=compose.environment))
        home = {**os.environ, "EASEL_HOME": f"{work}/sandbox", "PYTHONPATH": str(ROOT)}
        await stack.enter_async_context(started(*sandbox, env=home, cwd=ROOT))
        stack.push_async_callback(compose, "down", "--volumes", "--timeout", "30")
        stack.push_async_callback(keep_logs, compose)
        await stack.enter_async_context(health_checks(compose))
        await asyncio.sleep(3)
        began = time.monotonic()
        await compose("up", "--detach", "--pull", "never", "--no-build", *SERVICES)
        await until_ready("bot", "engine-cpu")
        print(f"== Up and ready after {time.monotonic() - began:.0f} s", flush=True)
        member = await stack.enter_async_context(member_client(SANDBOX, "ben", patience=PATIENCE))
        await paint(member, "a red circle")
        for name in ("engine-cpu", "bot", "postgres"):
            began = time.monotonic()
            await compose("restart", name)
            print(f"== Restarted {name} in {time.monotonic() - began:.1f} s", flush=True)
            await until_ready("bot", "engine-cpu")
            await paint(member, f"a blue square --seed {len(name)}")
        print("== The dashboard's queries", flush=True)
        await query_dashboard(work)
        # A job is in hand when the engine is told to stop: it goes back to the queue, and the next engine paints it.
        message = await member.reply(await member.command("imagine", prompt="a green triangle --steps 50"))
        await member.changed(message, lambda seen: "%" in seen["content"])
        began = time.monotonic()
        await compose("stop", "engine-cpu")
        print(f"== The engine drained in {time.monotonic() - began:.1f} s", flush=True)
        await compose("start", "engine-cpu")
        await member.changed(message, lambda seen: "U1" in json.dumps(seen["components"]))
        print("== The job is painted", flush=True)
        await compose("restart", "engine-cpu")
        began = time.monotonic()
        await compose("stop", "engine-cpu")
        print(f"== An engine that was still starting stopped in {time.monotonic() - began:.1f} s", flush=True)
    left = await compose.podman("ps", "--all", "--quiet")
    assert not left.strip(), f"containers are left: {left}"
    print("== Taken down, nothing is left", flush=True)


if __name__ == "__main__":
    asyncio.run(check(Path(sys.argv[1]).absolute()))
