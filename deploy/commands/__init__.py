"""The commands that need more than HTTP: Kafka, PostgreSQL, files on a server, or the code of the services."""
