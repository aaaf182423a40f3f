"""Generates schemas, API documents and reference pages from what the code declares: `make contracts`."""
