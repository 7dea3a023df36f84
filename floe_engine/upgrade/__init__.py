"""What changed between two artifacts, what it costs, and whom it hits."""
