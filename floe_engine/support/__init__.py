"""For whoever asks: is all as it should be, what is set and why, and what does a word mean."""
