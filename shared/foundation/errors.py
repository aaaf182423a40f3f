"""The words for what goes wrong: a base error, and one fault of one field."""

from inspect import cleandoc
from typing import NamedTuple


class Fault(NamedTuple):
    """One thing that is wrong with one field, and what to do about it."""

    field: str
    message: str


class BeamcatError(Exception):
    """The base of every error that the server raises.

    An error says its message, or it has one meaning: then the first paragraph of its docstring is the message, and its
    keyword arguments fill the names in braces.
    """

    def __init__(self, message: str | None = None, **facts: object) -> None:
        super().__init__(self._meaning().format(**facts) if message is None else message)

    @classmethod
    def _meaning(cls) -> str:
        return " ".join(cleandoc(cls.__doc__ or "").partition("\n\n")[0].split())


class Fatal(BeamcatError):
    """An error that ends the service with one clear line."""


def cannot_listen(variable: str, host: str, port: int, error: OSError) -> Fatal:
    """Why a service does not start whose port, which a variable names, it cannot listen on."""
    why = error.strerror or str(error)
    return Fatal(f"{variable}: {host}:{port} cannot be listened on: {why}; end what listens there, or give another")
