"""A service as a process: stages, routes, start and stop. It may import every other room."""
