"""Attacks over loopback on a running beamcat. Whatever a stranger does, the service of its neighbours continues."""
