"""Builders of what producers send, as plain functions."""
