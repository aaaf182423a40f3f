"""The base error of the server, and the fault of one field."""

from inspect import cleandoc
from typing import NamedTuple


class Fault(NamedTuple):
    """One fault of one field, and its cure."""

    field: str
    message: str


class BeamcatError(Exception):
    """The base of every error that the server raises.

    An error gets its message as an argument. An error with only one meaning uses the first paragraph of its docstring
    as the message, and its keyword arguments fill the names in braces.
    """

    def __init__(self, message: str | None = None, **facts: object) -> None:
        super().__init__(self._meaning().format(**facts) if message is None else message)

    @classmethod
    def _meaning(cls) -> str:
        return " ".join(cleandoc(cls.__doc__ or "").partition("\n\n")[0].split())


class Fatal(BeamcatError):
    """An error that ends the service with one clear line."""


def cannot_listen(variable: str, host: str, port: int, error: OSError) -> Fatal:
    """The error of a service that cannot listen on its port. `variable` is the setting of that port."""
    why = error.strerror or str(error)
    cure = "stop what listens there, or choose another port"
    return Fatal(f"{variable}: cannot listen on {host}:{port}: {why}; {cure}")
