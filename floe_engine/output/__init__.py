"""Findings, test runs and changes in the formats that people and machines read, one file a format."""
