"""How people and programs reach beamcat: the command line, importers of files, and the Python client in `python/`."""
