"""Changing a granule's file in memory, as a hostile or careless author would."""

from collections.abc import Callable

import h5py
import numpy as np
from h5py import h5f


def edited(image: bytes, edit: Callable[[h5py.File], object]) -> bytes:
    """The bytes of the file after `edit` was given it open."""
    with h5py.File(h5f.open_file_image(image, h5f.FILE_IMAGE_OPEN_RW)) as file:
        edit(file)
        file.flush()
        return bytes(file.id.get_file_image())


def replaced(image: bytes, name: str, values: np.ndarray, **storage: object) -> bytes:
    """The file with one variable stored anew; its attributes stay."""

    def edit(file: h5py.File) -> None:
        attributes = {key: value for key, value in file[name].attrs.items() if key != "DIMENSION_LIST"}
        del file[name]
        file.create_dataset(name, data=values, **storage).attrs.update(attributes)

    return edited(image, edit)


def with_attribute(image: bytes, name: str, attribute: str, value: object) -> bytes:
    """The file with an attribute of a variable set; None removes it."""

    def edit(file: h5py.File) -> None:
        if attribute in file[name].attrs:
            del file[name].attrs[attribute]
        if value is not None:
            file[name].attrs[attribute] = value

    return edited(image, edit)


def stored_values(image: bytes, name: str) -> np.ndarray:
    """The values of a variable as they are on disk."""
    with h5py.File(h5f.open_file_image(image)) as file:
        values: np.ndarray = file[name][()]
        return values
