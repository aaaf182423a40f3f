"""How a service answers HTTP: limits, problems, routes. It may import `runtime` and the rooms below it."""
