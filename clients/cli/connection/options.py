"""The options that name the beamcat to ask. They may stand before or after the command's name."""

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

PANEL = "Which beamcat"


@dataclass(frozen=True)
class Choice:
    """The options that name a beamcat, as given on the command line."""

    search_url: Annotated[
        str | None, typer.Option(help="Address of the search service, such as http://host:port.", rich_help_panel=PANEL)
    ] = None
    gateway_url: Annotated[
        str | None, typer.Option(help="Address of the gateway, such as http://host:port.", rich_help_panel=PANEL)
    ] = None
    profile: Annotated[
        str | None, typer.Option(help="Name of a profile that `beamcat login` stored.", rich_help_panel=PANEL)
    ] = None

    @property
    def addresses(self) -> dict[str, str | None]:
        """The addresses, by the variables that they replace."""
        return {"BEAMCAT_SEARCH_URL": self.search_url, "BEAMCAT_GATEWAY_URL": self.gateway_url}


NO_CHOICE = Choice()
_choice: ContextVar[Choice] = ContextVar("_choice", default=NO_CHOICE)


def chosen() -> Choice:
    """The options of this command line."""
    return _choice.get()


def with_first_choice(options: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name a beamcat to those of the program, where each command line begins."""
    return _with_options(options, NO_CHOICE)


def with_choice(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name a beamcat to a command that asks one."""
    return _with_options(command, None)


def _with_options(command: Callable[..., Any], beginning: Choice | None) -> Callable[..., Any]:
    options = inspect.signature(Choice).parameters

    @functools.wraps(command)
    def run(*arguments: Any, **said: Any) -> Any:  # noqa: ANN401  as the command has them
        named = {name: value for name in options if (value := said.pop(name)) is not None}
        _choice.set(replace(beginning or chosen(), **named))
        return command(*arguments, **said)

    own = inspect.signature(command, eval_str=True)
    added = [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in options.values()]
    run.__signature__ = own.replace(parameters=[*own.parameters.values(), *added])  # type: ignore[attr-defined]
    run.__annotations__ = {**command.__annotations__, **{option.name: option.annotation for option in added}}
    return run
