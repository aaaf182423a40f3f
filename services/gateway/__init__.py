"""HTTP -> gateway -> dataset.submitted: it answers a producer once Kafka has confirmed its submission."""
