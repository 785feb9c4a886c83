"""What goes wrong with files on the way, or by malice: from the bytes of a granule to damaged bytes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import h5py

Damage = Callable[[bytes, np.random.Generator], bytes]

HTML_BODY = b"<html><head><title>503</title></head><body>Please reduce your request rate.</body></html>\n"
STOLEN_FILE = "/etc/passwd"  # what a file with external storage makes readers hand out


def truncated(image: bytes, rng: np.random.Generator) -> bytes:
    """The first part of the file."""
    return image[: int(len(image) * rng.uniform(0.2, 0.95))]


def byte_flip(image: bytes, rng: np.random.Generator) -> bytes:
    """One byte, anywhere, is another one; this may or may not be seen by a reader."""
    place = int(rng.integers(len(image)))
    return image[:place] + bytes([image[place] ^ int(rng.integers(1, 256))]) + image[place + 1 :]


def zeroed_block(image: bytes, rng: np.random.Generator) -> bytes:
    """4096 bytes, anywhere, are zero."""
    place = int(rng.integers(max(1, len(image) - 4096)))
    return image[:place] + bytes(min(4096, len(image) - place)) + image[place + 4096 :]


def zero_bytes(_image: bytes, _rng: np.random.Generator) -> bytes:
    """A file without content."""
    return b""


def html_body(_image: bytes, _rng: np.random.Generator) -> bytes:
    """An error page stored under the granule's name."""
    return HTML_BODY


def trailing_junk(image: bytes, rng: np.random.Generator) -> bytes:
    """Bytes after the end; HDF5 does not notice."""
    return image + rng.bytes(1000)


def leading_junk(image: bytes, rng: np.random.Generator) -> bytes:
    """512 bytes before the signature; HDF5 takes them for a user block."""
    return rng.bytes(512) + image


def two_files(image: bytes, _rng: np.random.Generator) -> bytes:
    """The file twice, one after the other."""
    return image + image


def wrong_dtype(image: bytes, _rng: np.random.Generator) -> bytes:
    """event_lat is float32 and flash_id int32."""

    def edit(file: "h5py.File") -> None:
        _retype(file, "event_lat", "<f4")
        _retype(file, "flash_id", "<i4")

    return _edited(image, edit)


def external_storage(image: bytes, _rng: np.random.Generator) -> bytes:
    """The values of event_energy lie in another file of the reader's machine."""

    def edit(file: "h5py.File") -> None:
        rows = len(file["event_energy"])
        attributes = _taken(file, "event_energy")
        file.create_dataset(
            "event_energy", (rows,), "<i2", external=[(STOLEN_FILE, 0, 2 * max(rows, 1))]
        ).attrs.update(attributes)

    return _edited(image, edit)


def two_dimensional(image: bytes, _rng: np.random.Generator) -> bytes:
    """flash_lat has two dimensions."""

    def edit(file: "h5py.File") -> None:
        values = file["flash_lat"][()]
        attributes = _taken(file, "flash_lat")
        file.create_dataset("flash_lat", data=np.stack([values, values], axis=1)).attrs.update(attributes)

    return _edited(image, edit)


def short_array(image: bytes, _rng: np.random.Generator) -> bytes:
    """flash_energy has a row less than the other variables of flashes."""
    return _edited(image, lambda file: file["flash_energy"].resize((max(len(file["flash_energy"]) - 1, 0),)))


def missing_variable(image: bytes, _rng: np.random.Generator) -> bytes:
    """There is no event_lon."""
    return _edited(image, lambda file: file.__delitem__("event_lon"))


def no_global_attributes(image: bytes, _rng: np.random.Generator) -> bytes:
    """The file does not say what it is."""
    return _edited(image, lambda file: [file.attrs.__delitem__(name) for name in list(file.attrs)])


def scale_zero(image: bytes, _rng: np.random.Generator) -> bytes:
    """The scale of event_lat is 0."""
    return _edited(image, lambda file: file["event_lat"].attrs.modify("scale_factor", np.zeros(1, "<f4")))


def scale_nan(image: bytes, _rng: np.random.Generator) -> bytes:
    """The scale of flash_energy is NaN."""
    nan = np.full(1, np.nan, "<f4")
    return _edited(image, lambda file: file["flash_energy"].attrs.modify("scale_factor", nan))


def scale_missing(image: bytes, _rng: np.random.Generator) -> bytes:
    """event_lon has no scale_factor."""
    return _edited(image, lambda file: file["event_lon"].attrs.__delitem__("scale_factor"))


def units_garbage(image: bytes, _rng: np.random.Generator) -> bytes:
    """The units of every time are no units of time."""

    def edit(file: "h5py.File") -> None:
        for name in file:
            if "time_offset" in name:
                file[name].attrs["units"] = np.bytes_("fortnights since the flood")

    return _edited(image, edit)


def _edited(image: bytes, edit: Callable[["h5py.File"], object]) -> bytes:
    """The image after `edit` was given it as an open h5py file."""
    from h5py import File, h5f

    with File(h5f.open_file_image(image, h5f.FILE_IMAGE_OPEN_RW)) as file:
        edit(file)
        file.flush()
        return bytes(file.id.get_file_image())


def _taken(file: "h5py.File", name: str) -> dict[str, Any]:
    """Removes a variable and returns its plain attributes."""
    attributes = {key: value for key, value in file[name].attrs.items() if key != "DIMENSION_LIST"}
    del file[name]
    return attributes


def _retype(file: "h5py.File", name: str, dtype: str) -> None:
    """Stores a variable in another type."""
    values, chunks = file[name][()].astype(dtype), file[name].chunks
    attributes = _taken(file, name)
    file.create_dataset(name, data=values, chunks=chunks, maxshape=(None,)).attrs.update(attributes)
