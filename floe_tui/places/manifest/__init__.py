"""Manifest: the editor, what is wrong with its text, and what comes of it."""
