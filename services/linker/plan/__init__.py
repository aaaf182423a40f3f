"""Investigations: which one a dataset belongs to, and which datasets move when the plan changes."""
