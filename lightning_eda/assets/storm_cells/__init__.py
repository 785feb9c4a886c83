"""From the flashes of a day to storm cells: pairs as distance clustering reads them, and their clusters."""
