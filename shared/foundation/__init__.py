"""Errors and texts that know nothing of beamcat. It may import nothing of the project."""
