"""What every process has: settings, logs, metrics, retries. It may import `access` and the rooms below it."""
