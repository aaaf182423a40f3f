"""Shipments to beamlines: what clients declare is published as events and shown in ICAT+'s form."""
