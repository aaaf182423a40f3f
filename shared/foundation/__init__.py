"""Errors, texts, times and other basics that do not depend on beamcat. It may import nothing of the project."""
