"""The assets that read the rows of a window: clustering, evaluators and maps."""
