"""`easel api`: opens what the API needs, and runs it until it is told to stop."""

from __future__ import annotations

from urllib.parse import urlsplit

from bot.settings import BotSettings
from easel.process.signals import stop_on_signals
from easel.serve import ReportReady, secrets_of
from engine.contract.errors import SettingsInvalid
from engine.logs import set_up_logging
from engine.settings import read_settings


async def serve_api(
    address: tuple[str, int], public_url: str | None, health_port: int, report_ready: ReportReady
) -> None:
    """Run the API until told to stop.

    Raises: SettingsInvalid when a setting is wrong or a port is taken.
    """
    from api.serve import ApiOptions, serve
    from easel.credentials import open_credentials
    from easel.members_plan import StandardPlan
    from easel.postgres import open_listening
    from engine.models.prompt_limits import outside_discord, read_limits
    from engine.models.registry.registry import SHIPPED
    from engine.store.objects import open_objects

    settings = read_settings(BotSettings)
    set_up_logging(settings.log_format, process="api", secrets=secrets_of(settings))
    limits = await read_limits(settings.models_file or SHIPPED, settings.model, shows_unsafe=settings.safety == "off")
    options = ApiOptions(
        address=address,
        health=(settings.health_host, health_port),
        home=settings.home,
        limits=outside_discord(limits),
        public_url=_checked(public_url) or settings.programs_url,
        takes_members_keys=settings.programs_url is not None,
        owners_plan=StandardPlan(),
        hashes_file=settings.hashes_file,
        credentials=await open_credentials(settings),
    )
    async with stop_on_signals() as signals, open_listening(settings) as (_, database):
        objects = open_objects(settings.storage_url)
        await serve(options, database, objects, stop=signals.stop, announce_ready=lambda _: report_ready())


def _checked(public_url: str | None) -> str | None:
    if public_url is None:
        return None
    parts = urlsplit(public_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        problem = "--public-url must start with http:// or https://, for example https://easel.example.org."
        raise SettingsInvalid(problems=(problem,))
    return public_url.rstrip("/")
