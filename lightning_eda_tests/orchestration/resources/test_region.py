"""Which AWS region a request is signed for."""

import re
from dataclasses import replace

import pytest

from lightning_eda.errors import SettingError
from lightning_eda.resources import build_resources
from lightning_eda.settings import CsvSettings, DistanceSettings, Settings
from lightning_eda.tables.task import TableTask
from lightning_eda_tests.servers.s3 import FaultyProxy, S3Bucket

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]


@pytest.fixture
def signed_for(s3_bucket: S3Bucket, monkeypatch, tmp_path):
    """The regions of requests to S3 and Glue, for some variables and a text in ~/.aws/config."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)

    def ask(config: str, profile: str | None = None, **variables: str) -> set[str]:
        (tmp_path / "config").write_text(config)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with FaultyProxy(s3_bucket.endpoint_url) as proxy:
            named = {**variables, "AWS_ENDPOINT_URL": proxy.endpoint_url}
            settings = replace(
                Settings.from_mapping(named),
                signed="true",
                bucket=s3_bucket.name,
                distances=DistanceSettings(bucket=s3_bucket.name),
                csv=CsvSettings(s3_bucket.name, "in", pathoutput=f"s3://{s3_bucket.name}/lake", table="t"),
            )
            built = build_resources(settings)
            resources = {
                name: type(built[name])(profile_name=profile) for name in ("glm", "distances", "tables")
            }
            for store in (resources["glm"].store(), resources["distances"].store()):
                assert list(store.list_objects("")) == []
            tables = resources["tables"]
            task = TableTask.from_settings(tables.settings(), tables.servers())
            assert list(task.source.list_objects("")) == []
            task.glue.get_databases()
            return {re.search(r"/\d{8}/([^/]+)/", seen.authorization)[1] for seen in proxy.seen}

    return ask


EUROPE = "[default]\nregion = eu-central-1\n"


@pytest.mark.parametrize(
    ("config", "variables", "region"),
    [
        (EUROPE, {}, "eu-central-1"),
        (EUROPE, {"AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-3"),
        (EUROPE, {"AWS_DEFAULT_REGION": "eu-west-3", "AWS_REGION": "eu-west-2"}, "eu-west-2"),
        (f"{EUROPE}[profile work]\nregion = eu-north-1\n", {"AWS_PROFILE": "work"}, "eu-north-1"),
        ("", {}, "us-east-1"),
    ],
)
def test_variables_come_first_then_the_config_file(signed_for, config, variables, region):
    """As in the AWS tools; and without either a server of one's own works."""
    assert signed_for(config, **variables) == {region}


def test_a_profile_of_the_launchpad_counts(signed_for):
    """Its region is asked for, of S3 and Glue, whatever AWS_PROFILE says; one that is not there is named."""
    keys = "aws_access_key_id = of_the_profile\naws_secret_access_key = test\n"
    config = f"{EUROPE}[profile work]\nregion = eu-north-1\n{keys}[profile home]\nregion = eu-west-1\n"
    assert signed_for(config, profile="work", AWS_PROFILE="home") == {"eu-north-1"}
    with pytest.raises(SettingError, match="profile_name: found 'wrok'; allowed: a profile of"):
        signed_for(config, profile="wrok")


def test_credentials_are_sent_as_the_launchpad_says():
    """`use_unsigned_session` wins over GLM_SIGNED; requests to other buckets are signed by default."""
    built = build_resources(Settings(signed="true", distances=DistanceSettings(bucket="b")))
    assert built["glm"].store().signed
    assert not type(built["glm"])(use_unsigned_session=True).store().signed
    assert not build_resources(Settings())["glm"].store().signed
    assert built["distances"].store().signed
    assert not type(built["distances"])(use_unsigned_session=True).store().signed


def test_the_page_of_a_table_is_in_its_region(monkeypatch, tmp_path):
    """Also where only the config file says which."""
    (tmp_path / "config").write_text(EUROPE)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    csv = CsvSettings(table="t", database="d")
    link = build_resources(replace(Settings.from_mapping({}), csv=csv))["tables"].table_link()
    assert link.startswith("https://eu-central-1.console.aws.amazon.com/glue/home?region=eu-central-1#")


def test_granules_of_the_public_buckets_are_where_noaa_keeps_them():
    """Unsigned reads ask there, unless a variable says otherwise: other regions would only redirect them."""
    assert build_resources(Settings())["glm"].store().region == "us-east-1"
    assert build_resources(Settings(aws_region="eu-west-3"))["glm"].store().region == "eu-west-3"
