"""The mechanisms: each a list of steps, as data."""
