"""STOMP -> icat_gateway -> dataset.submitted: whoever speaks to ICAT speaks to beamcat, unchanged."""
