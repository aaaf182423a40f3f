"""The activity of the last days, for watchers."""
