"""What happened in the last days, for watchers."""
