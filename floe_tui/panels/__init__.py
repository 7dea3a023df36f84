"""The boxes over a place: questions, choices, help, and what went wrong."""
