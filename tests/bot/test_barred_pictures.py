"""Pictures that must never appear: what members bring is refused; moderators read who did, or painted one."""

from __future__ import annotations

from pathlib import Path

from bot.replies import upload_replies
from engine.contract.uploads import UploadFault
from engine.hash_list import BarredPictures
from engine.store.database import Database
from sandbox.chat.test_client import FileOption, MemberClient
from sandbox.server import Sandbox
from tests.bot.commands.test_refused_pictures import refused
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import text_of
from tests.bot.rows import until_true
from tests.bot.test_moderation import safety
from tests.engine.test_hash_list import KNOWN, encoded, picture


async def test_a_barred_picture_is_not_taken_and_not_kept(
    start_bot: BotStarter,
    sandbox: Sandbox,
    ada: MemberClient,
    ben: MemberClient,
    hand: EngineHand,
    database: Database,
    tmp_path: Path,
) -> None:
    hashes_file = tmp_path / "hashes.txt"
    hashes_file.write_text(KNOWN[0])
    async with start_bot(barred=BarredPictures(hashes_file), upload_origins=frozenset({sandbox.url})):
        brought = FileOption(name="a.jpg", content=encoded(picture(0), "JPEG"))
        refusal, _ = upload_replies.fault_sentences(UploadFault.BARRED)
        await refused(ben, await ben.command("imagine", prompt="a cat", image=brought), str(refusal))
        assert await hand.jobs() == []
        brought_by = f"- <@{ben.id}>. They brought a picture like one that must never appear"
        cases = await safety(ada, "cases")
        assert cases.count(brought_by) == 1 and cases.startswith(brought_by)
        await refused(ben, await ben.command("blend", image1=brought, image2=brought), str(refusal))
        assert await safety(ada, "cases") == cases
        sent = await ben.reply(await ben.command("imagine", prompt="a cat"))
        await hand.start((await hand.only_job()).id)
        await hand.fail((await hand.only_job()).id, error="PictureBarred")
        await ben.changed(sent, lambda item: "must never appear" in text_of(item))
        await until_true(database, "SELECT count(*) = 2 FROM moderation_cases")
        assert (await safety(ada, "cases")).startswith(f"- <@{ben.id}>. A picture was like one that must never appear")
