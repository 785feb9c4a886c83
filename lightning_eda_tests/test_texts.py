"""Texts from outside are plain wherever people read them."""

import logging

import dagster as dg
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.aws_lambda import load_handler
from lightning_eda.checks.result import check_result
from lightning_eda.errors import LightningEdaError, SettingError
from lightning_eda.reporting import PartitionReport, count_table, preview, report_partitions
from lightning_eda.texts import named, plain
from lightning_eda_tests.servers.s3 import S3Bucket

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]

NASTY = (
    "\x1b[2J\x1b]0;title\x07\r\nERROR all is lost\t\u202egnp.exe\u2066\u200b\ufeff\x9b31m\u2028\xa0\x00end"
)


@given(st.text())
def test_a_plain_text_is_one_line_of_printable_characters(text: str):
    """A printable text stays as it is; made plain twice it is the same."""
    shown = plain(text)
    assert shown.isprintable()
    assert plain(shown) == shown
    assert (shown == text) == text.isprintable()


def test_commands_to_a_terminal_line_ends_and_marks_of_direction_are_shown():
    """Each as Python spells it; letters of all scripts stay."""
    assert plain("é雷\x1b[31m\n\u202e\udcff") == "é雷\\x1b[31m\\n\\u202e\\udcff"


def test_ten_texts_are_named_and_the_others_counted():
    """Nothing is said of others where there are none."""
    texts = [*"abcdefghijkl"]
    assert named(texts[:10]) == "a; b; c; d; e; f; g; h; i; j"
    assert named(texts) == "a; b; c; d; e; f; g; h; i; j and 2 more"
    assert named(texts, 2, ", ") == "a, b and 10 more"
    assert (named(texts[:1], 1), named([])) == ("a", "none")


def test_every_error_is_plain():
    """Whatever it quotes, and with any of the errors."""
    for error in (LightningEdaError(f"s3://b/{NASTY} is gone"), SettingError("X", "x", NASTY, NASTY)):
        assert str(error).isprintable()
        assert "\\x1b[2J" in str(error)


def test_checks_and_tables_are_plain():
    """All of them go through one place each."""
    spec = dg.AssetCheckSpec("c", asset="a")
    result = check_result(spec, False, dg.AssetCheckSeverity.WARN, NASTY, {"days": NASTY, "number": 1})
    assert result.description.isprintable()
    assert result.metadata["days"].value.isprintable()
    rows = preview(pa.table({f"n{NASTY}": [NASTY, "雷"]}))
    assert all(text.isprintable() for record in rows.records for pair in record.data.items() for text in pair)
    assert rows.schema.columns[0].name.isprintable()
    assert count_table("reason", {NASTY: 1}).records[0].data["reason"].isprintable()


def test_metadata_of_a_run_are_plain():
    """Bare texts, whatever the asset is."""

    @dg.asset
    def quoting(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        return report_partitions(context, [PartitionReport("p", {}, {"source": f"s3://b/{NASTY}"})])

    with dg.DagsterInstance.ephemeral() as instance:
        (event,) = dg.materialize([quoting], instance=instance).asset_materializations_for_node("quoting")
    assert event.metadata["source"].value.isprintable()


def test_a_key_of_control_characters_is_plain_in_the_log_and_the_answer(
    s3_bucket: S3Bucket, monkeypatch, caplog
):
    """Of the handler: a key that a stranger chose writes no lines of its own into the log."""
    variables = {
        "AWS_ENDPOINT_URL": s3_bucket.endpoint_url, "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test", "CSV_BUCKET_SRC": s3_bucket.name, "CSV_PREFIX": "in",
        "CSV_PATHOUTPUT": f"s3://{s3_bucket.name}/lake/t",
    }  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    s3_bucket.put("in/20240101/\u202e\x1b[31m <!channel>.csv", b"a,b\n1,2\n3\n")
    answer = load_handler({"data_ref": "20240101"}, None)["errorMessage"]
    assert load_handler({"data_ref": "20240101", "bad_rows": "set_aside"}, None) == "Success"
    for text in (answer, *(record.getMessage() for record in caplog.records)):
        assert text.isprintable()
        assert "\\u202e\\x1b[31m" in text
    assert {record.levelno for record in caplog.records} == {logging.ERROR, logging.WARNING}
