"""Stages between two topics, and their runner. It may import `kafka`, `postgres` and the rooms below them."""
