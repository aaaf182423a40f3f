"""Every rejected record, with its bytes."""
