"""What the catalogue says of an asset besides its description: owner, system, links, columns with units."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import dagster as dg

from lightning_eda.series import Column, Table

OWNERS: Final = ("team:lightning",)
LIGHTNING: Final = MappingProxyType({"system": "lightning", "product": "GLM-L2-LCFA"})
DISTANCES: Final = MappingProxyType({"system": "distance_clustering"})
S3_TABLES: Final = MappingProxyType({"system": "s3_tables"})
LIGHTNING_LINKS: Final = MappingProxyType(
    {
        "lightning_from_space": "https://www.goes-r.gov/products/baseline-lightning-detection.html",
        "granules": "https://registry.opendata.aws/noaa-goes/",
    }
)
DISTANCES_LINKS: Final = MappingProxyType(
    {"dbscan": "https://scikit-learn.org/stable/modules/clustering.html#dbscan"}
)
S3_TABLES_LINKS: Final = MappingProxyType(
    {"partitions_in_glue": "https://docs.aws.amazon.com/athena/latest/ug/partitions.html"}
)
FLASH_PAIRS: Final = Table(
    "flash_pairs",
    "Two flashes of a day that are near each other; the file has no header.",
    ("first_item", "second_item"),
    (
        Column("first_item", "VARCHAR", "A flash, such as G18_20241001T001020.2_12345"),
        Column("second_item", "VARCHAR", "The other"),
        Column("km", "DOUBLE", "Great-circle distance", "km"),
    ),
)
DISTANCE_PAIRS: Final = Table(
    "pairs",
    "Two items of a day and how far apart they are, i < j.",
    ("i", "j"),
    (
        Column("i", "INTEGER", "Place of an item in the table of items"),
        Column("j", "INTEGER", "Place of the other"),
        Column("distance", "DOUBLE", "The smallest that was given", "as given"),
    ),
)
DISTANCE_ITEMS: Final = Table(
    "items",
    "An item of a day, in the order of the rows.",
    ("item",),
    (Column("item", "VARCHAR", "As given; BIGINT with CONVERT_KEY_TO_INT=true"),),
)


def about(
    *tables: Table, without: tuple[str, ...] = (), links: Mapping[str, str] = LIGHTNING_LINKS
) -> Mapping[str, dg.MetadataValue]:
    """Metadata of an asset's definition: where to read more, and the columns of the tables it writes.

    Args:
        tables: What it writes. The columns of the first are shown on its page, those of the others on a
            click, so that what a run reports stays in sight.
        without: Names of columns that are not in it.
        links: What to read, by name.
    """
    metadata: dict[str, dg.MetadataValue] = {
        **{name: dg.MetadataValue.url(address) for name, address in links.items()},
        "files_and_tables": dg.MetadataValue.text("described in docs/data.md of the project"),
    }
    for number, table in enumerate(tables):
        name = f"columns_of_{table.name}" if number else "dagster/column_schema"
        metadata[name] = dg.MetadataValue.table_schema(_schema(table, without))
    return metadata


def _schema(table: Table, without: tuple[str, ...]) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[_column(column) for column in table.columns if column.name not in without],
        constraints=dg.TableConstraints(other=[f"one row for each {', '.join(table.key)}"]),
    )


def _column(column: Column) -> dg.TableColumn:
    """A column as the UI draws it, its unit after the description."""
    unit = f" [{column.unit}]" if column.unit else ""
    return dg.TableColumn(
        column.name,
        type=column.type,
        description=f"{column.description}{unit}",
        constraints=dg.TableColumnConstraints(nullable=column.nullable),
    )
