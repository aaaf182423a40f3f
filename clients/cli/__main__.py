"""`python -m clients.cli` is the command `beamcat`."""

from clients.cli.app import main

main()
