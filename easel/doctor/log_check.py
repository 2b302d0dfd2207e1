"""The check of the feedback log: the coming months have partitions, and the clock is not ahead of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime

from easel.doctor.checks import CheckResult
from engine.feedback.store.months import LOGS, Partition, months_to_hold, partition_name, read_partitions
from engine.store.database import open_database

_NAME = "feedback"
_MAKES = "The bot makes them when it starts and a few times a day. Start it; if it runs, its log says why it could not."


async def check_feedback_log(url: str) -> CheckResult:
    """Check the partitions of the log in the database, whose schema is up to date."""
    async with open_database(url, pool_size=1) as database, database.begin() as connection:
        return judge_partitions(await read_partitions(connection), datetime.now(UTC))


def judge_partitions(partitions: Collection[Partition], now: datetime) -> CheckResult:
    """Return what is wrong with the log's partitions at that time, or how far they reach."""
    for partition in partitions:
        if partition.is_detached:
            found = f"{partition.name} is half detached and takes no rows"
            fix = f"Run in Postgres: ALTER TABLE {partition.log} DETACH PARTITION {partition.name} FINALIZE"
            return CheckResult(name=_NAME, found=found, fix=f"{fix}, and attach it again or rename it.")
    newest = min(_newest(partitions, log) for log in LOGS)
    today = now.astimezone(UTC).date()
    if newest < today.replace(day=1):
        reach = "a log has no partition" if newest == date.min else f"the newest partition is of {newest:%Y-%m}"
        found = f"the clock says {today}, {reach}"
        return CheckResult(name=_NAME, found=found, fix=f"Set the clock if it is wrong. {_MAKES}")
    names = {partition.name for partition in partitions}
    needed = [partition_name(log, month) for log in LOGS for month in months_to_hold(now)[1:]]
    if missing := [name for name in needed if name not in names]:
        return CheckResult(name=_NAME, found=f"missing partitions: {', '.join(missing)}", fix=_MAKES)
    return CheckResult(name=_NAME, found=f"partitions until {newest:%Y-%m}")


def _newest(partitions: Collection[Partition], log: str) -> date:
    return max((partition.month for partition in partitions if partition.log == log), default=date.min)
