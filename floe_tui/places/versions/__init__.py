"""Versions: two of them beside each other."""
