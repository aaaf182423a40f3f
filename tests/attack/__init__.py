"""Attacks over loopback on a running beamcat: whatever a stranger does, its neighbours keep their service."""
