"""The ingestor's assets, and what they do where there is nothing to ingest."""
