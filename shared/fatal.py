"""What ends a process; apart from `faults`, so that who only reads data files loads neither Kafka nor PostgreSQL."""


class Fatal(Exception):
    """An error that ends the service with one clear line."""
