"""Rejected events, as a person corrects them and sends them again."""
