"""The commands of `beamcat` that speak HTTP. `deploy/program.py` registers them beside the others.

The rooms import only downwards: commands, backfill, rejections, submissions, catalogue, connection, terminal.
"""
