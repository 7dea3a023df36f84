"""Registry: the versions that there are."""
