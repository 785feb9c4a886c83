"""The overhead of Dagster: the lightning graph, and the same graph with empty assets."""
