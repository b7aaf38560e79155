"""The lab: what a visitor chose, and how it travels."""
