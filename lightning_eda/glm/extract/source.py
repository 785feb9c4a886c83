"""The granules of one hour: which they are, and how they come to the extract folder.

A granule is verified (length, MD5 when the listing states one, HDF5 signature) before an atomic rename gives
it its name, so a file under a granule's name is whole. Running it again only reads what is new or damaged.
"""

import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime

from lightning_eda.errors import GranuleNameError, TransferError
from lightning_eda.glm.extract.fetch import REASON_SUFFIX, Fetcher, Outcome, file_name
from lightning_eda.glm.extract.record import (
    Extraction,
    FetchedGranule,
    known_granules,
    read_extraction,
    write_extraction,
)
from lightning_eda.glm.names import NAME_PATTERN, PRODUCT, GranuleName, hour_prefix
from lightning_eda.glm.paths import HourFolders
from lightning_eda.glm.windows import floor_hour
from lightning_eda.storage.atomic import remove_file, remove_litter, storage_error
from lightning_eda.storage.backoff import Backoff
from lightning_eda.storage.object_store import ObjectInfo, ObjectStore

__all__ = ["Choice", "Extraction", "FetchedGranule", "choose", "fetch_hour", "read_extraction"]

CONCURRENCY = 16
FAILURES_NAMED = 5
OWN_FILE = re.compile(rf"(?:{NAME_PATTERN.pattern})(?:{re.escape(REASON_SUFFIX)})?")

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Choice:
    """Which listed objects are the hour's granules.

    Attributes:
        objects: In name order, one per satellite and start.
        unrecognised: How many are no granule of the hour.
        superseded: How many lost to a newer file of the same satellite and start.
    """

    objects: tuple[ObjectInfo, ...]
    unrecognised: int
    superseded: int


def choose(listing: Iterable[ObjectInfo], prefix: str, hour: datetime) -> Choice:
    """The granules that start in an hour; the newest creation wins per satellite and start.

    Args:
        listing: What lies under the prefix.
        prefix: The hour's prefix; a granule lies right under it.
        hour: Start of the hour, UTC.
    """
    newest: dict[tuple[str, datetime], tuple[GranuleName, ObjectInfo]] = {}
    unrecognised = recognised = 0
    for info in listing:
        if info.key == prefix:
            continue  # the empty object that some tools make to show a folder
        try:
            name = GranuleName.parse(info.key.removeprefix(prefix))
        except GranuleNameError:
            unrecognised += 1
            continue
        if floor_hour(name.start) != hour:
            unrecognised += 1
            continue
        recognised += 1
        rival = newest.get((name.satellite, name.start))
        if rival is None or (name.created, name.end) > (rival[0].created, rival[0].end):
            newest[name.satellite, name.start] = (name, info)
    objects = tuple(info for _, info in sorted(newest.values(), key=lambda pair: pair[1].key))
    return Choice(objects, unrecognised, recognised - len(objects))


def fetch_hour(
    store: ObjectStore,
    folders: HourFolders,
    product: str = PRODUCT,
    concurrency: int = CONCURRENCY,
    progress: Progress | None = None,
    backoff: Backoff | None = None,
) -> Extraction:
    """Brings the extract folder of an hour up to date with the store, and records it in extract.json.

    Args:
        store: Where the objects are.
        folders: The hour, and where its files go.
        product: First part of the keys.
        concurrency: Granules fetched at once.
        progress: Called with (done, total) after each granule, in the caller's thread.
        backoff: Tries and pauses for bodies that differ from the listing.

    Returns:
        What was found; an hour without any object is an Extraction with `found` 0.

    Raises:
        BucketNotFoundError: There is no such bucket or root folder.
        AccessDeniedError: The store does not let it be read.
        TransferError: Some objects kept failing; all others are in place and will not be fetched again.
        StorageError: The data folder cannot be written.
    """
    asked_before = store.request_count
    prefix = hour_prefix(folders.hour, product)
    choice = choose(store.list_objects(prefix), prefix, folders.hour)
    fetcher = Fetcher(store, folders, known_granules(folders), backoff or Backoff())
    outcomes, failures = _settle_all(fetcher, choice.objects, concurrency, progress)
    granules = sorted((o.granule for o in outcomes if o.granule is not None), key=lambda g: g.file)
    sizes = [o.bytes_fetched for o in outcomes if o.granule is not None and o.bytes_fetched is not None]
    extraction = Extraction(
        folders=folders,
        store=store.describe(),
        granules=tuple(granules),
        unrecognised=choice.unrecognised,
        superseded=choice.superseded,
        vanished=sum(o.granule is None for o in outcomes),
        fetched=len(sizes),
        bytes_fetched=sum(sizes),
        source_known=bool(choice.objects) or store.has_folder(f"{product}/"),
        requests=store.request_count - asked_before,
    )
    write_extraction(extraction, complete=not failures)
    if failures:
        raise _failed(store, failures, len(choice.objects))
    if extraction.source_known:
        _prune(extraction)  # after the record, so that no record names a file that is gone
    return extraction


def list_hour(store: ObjectStore, folders: HourFolders, product: str = PRODUCT) -> Extraction:
    """What an hour has in the store, recorded without fetching it: the workers of a cluster will.

    Raises:
        BucketNotFoundError: There is no such bucket or root folder.
        AccessDeniedError: The store does not let it be read.
        TransferError: It kept failing after every retry.
        StorageError: The data folder cannot be written.
    """
    asked_before = store.request_count
    prefix = hour_prefix(folders.hour, product)
    choice = choose(store.list_objects(prefix), prefix, folders.hour)
    granules = [
        FetchedGranule(file_name(one.key), one.key, one.size, one.etag, md5="") for one in choice.objects
    ]
    extraction = Extraction(
        folders=folders,
        store=store.describe(),
        granules=tuple(granules),
        unrecognised=choice.unrecognised,
        superseded=choice.superseded,
        source_known=bool(choice.objects) or store.has_folder(f"{product}/"),
        requests=store.request_count - asked_before,
    )
    write_extraction(extraction, complete=not granules)
    return extraction


def _settle_all(
    fetcher: Fetcher, objects: tuple[ObjectInfo, ...], concurrency: int, progress: Progress | None
) -> tuple[list[Outcome], dict[str, TransferError]]:
    """What became of all objects, and the failures by key; any error but TransferError stops the rest."""
    outcomes: list[Outcome] = []
    failures: dict[str, TransferError] = {}
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="fetch")
    try:
        waiting = {pool.submit(fetcher.settle, info): info.key for info in objects}
        for done, future in enumerate(as_completed(waiting), start=1):
            try:
                outcomes.append(future.result())
            except TransferError as error:
                failures[waiting[future]] = error
            if progress is not None:
                progress(done, len(objects))
    finally:
        pool.shutdown(cancel_futures=True)
    return outcomes, failures


def _failed(store: ObjectStore, failures: dict[str, TransferError], total: int) -> TransferError:
    keys = sorted(failures)
    named = ", ".join(file_name(key) for key in keys[:FAILURES_NAMED])
    more = f" and {len(keys) - FAILURES_NAMED} more" if len(keys) > FAILURES_NAMED else ""
    return TransferError(
        f"{len(keys)} of {total} granules could not be fetched from {store.describe()}: {named}{more}. "
        f"First failure: {failures[keys[0]]}. The others are in place: running it again fetches only these."
    )


def _prune(extraction: Extraction) -> None:
    """Removes the files of granules that are the hour's no more, and what killed runs left; nothing else."""
    folders = extraction.folders
    good = {granule.file for granule in extraction.granules if granule.rejected is None}
    every = {granule.file for granule in extraction.granules}
    for folder, keep in ((folders.extract, good), (folders.quarantine, every)):
        if not folder.is_dir():
            continue
        try:
            files = [path for path in folder.iterdir() if OWN_FILE.fullmatch(path.name)]
        except OSError as error:
            raise storage_error(folder, error) from error
        for path in files:
            if path.name.removesuffix(REASON_SUFFIX) not in keep:
                remove_file(path)
        remove_litter(folder)
