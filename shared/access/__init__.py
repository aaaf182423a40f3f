"""Tokens, permissions and limits for each producer. It may import `foundation` and `events`."""
