"""Old rows, a CSV with new ones, and a reader who looks on."""

import io
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pyarrow.parquet as pq

from lightning_eda.errors import LightningEdaError
from lightning_eda_tests.servers.s3 import Faults, FaultyProxy
from lightning_eda_tests.tables.world import DAY, PATH, TABLE, World

OLD = Counter(old=2)
NEW = Counter(new=3)
OLD_CSV = "id,name\n1,old\n2,old\n"
NEW_CSV = "id,name\n1,new\n2,new\n3,new\n"
WIDER_CSV = "id,name,extra\n1,new,x\n2,new,y\n3,new,z\n"
PARTITION = f"{PATH}day={DAY}/"
SAVED = "saved/"
SCENES = {"first": "", "again": NEW_CSV, "wider": WIDER_CSV}


def given(found: dict[str, Any], *names: str) -> dict[str, Any]:
    """What the catalogue was given of an entry, to give it again."""
    return {name: found[name] for name in (*names, "StorageDescriptor", "Parameters") if name in found}


@dataclass
class Scene:
    """A partition with old rows (or none), a CSV with new ones, and a proxy before the server.

    Attributes:
        world: The bucket and the catalogue.
        proxy: In front of the server.
        name: "first" where there is nothing yet, "again", or "wider" where the new CSV has one more column.
    """

    world: World
    proxy: FaultyProxy
    name: str
    looks: int = 0
    known: dict[str, Counter[str]] = field(default_factory=dict)
    saved: dict[str, Any] = field(default_factory=dict)

    def reset(self) -> None:
        """Old rows, and the new CSV waiting."""
        self.proxy.faults, self.proxy.after, self.proxy.before = Faults(), None, None
        for key in self.world.keys("in/") + self.world.keys():
            self.world.bucket.delete(key)
        with suppress(self.world.glue.exceptions.EntityNotFoundException):
            self.world.glue.delete_table(DatabaseName=self.world.database, Name=TABLE)
        if self.name != "first":
            self.put_old_rows()
        self.world.put_csv(SCENES[self.name] or NEW_CSV)
        self.proxy.forget()

    def put_old_rows(self) -> None:
        """What a load leaves: the first time by one, then copied, as a load is some thirty requests."""
        glue, table = self.world.glue, {"DatabaseName": self.world.database}
        if not self.saved:
            self.world.put_csv(OLD_CSV)
            self.world.load()
            self.copy(self.world.keys(), "", SAVED)
            self.saved["table"] = glue.get_table(Name=TABLE, **table)["Table"]
            self.saved["partitions"] = glue.get_partitions(TableName=TABLE, **table)["Partitions"]
            return
        self.copy(self.world.keys(SAVED), SAVED, "")
        glue.create_table(
            TableInput=given(self.saved["table"], "Name", "PartitionKeys", "TableType"), **table
        )
        partitions = [given(one, "Values") for one in self.saved["partitions"]]
        glue.batch_create_partition(TableName=TABLE, PartitionInputList=partitions, **table)

    def copy(self, keys: list[str], prefix: str, instead: str) -> None:
        """Copies objects, with their metadata, to keys with another prefix."""
        name = self.world.bucket.name
        for key in keys:
            source = {"Bucket": name, "Key": key}
            target = instead + key.removeprefix(prefix)
            self.world.bucket.client.copy_object(Bucket=name, Key=target, CopySource=source)

    def rows(self, prefix: str = PARTITION) -> Counter[str]:
        """Names in the rows of the objects under a prefix; an object never changes under its key."""
        found: Counter[str] = Counter()
        for key in self.world.keys(prefix):
            if key not in self.known:
                names = pq.read_table(io.BytesIO(self.world.read(key)))["name"].to_pylist()
                self.known[key] = Counter(names)
            found += self.known[key]
        return found

    def glue_rows(self) -> Counter[str]:
        """The same at the locations of the catalogue's partitions."""
        try:
            places = self.world.partitions().values()
        except self.world.glue.exceptions.EntityNotFoundException:
            return Counter()
        return sum((self.rows(place.split("/", 3)[3]) for place in places), Counter())

    def look(self, _: str = "") -> None:
        """What a reader finds now: all old rows, all new ones, or for a moment both; never none."""
        self.looks += 1
        allowed = [NEW, Counter(), NEW] if self.name == "first" else [OLD, NEW, OLD + NEW]
        assert self.rows() in allowed
        assert self.glue_rows() in allowed

    def try_load(self) -> LightningEdaError | None:
        """A load with a reader looking on; its error."""
        seen: list[AssertionError] = []

        def after(_: str) -> None:
            try:
                self.look()
            except AssertionError as error:
                seen.append(error)

        self.proxy.after = after
        try:
            self.world.load()
            error = None
        except LightningEdaError as raised:
            error = raised
        self.proxy.after = None
        if seen:
            raise seen[0]
        self.look()
        return error

    def check_repaired(self) -> None:
        """The next run, without faults, leaves exactly the new rows, in both readers' eyes."""
        self.proxy.faults = Faults()
        result = self.world.load()
        assert self.rows() == NEW
        assert self.glue_rows() == NEW
        assert len(self.world.keys(PARTITION)) == 1
        assert result.rows == 3
        assert ("extra" in self.world.columns()) == (self.name == "wider")
        assert list(self.world.scratch.iterdir()) == []
