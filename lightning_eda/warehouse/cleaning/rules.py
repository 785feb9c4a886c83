"""The rules of cleaning, as SQL: each row of a window gets the first reason to drop it, or none.

`judge` leaves two things in the session: the view `temp.judged`, every row of the span with its reason, and
the table `temp.repeats`, the rows that no rule dropped but that repeat another such row. `judge_piece` leaves
the same of a piece of a window, as `temp.own_judged` and `temp.own_repeats`.
"""

from datetime import datetime, timedelta
from typing import Final

import duckdb

from lightning_eda.series import TIER_TABLES, Table
from lightning_eda.warehouse.cleaning.options import Box, Cleaning
from lightning_eda.warehouse.queries import on_globe_sql
from lightning_eda.warehouse.schema.sql import quoted
from lightning_eda.warehouse.span import IN_SPAN, utc_naive

FIELD_LIMIT_DEG = 65.0
"""Largest earth-central angle from the satellite's subpoint at which a detection is taken for real, degrees.

Source: measured. 13 granules of GOES-16 to -19 end at 63.2 degrees; 1.94 million events of GOES-18 on
2024-10-01 at 63.81 (242 of them beyond 63.2); the rest is margin for the parts of the year not seen. The
simulator's field ends at 62.9 (`simulator.sky.pixels`).
"""

STATIC_MIN_GROUPS = 30
STATIC_MAX_POSITIONS = 2
STATIC_GAP_US = 2500
"""A flash of so many groups, at so few positions, and with a median gap below this, is one stuck pixel.

Source: measured. 56 such flashes in the GOES-17 granule of 2018-10-10; none in 12 other granules.
"""

TIME_REACH: Final = timedelta(seconds=60)
"""A time so far from the start of its granule is `far`: a repeat of it may stand in any granule.

Source: measured. Times in 8 granules of GOES-16 to -19 are 1.2 s before to 19.8 s after the start.
"""
LOOK_BACK: Final = 2 * TIME_REACH
"""Granules of two equal rows that are not far start within this of each other: their times are equal."""

DUPLICATE = "duplicate"
REASONS = (
    "coordinates",
    "out_of_field",
    "static_pixel",
    "quality_flag",
    "outside_box",
    "no_energy",
    "no_area",
    "energy_limit",
    "area_limit",
    DUPLICATE,
)
"""Every reason, in the order the rules are applied: a row counts under the first that applies.

Duplicates come last, among the rows that all other rules keep, so that of two equal rows one is always left.
"""

SAME = "satellite, time, duration_s, lat, lon, energy_j, area_m2"
_TIMES = {
    "flash": ("flash_time_of_first_event", "flash_time_of_last_event"),
    "group": ("group_time", None),
    "event": ("event_time", None),
}


def judge(connection: duckdb.DuckDBPyConnection, cleaning: Cleaning) -> None:
    """Judges every row of the span that `select_span` has chosen; see the module.

    `temp.judged` has place (the row in its table), the columns of `clean_rows`, has_subpoint and has_groups
    (whether these rules could be applied), and reason, NULL for rows that are kept unless they repeat
    another.
    """
    _judge_rows(connection, cleaning)
    connection.execute(_repeats_sql())


def judge_piece(connection: duckdb.DuckDBPyConnection, cleaning: Cleaning, own_start: datetime) -> None:
    """The same for a piece of a window, for whoever adds pieces up.

    The span that `select_span` has chosen begins `LOOK_BACK` before the piece, or with the window: so a row
    that repeats one of the piece before is known. `temp.own_judged` has the rows of the piece as
    `temp.judged`, and is_far: whether its time is further than `TIME_REACH` from its granule. Rows that are
    far are never among `temp.own_repeats`: whether they repeat another only the whole window shows.

    Args:
        connection: Where the span is chosen.
        cleaning: What to drop.
        own_start: First granule start of the piece, aware.
    """
    _judge_rows(connection, cleaning)
    for name, value in {"own_start": utc_naive(own_start), "reach": TIME_REACH}.items():
        connection.execute(f"SET VARIABLE {name} = ?", [value])
    connection.execute(_PIECE_SQL)
    connection.execute("CREATE OR REPLACE TEMP VIEW own_judged AS SELECT * FROM temp.piece WHERE is_own")
    connection.execute(_repeats_sql("own_repeats", "piece", "AND NOT is_far", "is_own"))


_PIECE_SQL = """
    CREATE OR REPLACE TEMP TABLE piece AS
    SELECT *, granule_start >= getvariable('own_start') AS is_own,
        (time BETWEEN granule_start - getvariable('reach') AND granule_start + getvariable('reach'))
            IS NOT TRUE AS is_far
    FROM temp.judged"""


def _judge_rows(connection: duckdb.DuckDBPyConnection, cleaning: Cleaning) -> None:
    _set_limits(connection, cleaning)
    connection.execute(_granule_facts_sql())
    connection.execute(_static_flashes_sql())
    connection.execute(_judged_sql(cleaning))


def _set_limits(connection: duckdb.DuckDBPyConnection, cleaning: Cleaning) -> None:
    west, south, east, north = _edges(cleaning.bbox) if cleaning.bbox else (None, None, None, None)
    numbers = {
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "min_area": cleaning.min_area_m2,
        "max_area": cleaning.max_area_m2,
        "min_energy": cleaning.min_energy_j,
        "max_energy": cleaning.max_energy_j,
        "field_limit": FIELD_LIMIT_DEG,
        "static_min_groups": STATIC_MIN_GROUPS,
        "static_max_positions": STATIC_MAX_POSITIONS,
        "static_gap_us": STATIC_GAP_US,
    }
    for name, value in numbers.items():
        connection.execute(f"SET VARIABLE {name} = CAST(? AS DOUBLE)", [value])
    flags = sorted(cleaning.quality_flags or ())
    connection.execute("SET VARIABLE quality_flags = CAST(? AS UTINYINT[])", [flags])


def _granule_facts_sql() -> str:
    return f"""
        CREATE OR REPLACE TEMP TABLE granule_facts AS
        SELECT satellite, granule_start, subpoint_lon, has_groups IS NOT NULL AS has_groups
        FROM (
            SELECT satellite, granule_start, min(subpoint_lon) FILTER (isfinite(subpoint_lon)) AS subpoint_lon
            FROM granules WHERE {IN_SPAN} GROUP BY ALL
        ) FULL JOIN (
            SELECT DISTINCT satellite, granule_start, true AS has_groups FROM groups WHERE {IN_SPAN}
        ) USING (satellite, granule_start)"""


def _static_flashes_sql() -> str:
    flash = "satellite, granule_start, flash_id"
    # Gaps are computed only for the few flashes that the cheap parts of the rule leave.
    return f"""
        CREATE OR REPLACE TEMP TABLE static_flashes AS
        WITH positions AS (
            SELECT {flash}, count(*) AS n FROM groups WHERE {IN_SPAN} GROUP BY {flash}, group_lat, group_lon
        ), at_few_places AS (
            SELECT {flash} FROM positions GROUP BY ALL
            HAVING count(*) <= getvariable('static_max_positions')
                AND sum(n) >= getvariable('static_min_groups')
        ), gaps AS (
            SELECT {flash}, epoch_us(group_time) - lag(epoch_us(group_time)) OVER (
                PARTITION BY {flash} ORDER BY group_time) AS gap
            FROM (SELECT * FROM groups WHERE {IN_SPAN}) SEMI JOIN at_few_places USING ({flash})
        )
        SELECT {flash}, true AS is_static FROM gaps GROUP BY {flash}
        HAVING median(gap) < getvariable('static_gap_us')"""


def _judged_sql(cleaning: Cleaning) -> str:
    # Places that are not on the globe become NULL: cos fails on infinity, even for a row dropped before.
    rules = _rules(cleaning)
    reason = " ".join(f"WHEN {rules[name]} THEN '{name}'" for name in REASONS if name in rules)
    return f"""
        CREATE OR REPLACE TEMP VIEW judged AS
        SELECT * EXCLUDE (subpoint_lon, is_static, on_globe),
            subpoint_lon IS NOT NULL AS has_subpoint,
            CASE {reason} END AS reason
        FROM (
            SELECT * REPLACE (CASE WHEN on_globe THEN lat END AS lat, CASE WHEN on_globe THEN lon END AS lon)
            FROM ({_tier_sql(cleaning.tier)})
        )
        LEFT JOIN temp.granule_facts USING (satellite, granule_start)
        LEFT JOIN temp.static_flashes USING (satellite, granule_start, flash_id)"""


def _tier_sql(tier: str) -> str:
    """The rows of the span with the same columns for every tier."""
    table = TIER_TABLES[tier]
    first, last = _TIMES[tier]
    duration = f"(epoch_us({last}) - epoch_us({first})) / 1e6" if last else "NULL::DOUBLE"
    return f"""
        SELECT rowid AS place, satellite, granule_start, {table.key[-1]}::BIGINT AS id,
            flash_id::BIGINT AS flash_id, {first} AS time,
            {table.name_of("_lat")} AS lat, {table.name_of("_lon")} AS lon,
            {table.name_of("_energy")} AS energy_j, {_or_null(table, "_area", "DOUBLE")} AS area_m2,
            {duration} AS duration_s, {_or_null(table, "_quality_flag", "UTINYINT")} AS quality_flag,
            {on_globe_sql(table)} AS on_globe
        FROM {quoted(table.name)} WHERE {IN_SPAN}"""


def _or_null(table: Table, ending: str, kind: str) -> str:
    found = any(column.name.endswith(ending) for column in table.columns)
    return quoted(table.name_of(ending)) if found else f"NULL::{kind}"


def _rules(cleaning: Cleaning) -> dict[str, str]:
    """When each reason applies; only reasons the cleaning asks for."""
    central_cosine = "cos(radians(lat)) * cos(radians(lon - subpoint_lon))"
    rules = {
        "coordinates": "NOT on_globe",
        "out_of_field": f"{central_cosine} < cos(radians(getvariable('field_limit')))",
    }
    if cleaning.drop_artifacts:
        rules["static_pixel"] = "is_static"
    if cleaning.quality_flags is not None:
        rules["quality_flag"] = "list_contains(getvariable('quality_flags'), quality_flag) IS NOT TRUE"
    if cleaning.bbox is not None:
        rules["outside_box"] = f"NOT ({_box_sql(cleaning.bbox)})"
    if cleaning.require_energy:
        rules["no_energy"] = "isfinite(energy_j) IS NOT TRUE"
    if cleaning.require_area:
        rules["no_area"] = "isfinite(area_m2) IS NOT TRUE"
    limits = {
        "energy_limit": ("energy", "energy_j", cleaning.min_energy_j, cleaning.max_energy_j),
        "area_limit": ("area", "area_m2", cleaning.min_area_m2, cleaning.max_area_m2),
    }
    for reason, (name, column, least, largest) in limits.items():
        below = [f"{column} < getvariable('min_{name}')"] if least is not None else []
        above = [f"({column} <= getvariable('max_{name}')) IS NOT TRUE"] if largest is not None else []
        if below or above:
            rules[reason] = " OR ".join(below + above)
    return rules


def _box_sql(box: Box) -> str:
    west, _, east, _ = _edges(box)
    joined = "OR" if west > east else "AND"
    return (
        "lat BETWEEN getvariable('south') AND getvariable('north') "
        f"AND (lon >= getvariable('west') {joined} lon <= getvariable('east'))"
    )


def _edges(box: Box) -> Box:
    """The box with an eastern edge at 180 written as -180, which is how a row on that meridian is stored."""
    west, south, east, north = box
    return (west, south, -180.0 if east == 180 and west > -180 else east, north)


def _repeats_sql(
    name: str = "repeats", judged: str = "judged", which: str = "", counted: str = "true"
) -> str:
    # Hashes first: to sort all rows for the few that are equal takes twice the time and far more memory.
    return f"""
        CREATE OR REPLACE TEMP TABLE {name} AS
        WITH kept AS NOT MATERIALIZED (
            SELECT *, hash({SAME}) AS print FROM temp.{judged} WHERE reason IS NULL {which}
        ), repeated AS (
            SELECT place, {counted} AS is_counted FROM kept
            WHERE print IN (SELECT print FROM kept GROUP BY print HAVING count(*) > 1)
            QUALIFY row_number() OVER (PARTITION BY {SAME} ORDER BY granule_start, id, place) > 1
        )
        SELECT place FROM repeated WHERE is_counted"""
