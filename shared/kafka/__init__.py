"""How a service reaches Kafka: reading, publishing, positions. It may import `http` and the rooms below it."""
