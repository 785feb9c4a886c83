"""Global attributes, scalars and containers of a granule; companion of `template`.

Source: as for `template`. Free text is our own and says that the file is simulated.
"""

import numpy as np

from lightning_eda.glm.hdf5.limits import MAX_ROWS
from lightning_eda.glm.origin import SIMULATED
from lightning_eda.simulator.eras import Era, Satellite
from lightning_eda.simulator.granule.template import Attribute, Attributes, DiskVariable, Value, float32

SMALL_DIMENSIONS = {
    "number_of_time_bounds": 2,
    "number_of_field_of_view_bounds": 2,
    "number_of_wavelength_bounds": 2,
}
_PLACE = "lightning_wavelength product_time lat_field_of_view lon_field_of_view"
_SUM_OVER_PLACE = "lightning_wavelength: sum product_time: sum area: sum"
_NORTH: Attributes = {"standard_name": "latitude", "units": "degrees_north", "axis": "Y"}
_EAST: Attributes = {"standard_name": "longitude", "units": "degrees_east", "axis": "X"}


def global_attributes(era: Era, satellite: Satellite, changing: dict[str, str]) -> Attributes:
    """The global attributes, in file order.

    Args:
        era: The format; the older ones lack Conventions and LUT_Filenames.
        satellite: The platform.
        changing: dataset_name, date_created, time_coverage_start, time_coverage_end and id of the granule.
    """
    attributes = {
        "production_site": satellite.site,
        "featureType": "point",
        "dataset_name": changing["dataset_name"],
        "naming_authority": "gov.nesdis.noaa",
        "Conventions": "CF-1.7",
        "institution": f"{SIMULATED}; in the form of files of NOAA/NESDIS",
        "project": "GOES",
        "iso_series_metadata_id": "f5816f53-fd6d-11e3-a3ac-0800200c9a66",
        "Metadata_Conventions": "Unidata Dataset Discovery v1.0",
        "keywords_vocabulary": "GCMD Earth Science Keywords",
        "standard_name_vocabulary": "CF Standard Name Table",
        "title": "Simulated GLM L2 lightning: events, groups and flashes",
        "summary": "Lightning drawn at random from storms that never were, in the format of the GLM level 2 "
        "product. Events are lit pixels of one 2 ms frame, groups are neighbouring events, flashes are "
        "groups close in time and place.",
        "license": "Simulated data; free to use",
        "keywords": "LIGHTNING, SIMULATION",
        "cdm_data_type": "Point",
        "processing_level": "L2",
        "orbital_slot": satellite.slot,
        "platform_ID": satellite.name,
        "instrument_ID": satellite.instrument,
        "instrument_type": "GOES-R Series Geostationary Lightning Mapper (GLM), simulated",
        "spatial_resolution": "8km at nadir",
        "date_created": changing["date_created"],
        "time_coverage_start": changing["time_coverage_start"],
        "time_coverage_end": changing["time_coverage_end"],
        "production_data_source": SIMULATED,
        "production_environment": "OE",
        "LUT_Filenames": "none",
        "id": changing["id"],
    }
    if not era.complete_attributes:
        del attributes["Conventions"], attributes["LUT_Filenames"]
    return attributes


def header_variables(era: Era, satellite: Satellite, changing: dict[str, str]) -> list[DiskVariable]:
    """The variables that are not rows, in file order.

    Args:
        era: The format.
        satellite: Gives subpoint and field of view.
        changing: input_GLM_L0_data of the granule.
    """
    return [*_times_and_thresholds(), *_field_of_view_lat(satellite), _projection(), *_counts(),
            _navigated(), _yaw(era, satellite), *_subpoint(satellite), *_field_of_view_lon(satellite),
            _lost(), *_containers(era, satellite, changing["input_GLM_L0_data"])]  # fmt: skip


def _scalar(
    name: str, dtype: str, value: Value = None, fill: float | None = None, **attributes: Attribute
) -> DiskVariable:
    return DiskVariable(name, dtype, None, attributes, fill, value)


def _pair(name: str, dtype: str, dimension: str, value: Value, text: str) -> DiskVariable:
    return DiskVariable(name, dtype, dimension, {"long_name": text}, None, value)


def _times_and_thresholds() -> list[DiskVariable]:
    wavelength: Attributes = {"standard_name": "sensor_band_central_radiation_wavelength", "units": "nm"}
    return [
        _scalar(
            "product_time", "<f8", long_name="start of the granule", standard_name="time",
            units="seconds since 2000-01-01 12:00:00", axis="T", bounds="product_time_bounds",
        ),
        _pair("product_time_bounds", "<f8", "number_of_time_bounds", None, "start and end of the granule"),
        _scalar(
            "lightning_wavelength", "<f4", 777.37, long_name="central wavelength", **wavelength,
            bounds="lightning_wavelength_bounds",
        ),
        _pair(
            "lightning_wavelength_bounds", "<f4", "number_of_wavelength_bounds", [776.87, 777.87],
            "width of the band at half its height",
        ),
        _scalar("group_time_threshold", "<f4", 0.0, long_name="longest gap in a group", units="s"),
        # As in every real file; there too, flashes close ten times sooner (`flashes.CLOSING_S`).
        _scalar("flash_time_threshold", "<f4", 3.33, long_name="longest gap in a flash", units="s"),
    ]  # fmt: skip


def _field_of_view_lat(satellite: Satellite) -> list[DiskVariable]:
    half = satellite.field_half_lat
    return [
        _scalar(
            "lat_field_of_view", "<f4", 0.0, long_name="latitude of the centre of the field of view",
            **_NORTH, bounds="lat_field_of_view_bounds",
        ),
        _pair(
            "lat_field_of_view_bounds", "<f4", "number_of_field_of_view_bounds", [half, -half],
            "north and south edge of the field of view",
        ),
    ]  # fmt: skip


def _field_of_view_lon(satellite: Satellite) -> list[DiskVariable]:
    return [
        _scalar(
            "lon_field_of_view", "<f4", satellite.field_lon,
            long_name="longitude of the centre of the field of view", **_EAST,
            bounds="lon_field_of_view_bounds",
        ),
        _pair(
            "lon_field_of_view_bounds", "<f4", "number_of_field_of_view_bounds",
            list(satellite.field_lon_edges),
            "west and east edge of the field of view",
        ),
    ]  # fmt: skip


def _projection() -> DiskVariable:
    return _scalar(
        "goes_lat_lon_projection", "<i4", long_name="projection of latitudes and longitudes",
        grid_mapping_name="latitude_longitude",
        semi_major_axis=np.array([6378137.0]), semi_minor_axis=np.array([6356752.31414]),
        inverse_flattening=np.array([298.2572221]), longitude_of_prime_meridian=np.array([0.0]),
    )  # fmt: skip


def _counts() -> list[DiskVariable]:
    return [
        _scalar(
            f"{tier}_count", "<i4", fill=-1, long_name=f"number of {plural} in the granule",
            valid_range=np.array([1, MAX_ROWS], "<i4"), units="count", coordinates=_PLACE,
            grid_mapping="goes_lat_lon_projection", cell_methods=f"{_SUM_OVER_PLACE} where cloud",
        )
        for tier, plural in (("event", "events"), ("group", "groups"), ("flash", "flashes"))
    ]  # fmt: skip


def _navigated() -> DiskVariable:
    return _scalar(
        "percent_navigated_L1b_events", "<f4", 1.0, fill=-999.0, long_name="share of events with a place",
        valid_range=float32(0.0, 1.0), units="percent", coordinates=_PLACE,
        grid_mapping="goes_lat_lon_projection", cell_methods=f"{_SUM_OVER_PLACE} where cloud",
    )  # fmt: skip


def _lost() -> DiskVariable:
    return _scalar(
        "percent_uncorrectable_L0_errors", "<f4", 0.0, fill=-999.0, long_name="share of data lost on the way",
        valid_range=float32(0.0, 1.0), units="percent",
        coordinates=_PLACE.removeprefix("lightning_wavelength "),
        grid_mapping="goes_lat_lon_projection", cell_methods="product_time: sum area: sum",
    )  # fmt: skip


def _yaw(era: Era, satellite: Satellite) -> DiskVariable:
    """The yaw flip flag; in 2018 it had two values and was never set."""
    values, meanings = [0, 1, 2], "upright neither inverted"
    value = 2 if satellite.name in ("G17", "G19") else 0
    if not era.complete_attributes:
        values, meanings, value = [0, 1], "false true", -1
    return _scalar(
        "yaw_flip_flag", "i1", value, fill=-1, long_name="whether the spacecraft flies turned by half a turn",
        _Unsigned="true", valid_range=np.array([values[0], values[-1]], "i1"), units="1",
        coordinates="product_time", cell_methods="product_time: sum",
        flag_values=np.array(values, "i1"), flag_meanings=meanings,
    )  # fmt: skip


def _subpoint(satellite: Satellite) -> list[DiskVariable]:
    return [
        _scalar(
            "nominal_satellite_subpoint_lat", "<f4", 0.0, -999.0, units="degrees_north",
            long_name="latitude below the satellite", standard_name="latitude",
        ),
        _scalar(
            "nominal_satellite_height", "<f4", 35786.023, -999.0, units="km",
            long_name="height of the satellite", standard_name="height_above_reference_ellipsoid",
        ),
        _scalar(
            "nominal_satellite_subpoint_lon", "<f4", satellite.subpoint_lon, -999.0, units="degrees_east",
            long_name="longitude below the satellite", standard_name="longitude",
        ),
    ]  # fmt: skip


def _containers(era: Era, satellite: Satellite, level0_name: str) -> list[DiskVariable]:
    parameters = f"OR-PARM-LCFA_{satellite.name}_v01r00.zip"
    if not era.complete_attributes:
        parameters = "OR_GLM-L1b-PARM_v01r00.zip"
    return [
        _scalar(
            "algorithm_dynamic_input_data_container", "<i4", long_name="names of the input files",
            input_GLM_L0_data=level0_name, input_GLM_L1b_data="null",
        ),
        _scalar(
            "processing_parm_version_container", "<i4", long_name="names of the parameter files",
            L1b_processing_parm_version=parameters,
        ),
        _scalar(
            "algorithm_product_version_container", "<i4", long_name="version of the algorithm and product",
            algorithm_version="OR_GLM-L2-ALG-LCFA_v01r00.zip", product_version="v01r00",
        ),
    ]  # fmt: skip
