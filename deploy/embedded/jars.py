"""Kafka's jars: exactly those of ``jgo.lock.toml``, each with the SHA-256 of that file.

They are in the virtual environment, beside the wheels. So every Python has its own jars, two clones share nothing, and
no cache of another program has to be trusted. Each jar is fetched into a private folder, checked, and then moved into
place as a whole, so an interrupted fetch leaves nothing behind.

    python -m deploy.embedded.jars sync    fetch what is missing, then check every jar
    python -m deploy.embedded.jars lock    resolve jgo.toml into jgo.lock.toml
"""

import hashlib
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # imported late: a start of the broker only checks the jars
    from jgo.maven import MavenContext

REPOSITORY = Path(__file__).parents[2]
LOCK = REPOSITORY / "jgo.lock.toml"
DIRECTORY = Path(sys.prefix) / "jars"

PARALLEL_FETCHES = 8
PARALLEL_READS = 4
PAUSES_S = (1, 2, 4, 8, 16)
"""Seconds between the attempts to fetch one jar. Half a minute bridges a short failure of a name server."""


class JarDiffersError(Exception):
    """A jar is missing or has another SHA-256 than the locked one."""


class JarUnreachableError(Exception):
    """A jar cannot be fetched, even after several attempts."""


@dataclass(frozen=True, order=True)
class LockedJar:
    """One jar: its Maven coordinates, and the SHA-256 of its only accepted content."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The file name in Maven's layout. It is unique among Kafka's jars."""
        return f"{self.artifact}-{self.version}.jar"


def locked_jars(lock: Path = LOCK) -> list[LockedJar]:
    """Every jar of the lock, sorted."""
    entries = tomllib.loads(lock.read_text(encoding="utf-8"))["dependencies"]
    return sorted(LockedJar(e["groupId"], e["artifactId"], e["version"], e["sha256"]) for e in entries)


def check(jars: Iterable[LockedJar], directory: Path = DIRECTORY) -> list[Path]:
    """The paths of all jars in the given order. Each jar is read and compared with its lock.

    All jars are read each time (43 MB, some 0.1 s of one core), because size and time do not prove the content.

    Raises:
        JarDiffersError: names every jar that is missing or differs.
    """
    paths = {jar: directory / jar.file_name for jar in jars}
    with ThreadPoolExecutor(PARALLEL_READS) as pool:
        faults = [fault for fault in pool.map(_fault, paths, paths.values()) if fault]
    if faults:
        raise JarDiffersError("; ".join(faults) + ". `make setup` fetches the locked ones.")
    return list(paths.values())


def _fault(jar: LockedJar, path: Path) -> str | None:
    if not path.exists():
        return f"{jar.file_name} is missing"
    found = sha256_of(path)
    return None if found == jar.sha256 else f"{jar.file_name} has SHA-256 {found}, locked is {jar.sha256}"


def sync(
    lock: Path = LOCK,
    directory: Path = DIRECTORY,
    say: Callable[[str], None] = print,
    repositories: dict[str, str] | None = None,
    pauses_s: Sequence[float] = PAUSES_S,
) -> None:
    """Fetch missing or different jars, delete those that are not locked, check all, and report the progress.

    ``repositories`` are the addresses of the sources by name. By default, they are those of jgo.

    Raises:
        JarDiffersError: what was fetched is not what was locked.
        JarUnreachableError: a jar could not be fetched; those that could are in place.
    """
    jars = locked_jars(lock)
    directory.mkdir(parents=True, exist_ok=True)
    wanted = {jar.file_name for jar in jars}
    for path in directory.glob("*.jar"):
        if path.name not in wanted:
            path.unlink()
    missing = [jar for jar in jars if not _is_in_place(jar, directory)]
    with ThreadPoolExecutor(PARALLEL_FETCHES) as pool:
        fetches = [pool.submit(_fetch, jar, directory, repositories, pauses_s) for jar in missing]
        for done, fetch in enumerate(as_completed(fetches), start=1):
            fetch.result()
            if done % 10 == 0 or done == len(missing):
                say(f"  Kafka's jars: {done} of {len(missing)}")
    check(jars, directory)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _is_in_place(jar: LockedJar, directory: Path) -> bool:
    path = directory / jar.file_name
    return path.exists() and sha256_of(path) == jar.sha256


def _fetch(jar: LockedJar, directory: Path, repositories: dict[str, str] | None, pauses_s: Sequence[float]) -> None:
    from requests import RequestException  # jgo raises it

    for pause_s in (*pauses_s, None):
        try:
            _fetch_once(jar, directory, repositories)
        except (RequestException, RuntimeError) as error:  # jgo raises RuntimeError for any status but 200
            if pause_s is None:
                raise JarUnreachableError(
                    f"{jar.file_name} cannot be fetched, tried {len(pauses_s) + 1} times: {error}"
                ) from error
            time.sleep(pause_s)
        else:
            return


def _fetch_once(jar: LockedJar, directory: Path, repositories: dict[str, str] | None) -> None:
    with tempfile.TemporaryDirectory(dir=directory) as private:
        fetched = (
            _maven(Path(private), repositories)
            .project(jar.group, jar.artifact)
            .at_version(jar.version)
            .artifact()
            .resolve()
        )
        if (found := sha256_of(fetched)) != jar.sha256:
            raise JarDiffersError(f"{jar.file_name} was fetched with SHA-256 {found}, locked is {jar.sha256}")
        fetched.replace(directory / jar.file_name)


def _maven(cache: Path, repositories: dict[str, str] | None = None) -> "MavenContext":
    """The access of jgo to repositories. It trusts the certificates that this machine trusts, as pip and uv do."""
    from jgo.maven import MavenContext
    from truststore import inject_into_ssl

    inject_into_ssl()
    return MavenContext(repo_cache=cache, timeout=60, remote_repos=repositories)


def relock() -> None:
    """Resolve ``jgo.toml`` with all dependencies, and write the lock with the SHA-256 of each jar."""
    from jgo.env import EnvironmentBuilder, EnvironmentSpec

    with tempfile.TemporaryDirectory() as private:
        context = _maven(Path(private, "repository"))
        builder = EnvironmentBuilder(context=context, cache_dir=Path(private, "environment"))
        builder.resolve_lockfile(EnvironmentSpec.load(REPOSITORY / "jgo.toml")).save(LOCK)


if __name__ == "__main__":
    try:
        {"sync": sync, "lock": relock}[sys.argv[1]]()
    except (JarDiffersError, JarUnreachableError) as error:
        sys.exit(f"{error}\nRun the same command again to continue.")
