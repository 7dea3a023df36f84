"""What house rules are asked about, as facts: one file a kind of subject."""
