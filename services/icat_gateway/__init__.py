"""STOMP -> icat_gateway -> dataset.submitted: a client written for ICAT talks to beamcat without a change."""
