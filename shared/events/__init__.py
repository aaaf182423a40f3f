"""What flows: events by family, topics, identities, codes, the wire format. It may import `foundation`."""
