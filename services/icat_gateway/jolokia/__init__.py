"""Jolokia: how many consume a queue, judged by the consumer groups in Kafka and served over HTTP."""
