"""The access of a service to its PostgreSQL schema. It may import `http` and the rooms below it."""
