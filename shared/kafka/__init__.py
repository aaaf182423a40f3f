"""The clients of Kafka: reading, publishing, positions. It may import `http` and the rooms below it."""
