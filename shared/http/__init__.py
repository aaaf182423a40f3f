"""The HTTP server of a service: limits, problems, routes. It may import `runtime` and the rooms below it."""
