"""Held submissions: how many may wait, for how long, and how they end."""
