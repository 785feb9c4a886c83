"""What the checks of the assets say."""
