"""The investigations: which one a dataset belongs to, and what moves when that changes."""
