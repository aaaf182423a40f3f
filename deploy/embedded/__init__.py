"""PostgreSQL and Apache Kafka for a laptop or a test, from wheels and jars alone: no Docker, no Java, no root."""
