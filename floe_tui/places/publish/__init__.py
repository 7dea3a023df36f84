"""Publish: what would happen, and doing it."""
