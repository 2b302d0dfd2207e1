"""What consent, privacy, bounds and damaged files leave of an export of preferences."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.members import read_publishing_ids
from engine.contract.errors import SettingsInvalid
from engine.contract.feedback import Consent, Verb
from engine.feedback.exports import FORMATS
from engine.feedback.exports.published import Withheld
from engine.feedback.exports.request import Exported, ExportRefused, ExportRequest, Refusal
from engine.feedback.preferences.derive import LeftOut
from engine.feedback.records import PromptOrigin
from engine.feedback.splits import Split, cluster_of_caption, split_of_cluster
from engine.store.database import Database
from engine.store.objects import Objects
from tests.engine.feedback.exports.community import SmallCommunity, all_bytes_of, request_to, rows_of

export_pickapic = FORMATS["pickapic"].export


@pytest.fixture
def community(database: Database, objects: Objects) -> SmallCommunity:
    return SmallCommunity(database=database, objects=objects)


async def test_only_what_everybody_agreed_to_is_published(community: SmallCommunity, tmp_path: Path) -> None:
    """A vote needs the rater and everybody whose prompt led to its pictures; consent counts as it is now."""
    agreed, unasked, trains = [await community.join(one) for one in (Consent.PUBLISH, Consent.USE, Consent.TRAIN)]
    kept = await community.paint(agreed, "kept")
    foreign = await community.paint(unasked, "foreign")
    varied = await community.paint(agreed, "edited", parent=foreign)
    message = await community.paint(agreed, "message", origin=PromptOrigin.MESSAGE)
    restricted = await community.paint(agreed, "restricted", is_nsfw=True)
    private = await community.paint(agreed, "private")
    await community.hide(private)
    of_private = await community.paint(agreed, "of private", parent=private)
    unsafe = await community.paint(agreed, "unsafe")
    await community.mark_unsafe(unsafe)
    film = await community.paint(agreed, "film")
    await community.make_film(film)
    naming = [
        await community.paint(agreed, f"portrait of {name}")
        for name in ("me@example.org", "hf_abcDEF0123456789abcd", "Anna Schmidt")
    ]
    tied = await community.paint(agreed, "tied")
    for painted in (kept, foreign, varied, message, restricted, private, of_private, unsafe, film, *naming):
        for rater in (agreed, unasked, trains):
            await community.press(painted, 0, rater)
    for slot in (0, 1):
        await community.press(tied, slot, agreed, Verb.RATE, 3)
    exported = await export_pickapic(community.database, community.objects, request_to(tmp_path / "out"))
    assert [row["caption"] for rows in rows_of(tmp_path / "out").values() for row in rows] == ["kept"]
    assert exported.left_out == {
        Withheld.NO_CONSENT: 2,
        Withheld.PRIVATE: 2,
        Withheld.FROM_MESSAGE: 1,
        Withheld.RESTRICTED_CHANNEL: 1,
        Withheld.UNSAFE: 1,
        Withheld.FILM: 1,
        Withheld.IDENTIFYING: 2,
        Withheld.NAME: 1,
        Withheld.TIE: 1,
    }
    await community.agree(unasked, Consent.PUBLISH)
    await community.agree(agreed, Consent.USE)
    exported = await export_pickapic(community.database, community.objects, request_to(tmp_path / "later"))
    assert [row["caption"] for row in rows_of(tmp_path / "later")["train"]] == ["foreign"]
    assert b"kept" not in all_bytes_of(tmp_path / "later")


async def test_an_edited_variation_is_in_the_split_of_its_parent(community: SmallCommunity, tmp_path: Path) -> None:
    """With these seeds each would be in another split by itself."""
    agreed = await community.join(Consent.PUBLISH)
    parent = await community.paint(agreed, "a cat")
    for painted in (parent, await community.paint(agreed, "a dog in a hat", parent=parent)):
        await community.press(painted, 0, agreed)
    seen = set()
    for seed in (3, 9, 33):
        await export_pickapic(community.database, community.objects, request_to(tmp_path / str(seed), split_seed=seed))
        splits = {split for split in rows_of(tmp_path / str(seed)) if not split.endswith("unique")}
        assert len(splits) == 1
        seen |= splits
    assert seen == {"train", "validation", "test"}


@pytest.mark.parametrize(
    ("bounds", "pairs"),
    [
        ({"model": "fake"}, 1),
        ({"model": "other"}, 0),
        ({"min_weight": 0.9}, 0),
        ({"min_weight": 0.1}, 1),
    ],
)
async def test_bounds(community: SmallCommunity, tmp_path: Path, bounds: dict[str, Any], pairs: int) -> None:
    agreed = await community.join(Consent.PUBLISH)
    await community.press(await community.paint(agreed, "a cat"), 1, agreed)
    assert (await _try_export(community, request_to(tmp_path / "out", **bounds))).counts == {"pairs": pairs}


async def _try_export(community: SmallCommunity, request: ExportRequest) -> Exported:
    try:
        return await export_pickapic(community.database, community.objects, request)
    except ExportRefused as refused:
        assert refused.reason is Refusal.NOTHING_LEFT and not request.folder.exists()
        return refused.exported


async def test_days_bound_what_is_exported(community: SmallCommunity, tmp_path: Path) -> None:
    """The first day counts, the last does not."""
    agreed = await community.join(Consent.PUBLISH)
    await community.press(await community.paint(agreed, "a cat"), 1, agreed)
    for name, bounds, pairs in (
        ("on", {"since": date(2026, 3, 4), "until": date(2026, 3, 5)}, 1),
        ("after", {"since": date(2026, 3, 5)}, 0),
        ("before", {"until": date(2026, 3, 4)}, 0),
    ):
        assert (await _try_export(community, request_to(tmp_path / name, **bounds))).counts == {"pairs": pairs}


async def test_damaged_pictures_are_counted_and_named(community: SmallCommunity, tmp_path: Path) -> None:
    """Pairs without them are exported, also of the same prompt, and count themselves."""
    agreed = await community.join(Consent.PUBLISH)
    jobs = [await community.paint(agreed, "a cat") for _ in range(2)]
    for painted in jobs:
        await community.press(painted, 0, agreed)
    key = jobs[0].pictures[1].object_key
    await community.objects.store.delete_async(key)
    exported = await export_pickapic(community.database, community.objects, request_to(tmp_path / "out"))
    assert (exported.counts, exported.left_out) == ({"pairs": 1}, {Withheld.DAMAGED: 1})
    assert exported.damaged == (key,)
    assert [row["num_example_per_prompt"] for row in rows_of(tmp_path / "out")["train"]] == [1]


async def test_nothing_is_left_where_nobody_agreed(community: SmallCommunity, tmp_path: Path) -> None:
    unasked = await community.join(Consent.USE)
    await community.press(await community.paint(unasked, "a cat"), 0, unasked)
    with pytest.raises(ExportRefused) as raised:
        await export_pickapic(community.database, community.objects, request_to(tmp_path / "all" / "out"))
    assert raised.value.reason is Refusal.NOBODY_AGREED
    assert not list((tmp_path / "all").iterdir())


async def test_consent_withdrawn_meanwhile_discards_the_export(community: SmallCommunity, tmp_path: Path) -> None:
    agreed, other = [await community.join(Consent.PUBLISH) for _ in range(2)]
    await community.press(await community.paint(agreed, "a cat"), 0, agreed)
    asked = 0

    async def read_publishers(connection: AsyncConnection) -> set[UUID]:
        nonlocal asked
        publishers = await read_publishing_ids(connection)
        await community.agree((other, agreed)[asked], Consent.TRAIN)
        asked += 1
        return publishers

    request = request_to(tmp_path / "all" / "out", read_publishers=read_publishers)
    await export_pickapic(community.database, community.objects, request)
    await community.agree(agreed, Consent.PUBLISH)

    async def withdrawn_after(connection: AsyncConnection) -> set[UUID]:
        publishers = await read_publishing_ids(connection)
        await community.agree(agreed, Consent.USE)
        return publishers

    request = request_to(tmp_path / "all" / "again", read_publishers=withdrawn_after)
    with pytest.raises(ExportRefused) as raised:
        await export_pickapic(community.database, community.objects, request)
    assert raised.value.reason is Refusal.WITHDRAWN
    assert [path.name for path in (tmp_path / "all").iterdir()] == ["out"]


async def test_why_presses_became_no_label_is_counted(community: SmallCommunity, tmp_path: Path) -> None:
    """Of a member who presses faster than anybody can look, nothing is left, and the refusal says why."""
    hasty = await community.join(Consent.PUBLISH)
    for number in range(25):
        painted = await community.paint(hasty, f"a cat and {number} dogs")
        await community.press(painted, number % 2, hasty, latency=timedelta(seconds=0.1))
    with pytest.raises(ExportRefused) as refused:
        await export_pickapic(community.database, community.objects, request_to(tmp_path / "out"))
    assert refused.value.reason is Refusal.NOTHING_LEFT
    assert refused.value.exported.left_out == {LeftOut.UNRELIABLE: 25}


async def test_a_folder_with_anything_in_it_is_refused(community: SmallCommunity, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(SettingsInvalid):
        await export_pickapic(community.database, community.objects, request_to(tmp_path / "out"))


async def test_a_prompt_that_says_nearly_the_same_is_in_the_same_split(
    community: SmallCommunity, tmp_path: Path
) -> None:
    """With these seeds each would be in another split by itself."""
    agreed = await community.join(Consent.PUBLISH)
    captions = ("a red fox in deep snow at night", "a red fox in deep snow at night, 4k")
    seeds = [seed for seed in range(200) if len({_split(caption, seed) for caption in captions}) > 1][:3]
    for caption in captions:
        await community.press(await community.paint(agreed, caption), 0, agreed)
    for seed in seeds:
        await export_pickapic(community.database, community.objects, request_to(tmp_path / str(seed), split_seed=seed))
        assert len({split for split in rows_of(tmp_path / str(seed)) if not split.endswith("unique")}) == 1


def _split(caption: str, seed: int) -> Split:
    return split_of_cluster(cluster_of_caption(caption), seed)
