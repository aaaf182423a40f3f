"""Events by family, topics, identities, rejection codes and the wire format. It may import `foundation`."""
