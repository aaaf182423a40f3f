"""The beamcat that a command asks: which one is meant, its settings, and its services over HTTP."""
