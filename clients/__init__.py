"""How people and programs reach beamcat: the command line here, the Python client in `clients/python`."""
