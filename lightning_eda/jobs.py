"""The jobs: what schedules, sensors and people launch as one."""

import dagster as dg

ingest = dg.define_asset_job(
    "ingest",
    selection="group:ingestor",
    description="Fetches, decodes and loads the granules of an hour, or of a range of hours in one run.",
)

jobs = [ingest]
