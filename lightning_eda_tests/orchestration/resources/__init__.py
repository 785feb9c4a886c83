"""The resources that assets are given."""
