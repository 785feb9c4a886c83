"""What the environment says."""

import re
from pathlib import Path

import pytest

from lightning_eda.errors import SettingError
from lightning_eda.settings import Settings, parse_flag, parse_tiers

ROOT = Path(__file__).parents[1]


def test_an_empty_environment_gives_the_documented_defaults():
    """Nothing has to be set."""
    settings = Settings.from_mapping({})
    assert settings == Settings()
    assert (settings.bucket, settings.tiers, settings.duckdb_path) == (
        "noaa-goes18",
        "flash",
        "data/lightning.duckdb",
    )
    assert not settings.pinned


def test_a_variable_set_to_nothing_is_not_set():
    """`GOES_HOUR=` in a shell is no pin."""
    settings = Settings.from_mapping({"GOES_HOUR": " ", "S3_BUCKET": "", "DUCKDB_PATH": ""})
    assert settings == Settings()


@pytest.mark.parametrize("variable", ["GOES_YEAR", "GOES_DOY", "GOES_HOUR"])
def test_any_part_of_the_pin_pins(variable):
    """Hour 0 too."""
    assert Settings.from_mapping({variable: "0"}).pinned


def test_the_database_follows_the_data_folder():
    """Unless it has a place of its own."""
    assert Settings.from_mapping({"LIGHTNING_DATA_DIR": "x"}).duckdb_path == "x/lightning.duckdb"
    assert Settings.from_mapping({"LIGHTNING_DATA_DIR": "x", "DUCKDB_PATH": "y"}).duckdb_path == "y"


def test_the_special_aws_endpoint_wins_over_the_general_one():
    """As in the AWS tools."""
    variables = {"AWS_ENDPOINT_URL": "http://general", "AWS_ENDPOINT_URL_S3": "http://special"}
    assert Settings.from_mapping(variables).s3_endpoint_url == "http://special"
    del variables["AWS_ENDPOINT_URL_S3"]
    assert Settings.from_mapping(variables).s3_endpoint_url == "http://general"


@pytest.mark.parametrize(
    ("text", "tiers"),
    [
        ("flash", ("flash",)),
        ("event,flash", ("flash", "event")),
        (" Flash , GROUP,event,flash", ("flash", "group", "event")),
    ],
)
def test_tiers_come_in_one_order(text, tiers):
    """However they are written."""
    assert parse_tiers(text) == tiers


@pytest.mark.parametrize("text", ["", ",", "flashes", "flash;group"])
def test_other_tiers_are_refused(text):
    """The error names the variable and what is allowed."""
    with pytest.raises(SettingError, match=r"GLM_TIERS: found .* allowed: a comma list of flash"):
        parse_tiers(text)


def test_flags():
    """The usual words, in any case; anything else is an error."""
    assert [parse_flag(word, "X") for word in ("true", "YES", "1", "on")] == [True] * 4
    assert [parse_flag(word, "X") for word in ("false", "No", "0", "off", "")] == [False] * 5
    with pytest.raises(SettingError, match="X: found 'maybe'; allowed: true or false"):
        parse_flag("maybe", "X")


def test_the_example_file_names_every_variable_that_is_read():
    """And no other."""
    source = (ROOT / "lightning_eda" / "settings.py").read_text()
    read = set(re.findall(r'"([A-Z][A-Z0-9_]{3,})"', source)) - {"AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION"}
    example = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", example, flags=re.MULTILINE))
    assert named == read
