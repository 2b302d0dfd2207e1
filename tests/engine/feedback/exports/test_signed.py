"""Published pictures say that a model made them: as they are stored, and signed where the operator has a key."""

from __future__ import annotations

from pathlib import Path

from engine.content_credentials import UNSIGNED, ContentCredentials
from engine.contract.feedback import Consent, Verb
from engine.contract.provenance import PROVENANCE
from engine.feedback.exports import FORMATS
from engine.store.database import Database
from engine.store.objects import Objects
from tests.engine.certificates import make_credentials
from tests.engine.feedback.exports.community import SmallCommunity, request_to
from tests.engine.test_content_credentials import read
from tests.test_provenance import PNG


class ProvenCommunity(SmallCommunity):
    """Its pictures are as the painter writes them."""

    def png_of_seed(self, seed: int) -> bytes:
        """Return a picture that says where it comes from, and its recipe."""
        return PNG


async def test_published_pictures_say_what_made_them(database: Database, objects: Objects, tmp_path: Path) -> None:
    """Without their recipe; the signed ones are trusted by who trusts the authority."""
    community, made = ProvenCommunity(database=database, objects=objects), make_credentials(tmp_path)
    painted = await community.paint(await community.join(Consent.PUBLISH), "a cat")
    await community.press(painted, 0, await community.join(Consent.PUBLISH), Verb.FAVOURITE, 1)
    for credentials in (UNSIGNED, ContentCredentials(made.key, made.certificates)):
        folder = tmp_path / f"signed {credentials.are_used}"
        await FORMATS["sft"].export(database, objects, request_to(folder, credentials=credentials))
        (file,) = [path.read_bytes() for path in folder.rglob("*.png")]
        assert PROVENANCE in file and b"Steps" not in file
        assert (b"caBX" in file) is credentials.are_used
    assert read(file, "image/png", made.authority)["validation_state"] == "Trusted"
