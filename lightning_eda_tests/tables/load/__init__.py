"""What a load makes of a CSV, whole: the partition, its columns, and whatever goes wrong."""
