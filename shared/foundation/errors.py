"""What ends a process; apart from `faults`, so that who only reads data files loads neither Kafka nor PostgreSQL."""


class Fatal(Exception):
    """An error that ends the service with one clear line."""


def cannot_listen(variable: str, host: str, port: int, error: OSError) -> Fatal:
    """Why a service does not start whose port, which a variable names, it cannot listen on."""
    why = error.strerror or str(error)
    return Fatal(f"{variable}: {host}:{port} cannot be listened on: {why}; end what listens there, or give another")
