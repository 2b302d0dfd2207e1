"""What the doctor says of the feedback log's partitions."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

from easel.doctor.log_check import check_feedback_log, judge_partitions
from engine.feedback.store.months import LOGS, Partition, months_to_hold, partition_name

NOW = datetime(2026, 11, 28, tzinfo=UTC)
WHOLE = [
    Partition(log=log, name=partition_name(log, month), month=month, is_detached=False)
    for log in LOGS
    for month in months_to_hold(NOW)
]


async def test_a_migrated_database_is_fine(database_url: str) -> None:
    checked = await check_feedback_log(database_url)
    assert checked.fix is None
    assert checked.found.startswith("partitions until 20")


def test_partitions_that_are_there_are_fine() -> None:
    """The one of last month may be missing: what is late makes it."""
    assert judge_partitions(WHOLE, NOW).fix is None
    late = [partition for partition in WHOLE if not partition.name.endswith("_10")]
    assert judge_partitions(late, NOW).found == "partitions until 2027-02"


def test_missing_partitions_are_named() -> None:
    """Whichever log lacks them, with who makes them."""
    lacking = [partition for partition in WHOLE if partition.name != "impressions_2027_01"]
    checked = judge_partitions(lacking, NOW)
    assert checked.found == "missing partitions: impressions_2027_01"
    assert checked.fix and "bot" in checked.fix


def test_a_clock_ahead_of_the_newest_partition_is_told() -> None:
    """With both dates, since either may be wrong; without any partition at all too."""
    checked = judge_partitions(WHOLE, NOW.replace(year=2031))
    assert checked.found == "the clock says 2031-11-28, the newest partition is of 2027-02"
    assert checked.fix and checked.fix.startswith("Set the clock if it is wrong.")
    assert judge_partitions([], NOW).found == "the clock says 2026-11-28, a log has no partition"


def test_a_half_detached_partition_is_told_with_the_command() -> None:
    detached = [dataclasses.replace(partition, is_detached=partition.name == "actions_2026_11") for partition in WHOLE]
    checked = judge_partitions(detached, NOW)
    assert checked.found == "actions_2026_11 is half detached and takes no rows"
    assert checked.fix and "ALTER TABLE actions DETACH PARTITION actions_2026_11 FINALIZE" in checked.fix
