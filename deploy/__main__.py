"""`python -m deploy` is the command `beamcat`."""

from deploy.program import main

main()
