"""The commands that run the whole of beamcat on this machine."""

import asyncio
import contextlib
import os
import shlex
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import services
from beamcat_client.addresses import PROCESS, RUNNING_FILE, mark_of_process
from beamcat_client.profiles import write_private
from clients.cli.connection.api import Api
from clients.cli.terminal.output import WRONG, console, fail
from deploy.commands.demonstration import show_examples
from deploy.commands.servers import own_settings
from shared.foundation.errors import Fatal
from shared.runtime import logs
from shared.runtime.facility import FacilitySettings
from shared.vocabulary.datafiles import own_folders

if TYPE_CHECKING:  # an image has no embedded stack, and the process of a service does not need it
    from deploy.embedded.installation import Installation

DATA_DIRECTORY = RUNNING_FILE.parent
"""The default folder of all data. Commands find the running beamcat in its parent folder or below."""
Replicas = Annotated[
    list[str] | None, typer.Option("--replicas", help="service=count, such as linker=2; may be repeated.")
]
Together = Annotated[
    bool, typer.Option("--together", help="Run validator, linker, sample_tracking, catalog_writer in one process.")
]


Data = Annotated[
    Path, typer.Option("--data", help="Folder for all data. Each beamcat on a machine needs its own.", file_okay=False)
]


def run(data: Data = DATA_DIRECTORY, *, together: Together = False) -> None:
    """Start everything, submit the examples, show what became of them, and serve until Ctrl-C."""
    _stay(_run, data, together=together)


def demo(data: Data = DATA_DIRECTORY, *, together: Together = False) -> None:
    """Like run, but stop afterwards. Exit code 0 if and only if everything that was sent was found again."""
    _stay(_demo, data, together=together)


def up(data: Data = DATA_DIRECTORY, replicas: Replicas = None, *, together: Together = False) -> None:
    """Start everything and serve until Ctrl-C, without submitting anything."""
    _stay(_serve, data, _counts(replicas or (), together=together), together=together)


async def _run(running: "Installation") -> bool:
    await asyncio.to_thread(show_examples, Api(running.environment))
    return await _serve(running)


async def _demo(running: "Installation") -> bool:
    return await asyncio.to_thread(show_examples, Api(running.environment))


async def _serve(running: "Installation") -> bool:
    console.print("\n[bold]Open[/]")
    console.print(f"  {running.urls['search']}/        the catalogue, for people")
    console.print(f"  {running.urls['search']}/docs    its HTTP API")
    console.print(
        f"  {running.urls['gateway']}/docs    where producers submit; their token: {_shown(running.token_file)}",
        soft_wrap=True,
    )
    console.print(f"  tcp://127.0.0.1:{running.stomp_port}    where ICAT's clients submit (STOMP)")
    console.print(f"  {running.urls['icat_plus']}/docs    where ICAT's clients ask (ICAT+)")
    console.print("[bold]Paste[/] into a Python shell that has pyicat-plus (docs/from-icat.md):")
    console.print(icat_client(running), markup=False, highlight=False, soft_wrap=True)
    if (folder := folder_of_commands(running.directory)) != Path.cwd():
        console.print(
            f"[bold]Go[/]    cd {shlex.quote(str(folder))}    commands find this beamcat there", soft_wrap=True
        )
    console.print("[bold]Try[/]   .venv/bin/beamcat find Fus_RAC1b\n[bold]Stop[/]  Ctrl-C")
    await asyncio.Event().wait()
    return True


def folder_of_commands(directory: Path) -> Path:
    """The folder in which commands find the beamcat with this data."""
    return directory.parent if directory.name == DATA_DIRECTORY.name else directory


def _shown(file: Path) -> Path:
    """A path, relative to the current folder if it is below it."""
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file


def icat_client(running: "Installation") -> str:
    """The line of Python that connects pyicat-plus to beamcat."""
    token = f"open({str(running.token_file)!r}).read().strip()"
    brokers = f"['127.0.0.1:{running.stomp_port}']"
    names = ("metadata", "update_metadata", "add_files", "reschedule_investigation")
    queues = ", ".join(f"{name}_urls={brokers}, {name}_queue_monitor_port={running.jolokia_port}" for name in names)
    icat_plus = running.urls["icat_plus"]
    return (
        f"from pyicat_plus.client.main import IcatClient; client = IcatClient({queues}, elogbook_url={icat_plus!r}, "
        f"elogbook_token={token}, icatplus_restricted_url={icat_plus!r}, icatplus_password={token})"
    )


def _counts(replicas: Sequence[str], *, together: bool) -> dict[str, int]:
    counts: dict[str, int] = {}
    known = services.programs(together=together)
    for entry in replicas:
        name, _, count = entry.partition("=")
        if name not in known or not count.isdigit() or int(count) < 1:
            fail(f"--replicas {entry}: give service=count, such as linker=2", WRONG)
        counts[name] = int(count)
    return counts


def _stay(
    act: Callable[["Installation"], Awaitable[bool]],
    data: Path,
    replicas: Mapping[str, int] | None = None,
    *,
    together: bool,
) -> None:
    """Run an installation until `act` ends. Exit code 0 if it returned True, or was asked to stop."""
    try:
        from deploy.embedded.installation import NotReadyError
        from deploy.embedded.jars import JarDiffersError
        from deploy.embedded.server import ServerFailedError
        from deploy.embedded.stack import DataDirectoryError
    except ModuleNotFoundError as error:
        fail(f"the embedded stack is not installed here ({error}); beamcat serve runs one service on given servers")
    known = own_settings()
    logs.set_up_for_command()
    try:
        _check_data_files(known.facility)
        well = asyncio.run(_live(act, data, replicas or {}, together=together))
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("stopped")
        return
    except (DataDirectoryError, Fatal, JarDiffersError, NotReadyError, ServerFailedError, ValueError) as error:
        fail(str(error))
    if not well:
        raise typer.Exit(1)


def _check_data_files(facility: FacilitySettings) -> None:
    """Read the data files of every service, before anything is started.

    Raises:
        Fatal: a file is wrong; the message has its line and key.
    """
    from shared.vocabulary.techniques import TechniqueBook
    from shared.vocabulary.vocabulary import Vocabulary, load_combining

    own = own_folders("vocabulary", facility.schema_directories)
    Vocabulary.load(own)
    load_combining(own)
    TechniqueBook.load(own_folders("techniques", facility.schema_directories))


async def _live(
    act: Callable[["Installation"], Awaitable[bool]], data: Path, replicas: Mapping[str, int], *, together: bool
) -> bool:
    from deploy.embedded.installation import installation

    task = asyncio.current_task()
    assert task is not None
    for ending in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(ending, task.cancel)
    console.print("Starting Kafka, PostgreSQL and the services …")
    async with installation(data, together=together, replicas=replicas, say=console.print) as running:
        with _announced(running):
            return await act(running)


@contextlib.contextmanager
def _announced(running: "Installation") -> Iterator[None]:
    """Write the addresses to a file for commands in the same folder. Only its owner may read the token in it."""
    file = running.directory / RUNNING_FILE.name
    write_private(file, {**running.environment, PROCESS: mark_of_process(os.getpid())})
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
