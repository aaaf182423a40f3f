"""Jolokia over HTTP: the number of consumers of a queue, derived from the consumer groups in Kafka."""
