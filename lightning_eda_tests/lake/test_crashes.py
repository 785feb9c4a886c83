"""A committer killed -9 between any two commits, on S3: a reader sees the old hour or the new, whole."""

from multiprocessing.process import BaseProcess

import pytest

from lightning_eda.errors import LakeError, LakeUnavailableError
from lightning_eda.lake.layout import LEDGER, TIERS
from lightning_eda_tests.lake.lakes import (
    KEY,
    an_hour,
    committer,
    foreign_rows,
    hour_rows,
    is_either,
    lake_at,
    load,
    same,
)
from lightning_eda_tests.servers.s3 import Faults, FaultyProxy, S3Bucket, free_port

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]
COMMITS = (*TIERS, LEDGER)
EACH = [
    pytest.param(table, marks=() if table in ("flashes", LEDGER) else pytest.mark.slow) for table in COMMITS
]


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The made-up credentials of the test server."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.mark.parametrize("killed_after", EACH)
def test_a_killed_committer_leaves_the_old_hour_or_the_new(s3_bucket: S3Bucket, killed_after: str) -> None:
    """Killed as the log of a table has its commit: old before the ledger's, new after; a rerun mends all."""
    place = f"s3://{s3_bucket.name}/lake"
    lake = lake_at(place, s3_bucket.endpoint_url)
    load(lake, (KEY, an_hour(seed=1)))
    children: list[BaseProcess] = []

    def kill(target: str) -> None:
        if f"/lake/{killed_after}/_delta_log/00000000000000000002.json" in target and commits_are_put(target):
            children[0].kill()

    def commits_are_put(_: str) -> bool:
        return proxy.seen[-1].method == "PUT"

    with FaultyProxy(s3_bucket.endpoint_url) as proxy:
        proxy.after = kill
        children.append(committer(place, proxy.endpoint_url, [(KEY, 2)]))
        children[0].join(60)
    assert children[0].exitcode == -9
    seen = is_either(hour_rows(lake), an_hour(seed=1), an_hour(seed=2))
    assert seen == (1 if killed_after == LEDGER else 0)
    load(lake, (KEY, an_hour(seed=2)))
    assert same(hour_rows(lake), an_hour(seed=2))
    for table in COMMITS:
        assert foreign_rows(lake, table).num_rows == an_hour(seed=2)[table].num_rows


@pytest.mark.parametrize("table", EACH)
def test_a_commit_after_which_its_log_cannot_be_read_is_made(s3_bucket: S3Bucket, table: str) -> None:
    """The read after a commit is refused: the log is read once more, and the load goes on to its end."""
    place = f"s3://{s3_bucket.name}/lake"
    lake = lake_at(place, s3_bucket.endpoint_url)
    load(lake, (KEY, an_hour(seed=1)))

    def refuse(target: str) -> None:
        if proxy.seen[-1].method == "PUT" and f"/{table}/_delta_log/00000000000000000002.json" in target:
            number = len(proxy.seen) + 1
            proxy.faults = Faults(share=1, kinds=("denied",), at=range(number, number + 1))

    with FaultyProxy(s3_bucket.endpoint_url) as proxy:
        proxy.after = refuse
        child = committer(place, proxy.endpoint_url, [(KEY, 2)])
        child.join(60)
    assert child.exitcode == 0
    assert [seen.path for seen in proxy.seen if seen.fault]
    assert same(hour_rows(lake), an_hour(seed=2))
    for name in COMMITS:
        assert foreign_rows(lake, name).num_rows == an_hour(seed=2)[name].num_rows


def test_a_store_without_conditional_writes_is_refused(s3_bucket: S3Bucket) -> None:
    """A server that ignores If-None-Match is told in a sentence, before anything is committed."""
    with FaultyProxy(s3_bucket.endpoint_url, Faults(ignored=("if-none-match",))) as proxy:
        lake = lake_at(f"s3://{s3_bucket.name}/lake", proxy.endpoint_url)
        with pytest.raises(LakeError, match=r"ignores `If-None-Match: \*`.*LIGHTNING_LAKE"):
            load(lake, (KEY, an_hour()))
    assert lake_at(f"s3://{s3_bucket.name}/lake", s3_bucket.endpoint_url).open(LEDGER) is None


def test_a_server_that_does_not_answer_is_worth_another_try() -> None:
    """A reader without a server is told the address, and the run tries again later."""
    lake = lake_at("s3://nowhere/lake", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(LakeUnavailableError, match="s3://nowhere/lake/granules") as caught:
        lake.open(LEDGER)
    assert caught.value.retryable
