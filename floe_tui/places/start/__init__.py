"""Start: where one is before there is any work."""
