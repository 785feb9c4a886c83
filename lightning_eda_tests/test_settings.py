"""What the environment says."""

import re
from pathlib import Path

import pytest

from lightning_eda.errors import SettingError
from lightning_eda.resources import build_resources
from lightning_eda.settings import (
    CsvSettings,
    DistanceSettings,
    Settings,
    declared,
    parse_distance,
    parse_flag,
    parse_integer,
    parse_object,
    parse_tiers,
)
from lightning_eda.tables.csv.options import parse_options

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


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("'pairs'", "pairs"), (' "pairs" ', "pairs"), ("''", None), ("it's", "it's"), ("'", "'"),
        ("'a','b'", "'a','b'"), ("\"a'", "\"a'"),
    ],
)  # fmt: skip
def test_quotes_around_all_of_a_value_do_not_count(text, kept):
    """`docker --env-file` and systemd's drop-ins leave them; INPUT_FOLDER would name an empty folder."""
    assert Settings.from_mapping({"INPUT_FOLDER": text}).distances.input_folder == kept
    assert Settings.from_mapping({"CSV_DELIMITER": "'\t'"}).csv.delimiter == "\t"


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


class Recording(dict):
    """An empty environment that remembers what it was asked for."""

    def __init__(self):
        super().__init__()
        self.asked = set()

    def get(self, name, default=None):
        self.asked.add(name)
        return default


def test_the_example_file_names_every_variable_that_is_read():
    """And no other."""
    variables = Recording()
    Settings.from_mapping(variables)
    general = {"AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_GLUE"}
    example = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", example, flags=re.MULTILINE))
    assert named == variables.asked - general


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "1e3", "2_0"])
def test_whole_numbers(text):
    """Anything else is an error that names the variable."""
    assert parse_integer("12", "X") == 12
    with pytest.raises(SettingError, match=r"X: found .*; allowed: a whole number from 0"):
        parse_integer(text, "X")


def test_whole_numbers_of_a_range():
    """With both of its ends."""
    assert [parse_integer(text, "X", 1, 3) for text in ("1", "3")] == [1, 3]
    for text in ("0", "4"):
        with pytest.raises(SettingError, match="allowed: a whole number from 1 to 3"):
            parse_integer(text, "X", 1, 3)


@pytest.mark.parametrize("text", ["", "x", "-0.1", "nan", "inf", "1,5", "1_0.5"])
def test_distances(text):
    """A finite number from 0."""
    assert [parse_distance(number, "X") for number in ("0", "0.5", "1e3")] == [0, 0.5, 1000]
    with pytest.raises(SettingError, match=r"X: found .*; allowed: a number from 0"):
        parse_distance(text, "X")


@pytest.mark.parametrize("text", ["", "x", "[]", "3", "{'eps': 1}", '{"eps": 1, "eps": 2}'])
def test_objects(text):
    """JSON, and an object."""
    assert parse_object('{"eps": 0.3}', "X") == {"eps": 0.3}
    with pytest.raises(SettingError, match=r"X: found .*; allowed: a JSON object"):
        parse_object(text, "X")


@pytest.mark.parametrize(
    ("kind", "resources"),
    [
        (Settings, ("glm", "pin", "folders", "warehouse", "lake", "dask", "tables")),
        (DistanceSettings, ("distances",)),
        (CsvSettings, ("tables",)),
    ],
)
def test_each_setting_is_a_field_of_the_launchpad(kind, resources):
    """With the value of its variable as the default, but for those that sensors read."""
    words = {bool: "true", int: "12", float: "0.25"}
    variables = {one.variable: words.get(one.kind, one.variable.lower()) for one in declared(kind).values()}
    built = build_resources(Settings.from_mapping(variables))
    fields = [info for name in resources for info in type(built[name]).model_fields.values()]
    shown = {info.description: info.default for info in fields}
    for one in declared(kind).values():
        if one.variable in ("HEAL_HOURS", "FAILURE_WEBHOOK_URL"):
            continue
        if one.variable == "GLM_SIGNED":  # followed where the field `use_unsigned_session` is null
            assert any(one.description in (description or "") for description in shown)
            continue
        assert str(shown[one.description]).lower() == variables[one.variable], one.variable


def test_each_field_of_a_system_has_the_variable_of_its_name():
    """Those of the S3 tables begin with CSV_."""
    settings = Settings.from_mapping(
        {"BUCKET": "b", "EPSILON": " 0.3 ", "CSV_TABLE": "t", "CSV_PREFIX": "", "TABLE": "no"}
    )
    assert (settings.distances.bucket, settings.distances.epsilon) == ("b", "0.3")
    assert (settings.csv.table, settings.csv.prefix) == ("t", None)
    assert settings.distances.max_records == "1000"


@pytest.mark.parametrize("delimiter", ["\t", " "])
def test_a_delimiter_may_be_white_space(delimiter):
    """It is kept, and splits rows; set to nothing it is not set."""
    csv = Settings.from_mapping({"CSV_DELIMITER": delimiter}).csv
    assert parse_options(delimiter=csv.delimiter).delimiter == delimiter
    assert Settings.from_mapping({"CSV_DELIMITER": ""}).csv.delimiter is None
