"""A service as a process: stages, routes, life. It may import every other room."""
