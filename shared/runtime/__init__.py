"""The basics of every process: settings, logs, metrics, retries. It may import `access` and the rooms below it."""
