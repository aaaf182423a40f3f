"""A stage between two topics, and what runs it. It may import `kafka`, `postgres` and the rooms below them."""
