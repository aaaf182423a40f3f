"""HTTP -> gateway -> dataset.submitted: a producer is answered only after Kafka has confirmed."""
