"""Builders of what producers send: plain functions, no magic."""
