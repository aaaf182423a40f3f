"""How a service reaches its PostgreSQL schema. It may import `http` and the rooms below it."""
