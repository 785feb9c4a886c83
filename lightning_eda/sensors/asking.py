"""Asking for hours and days: not while a run is at work for them, and again, boundedly, when one failed."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import dagster as dg

from lightning_eda.partitions import PARTITION_TAG, RANGE_TAGS
from lightning_eda.sensors.healing_cursor import HealingCursor

MOST_ASKS = 3  # for an hour or day in one state
ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
IN_PROGRESS = [status for status in dg.DagsterRunStatus if status not in ENDED]
WILL_RETRY_TAG = "dagster/will_retry"
RETRIED_TAG = "dagster/auto_retry_run_id"
RETRY_WAIT_S = 120.0  # Dagster itself repeats a run that died some seconds later


@dataclass(frozen=True)
class Wanted:
    """An hour or day that is not as it should be.

    Attributes:
        key: Its partition key.
        digest: Names its state; one that was asked for as it is needs a reason to be asked for again.
        repeat: Whether a run that succeeded and left it so is such a reason; one that failed always is.
    """

    key: str
    digest: str
    repeat: bool = False


@dataclass(frozen=True)
class Answer:
    """What to ask for, and what not.

    Attributes:
        asked: Start to what is asked for now.
        busy: Keys that a run is queued or at work for, sorted.
        known: Keys that were asked for before as they are, sorted.
        requests: The requests.
    """

    asked: dict[datetime, Wanted]
    busy: list[str]
    known: list[str]
    requests: list[dg.RunRequest]

    @property
    def digests(self) -> dict[datetime, str]:
        """Start to the state of what is asked for, as the cursor wants it."""
        return {start: wanted.digest for start, wanted in self.asked.items()}

    def reasons(self) -> str:
        """Why nothing is asked for, each part after a semicolon."""
        waiting = f"; a run is queued or at work for {', '.join(self.busy)}" if self.busy else ""
        before = f"; asked for before as they are: {', '.join(self.known)}" if self.known else ""
        advice = f" (at most {MOST_ASKS} times when runs fail; then re-execute them)" if before else ""
        return waiting + before + advice


def ask(
    instance: dg.DagsterInstance,
    job: str,
    wanted: Mapping[datetime, Wanted],
    cursor: HealingCursor,
) -> Answer:
    """Decides what to ask for.

    Args:
        instance: Where the runs are.
        job: The job that is asked for.
        wanted: Start of each hour or day that is not as it should be.
        cursor: What was asked for before.
    """
    busy = keys_in_progress(instance, {one.key for one in wanted.values()})
    asked, known = {}, []
    for start, one in sorted(wanted.items()):
        times = cursor.times_asked(start, one.digest)
        if one.key in busy:
            continue
        if times == 0 or (times < MOST_ASKS and may_help(instance, job, one)):
            asked[start] = one
        else:
            known.append(one.key)
    requests = [
        dg.RunRequest(
            _run_key(one, cursor.times_asked(start, one.digest)), partition_key=one.key, job_name=job
        )
        for start, one in asked.items()
    ]
    return Answer(asked, sorted(busy), known, requests)


def _run_key(wanted: Wanted, times_before: int) -> str:
    """The state, and for a further time the number of it: Dagster starts one run for a key."""
    again = f":{times_before + 1}" if times_before else ""
    return f"{wanted.key}:{wanted.digest}{again}"


def keys_in_progress(instance: dg.DagsterInstance, keys: Collection[str]) -> set[str]:
    """Those of some keys of one kind that a run is queued or at work for, alone or in a range."""
    if not keys:
        return set()
    busy = set()
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=IN_PROGRESS)):
        one = run.tags.get(PARTITION_TAG, "")
        start, end = (run.tags.get(tag, one) for tag in RANGE_TAGS)
        # Keys of one format sort as the times they stand for; those of hours and days differ in length.
        busy |= {key for key in keys if len(start) == len(key) and start <= key <= end}
    return busy


def may_help(instance: dg.DagsterInstance, job: str, wanted: Wanted) -> bool:
    """Whether the last run for a key failed, and Dagster does not repeat it by itself; or may be repeated."""
    last = dg.RunsFilter(job_name=job, tags={PARTITION_TAG: wanted.key})
    for record in instance.get_run_records(filters=last, limit=1):
        run = record.dagster_run
        if run.status != dg.DagsterRunStatus.FAILURE:
            return wanted.repeat and run.status == dg.DagsterRunStatus.SUCCESS
        is_repeated = run.tags.get(WILL_RETRY_TAG) == "true" and RETRIED_TAG not in run.tags
        return not is_repeated or time.time() - (record.end_time or 0.0) > RETRY_WAIT_S
    return False
