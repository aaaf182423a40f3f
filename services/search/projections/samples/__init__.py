"""Every sample, and the container in which it was measured."""
