"""What serves the benchmarks: granules, a slow network, CSVs, the memory of a process."""
