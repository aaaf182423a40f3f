from tests.builders.addresses import nothing_named

__all__ = ["nothing_named"]
