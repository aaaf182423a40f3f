"""Datasets that are submitted: read from files, sent to the gateway, and followed to their final state."""
