"""`easel queue`: jobs are listed, paused, drained, cancelled, moved and retried."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import sqlalchemy as sa

from engine.contract.errors import ModelBroken, PainterLost
from engine.contract.ids import new_id
from engine.contract.jobs import Job, JobStatus
from engine.store.database import Database
from engine.store.jobs import submit_job
from engine.store.pending_jobs import read_pending_jobs
from engine.store.transitions import cancel_job, fail_job, record_progress
from engine.worker.endings import cause_from_error
from tests.easel.command import CommandResult, run_easel, start_easel
from tests.engine.store.stages import read, started, submitted
from tests.fakes import request_for


async def test_jobs_are_listed_in_the_order_in_which_they_are_painted(
    home: Path, database: Database, database_url: str
) -> None:
    """Those that are painted first, then by turn; long prompts are cut, and what is left out is counted."""
    running = await started(database, await submitted(database))
    async with database.begin() as connection:
        await record_progress(connection, running.id, 0.5, None)
        last = await submit_job(connection, request_for(new_id(), "a fox " * 20))
    shown = await run_easel("queue", "list", home=home, DATABASE_URL=database_url)
    first, second, counted = shown.out.splitlines()
    assert first.startswith(str(running.id)) and "    50%" in first and first.endswith("a red circle")
    assert second.startswith(str(last.id)) and "waiting" in second and second.endswith("a fox…")
    assert counted == "1 running, 1 waiting."
    told = await run_easel("queue", "list", "--json", "--limit", "1", home=home, DATABASE_URL=database_url)
    listed = json.loads(told.out)
    assert (listed["running"], listed["waiting"], listed["paused"]) == (1, 1, False)
    assert [job["id"] for job in listed["jobs"]] == [str(running.id)]
    assert (listed["jobs"][0]["progress"], listed["jobs"][0]["prompt"]) == (0.5, "a red circle")


async def test_a_pause_is_told_until_it_ends(home: Path, database_url: str) -> None:
    """Pausing twice and resuming what is not paused are no mistakes, and say so."""
    outputs = [
        (await run_easel("queue", verb, home=home, DATABASE_URL=database_url)).out
        for verb in ("pause", "pause", "list", "resume", "resume")
    ]
    assert "The queue is paused: engines take no jobs until `easel queue resume`." in outputs[0]
    assert outputs[1] == "The queue is paused already.\n"
    assert outputs[2].splitlines()[-1].startswith("The queue is paused: ")
    assert outputs[3] == "Engines take jobs again; 0 wait.\n"
    assert outputs[4] == "The queue is not paused.\n"


async def test_a_quiet_list_is_of_ids(home: Path, database: Database, database_url: str) -> None:
    """As `easel queue cancel` and `retry` take them."""
    job = await submitted(database)
    listed = await run_easel("queue", "list", "--quiet", home=home, DATABASE_URL=database_url)
    assert (listed.code, listed.out) == (0, f"{job.id}\n")
    await started(database, job)
    async with database.begin() as connection:
        await fail_job(connection, job.id, cause_from_error(PainterLost(cause="gone")))
    listed = await run_easel("queue", "list", "--quarantined", "--quiet", home=home, DATABASE_URL=database_url)
    assert (listed.code, listed.out) == (0, f"{job.id}\n")


async def test_draining_waits_for_what_is_painted(home: Path, database: Database, database_url: str) -> None:
    """It ends with the last running job, and leaves the queue paused."""
    running = await started(database, await submitted(database))
    process = await start_easel("queue", "drain", home=home, DATABASE_URL=database_url)
    assert process.stderr is not None and process.stdout is not None
    assert b"Running jobs: 1." in await process.stderr.readline()
    async with database.begin() as connection:
        await cancel_job(connection, running.id)
    out, _ = await process.communicate()
    assert out.startswith(b"Nothing is painted any more. The queue is paused")
    assert process.returncode == 0


async def test_a_drain_that_somebody_ends_says_so(home: Path, database: Database, database_url: str) -> None:
    """Whoever waits for it would upgrade while engines paint."""
    await started(database, await submitted(database))
    process = await start_easel("queue", "drain", home=home, DATABASE_URL=database_url)
    assert process.stderr is not None and process.stdout is not None
    assert b"Running jobs: 1." in await process.stderr.readline()
    assert (await run_easel("queue", "resume", home=home, DATABASE_URL=database_url)).code == 0
    out, err = await process.communicate()
    assert (out, process.returncode) == (b"", 1) and b"Somebody has resumed the queue meanwhile" in err


async def test_jobs_are_cancelled_by_their_ids(home: Path, database: Database, database_url: str) -> None:
    """One that had ended is named; the others are cancelled all the same."""
    first, second = await submitted(database), await submitted(database)
    async with database.begin() as connection:
        await cancel_job(connection, second.id)
    ids = [str(first.id), str(second.id)]
    done = await run_easel("queue", "cancel", *ids, "--json", home=home, DATABASE_URL=database_url)
    assert (done.code, json.loads(done.out)) == (3, {"cancelled": ids[:1], "not_pending": ids[1:]})
    assert f"The job {second.id} does not wait and is not painted" in done.err
    assert (await read(database, first)).status is JobStatus.CANCELLED
    wrong = await run_easel("queue", "cancel", "nonsense", home=home, DATABASE_URL=database_url)
    assert wrong.code == 2 and '"nonsense" is not a job id. `easel queue list` prints them.' in wrong.err


async def test_two_pauses_at_once_are_one(home: Path, database_url: str) -> None:
    pauses = [run_easel("queue", "pause", home=home, DATABASE_URL=database_url) for _ in range(2)]
    outputs = sorted(done.out for done in await asyncio.gather(*pauses))
    assert outputs[0] == "The queue is paused already.\n" and outputs[1].startswith("The queue is paused: ")


async def fail(database: Database, job: Job, error: Exception) -> Job:
    """Start the job and let it fail of the error."""
    await started(database, job)
    async with database.begin() as connection:
        await fail_job(connection, job.id, cause_from_error(error))
        await connection.execute(sa.text("DELETE FROM pgqueuer WHERE dedupe_key = :id"), {"id": str(job.id)})
    return job


async def test_jobs_in_quarantine_are_listed_and_retried(home: Path, database: Database, database_url: str) -> None:
    """By their ids, of which one that is not there is named, or all of them."""
    waiting = await submitted(database)
    crashed, broken = [
        await fail(database, await submitted(database), error)
        for error in (PainterLost(), ModelBroken(name="fake", cause="black"))
    ]

    async def queue(*words: str) -> CommandResult:
        return await run_easel("queue", *words, home=home, DATABASE_URL=database_url)

    listed = await queue("list", "--quarantined")
    first, second, counted = listed.out.splitlines()
    assert first.startswith(f"{broken.id}  ModelBroken  ") and first.endswith("imagine  a red circle")
    assert second.startswith(f"{crashed.id}  PainterLost") and counted == "2 in quarantine."
    told = json.loads((await queue("list", "--quarantined", "--json", "--limit", "1")).out)
    assert (told["quarantined"], [job["id"] for job in told["jobs"]]) == (2, [str(broken.id)])
    done = await queue("retry", str(crashed.id), str(waiting.id))
    assert (done.code, done.out) == (3, "1 job is back in the queue.\n")
    assert f"The job {waiting.id} is not in quarantine" in done.err
    assert (await queue("retry", "--all")).out == "1 job is back in the queue.\n"
    assert (await queue("retry", "--all")).out == "0 jobs are back in the queue.\n"
    assert [(await read(database, job)).status for job in (crashed, broken)] == [JobStatus.WAITING] * 2
    for wrong in ((), ("--all", str(broken.id))):
        refused = await queue("retry", *wrong)
        assert refused.code == 2 and "Name the jobs, or use --all for all of them." in refused.err


async def test_a_waiting_job_is_moved(home: Path, database: Database, database_url: str) -> None:
    """One that is painted is not, nor one that nobody knows."""
    first, second, third = [await submitted(database) for _ in range(3)]
    await started(database, first)

    async def move(*words: str) -> CommandResult:
        return await run_easel("queue", "move", *words, home=home, DATABASE_URL=database_url)

    assert (await move(str(third.id), "--first")).out == f"The job {third.id} is first.\n"
    async with database.begin() as connection:
        assert [job.id for job in await read_pending_jobs(connection, 9)] == [first.id, third.id, second.id]
    done = await move(str(third.id), "--last", "--json")
    assert json.loads(done.out) == {"id": str(third.id), "moved": "last"}
    running, unknown, nowhere = [
        await move(*words) for words in ((str(first.id), "--last"), (str(new_id()), "--first"), (str(first.id),))
    ]
    assert (running.code, unknown.code, nowhere.code) == (3, 3, 2)
    assert running.err == f"The job {first.id} is being painted; only jobs that wait can be moved.\n"
    assert unknown.err == "Job not found.\n" and "Say where to: --first or --last." in nowhere.err
