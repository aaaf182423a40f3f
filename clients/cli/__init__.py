"""The command `beamcat`: for people by default, for machines with `--json`, with exit codes that scripts can use."""
