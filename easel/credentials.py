"""What pictures are signed with, as the settings say."""

from __future__ import annotations

from engine.content_credentials import ContentCredentials
from engine.settings import EngineSettings


async def open_credentials(settings: EngineSettings) -> ContentCredentials:
    """Return what signs pictures, tried once; it leaves them as they are where there is no key.

    Raises: SettingsInvalid.
    """
    credentials = ContentCredentials(settings.c2pa_key_file, settings.c2pa_certificates_file)
    await credentials.load()
    return credentials
