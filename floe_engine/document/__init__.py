"""YAML text to values that know where they stand, and edits that keep the text as it was.

Knows YAML, nothing of floe's manifest.
"""
