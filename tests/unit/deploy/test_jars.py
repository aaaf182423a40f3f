import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from glob import glob
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from deploy.embedded.jars import (
    LOCK,
    REPOSITORY,
    JarDiffersError,
    JarUnreachableError,
    LockedJar,
    check,
    locked_jars,
    sync,
)

CONTENT = b"a jar's bytes"


@pytest.fixture
def jar() -> LockedJar:
    return LockedJar("org.apache.kafka", "kafka-clients", "4.4.0", sha256(CONTENT).hexdigest())


class Repository(ThreadingHTTPServer):
    """Serves one jar, after the misfortunes that are asked for."""

    def __init__(self) -> None:
        self.content = CONTENT
        self.misfortunes: list[str] = []
        super().__init__(("127.0.0.1", 0), Answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Repository

    def do_GET(self) -> None:
        if self.path.endswith(".sha1"):
            self.send_error(404)
            return
        misfortune = self.server.misfortunes.pop(0) if self.server.misfortunes else ""
        if misfortune == "silence":
            self.close_connection = True
        elif misfortune == "503":
            self.send_error(503)
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.server.content)))
            self.end_headers()
            self.wfile.write(self.server.content[: 3 if misfortune == "half" else None])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Repository() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def lock_of(jar: LockedJar, folder: Path) -> Path:
    lock = folder / "jgo.lock.toml"
    lock.write_text(
        f'[[dependencies]]\ngroupId = "{jar.group}"\nartifactId = "{jar.artifact}"\n'
        f'version = "{jar.version}"\nsha256 = "{jar.sha256}"\n'
    )
    return lock


@pytest.fixture
def in_place(jar: LockedJar, tmp_path: Path) -> Path:
    path = tmp_path / jar.file_name
    path.write_bytes(CONTENT)
    return path


def test_a_jar_with_the_locked_sum_is_accepted(jar: LockedJar, in_place: Path) -> None:
    assert check([jar], in_place.parent) == [in_place]


def test_a_jar_with_another_sum_is_refused_by_name(jar: LockedJar, in_place: Path) -> None:
    in_place.write_bytes(b"something else")

    with pytest.raises(JarDiffersError, match=rf"{jar.file_name} has SHA-256 \w+, locked is {jar.sha256}"):
        check([jar], in_place.parent)


def test_a_missing_jar_is_refused_with_the_command_that_fetches_it(jar: LockedJar, tmp_path: Path) -> None:
    with pytest.raises(JarDiffersError, match=rf"{jar.file_name} is missing.*make setup"):
        check([jar], tmp_path)


@pytest.mark.parametrize("in_its_place", [True, False])
def test_a_jar_that_changes_and_keeps_its_size_and_time_is_refused(
    jar: LockedJar,
    in_place: Path,
    in_its_place: bool,  # noqa: FBT001  # written over, or another file moved there
) -> None:
    check([jar], in_place.parent)
    was = in_place.stat()
    written = in_place if in_its_place else in_place.with_suffix(".new")
    written.write_bytes(CONTENT[::-1])
    os.utime(written, ns=(was.st_atime_ns, was.st_mtime_ns))
    written.replace(in_place)

    assert (in_place.stat().st_size, in_place.stat().st_mtime_ns) == (was.st_size, was.st_mtime_ns)
    with pytest.raises(JarDiffersError):
        check([jar], in_place.parent)


def test_a_proof_is_worth_nothing_for_another_locked_sum(jar: LockedJar, in_place: Path) -> None:
    check([jar], in_place.parent)

    with pytest.raises(JarDiffersError):
        check([LockedJar(jar.group, jar.artifact, jar.version, "0" * 64)], in_place.parent)


def test_a_sync_drops_what_is_not_locked_and_keeps_what_is_in_place(
    jar: LockedJar, in_place: Path, tmp_path: Path
) -> None:
    stranger = in_place.with_name("stranger-1.0.jar")
    stranger.touch()

    sync(lock_of(jar, tmp_path), in_place.parent)

    assert [path.name for path in in_place.parent.glob("*.jar")] == [jar.file_name]


@pytest.mark.parametrize("misfortune", ["silence", "503", "half", "half, 503, silence"])
def test_a_fetch_outlives_what_a_network_does(
    misfortune: str, jar: LockedJar, tmp_path: Path, repository: Repository
) -> None:
    repository.misfortunes = misfortune.split(", ")

    sync(lock_of(jar, tmp_path), tmp_path, repositories={"local": repository.url}, pauses_s=(0, 0, 0))

    assert (tmp_path / jar.file_name).read_bytes() == CONTENT
    assert not repository.misfortunes


def test_a_fetch_that_never_succeeds_names_the_jar_and_leaves_nothing(
    jar: LockedJar, tmp_path: Path, repository: Repository
) -> None:
    repository.misfortunes = ["503", "silence"]

    with pytest.raises(JarUnreachableError, match=rf"{jar.file_name} cannot be fetched, tried 2 times: "):
        sync(lock_of(jar, tmp_path), tmp_path, repositories={"local": repository.url}, pauses_s=(0,))

    assert list(tmp_path.iterdir()) == [tmp_path / "jgo.lock.toml"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate, and is not here")
def test_a_certificate_that_the_machine_trusts_is_trusted(
    jar: LockedJar, tmp_path: Path, repository: Repository
) -> None:
    """As behind a facility's TLS inspection."""
    certificate = certify(repository, tmp_path)
    jars = tmp_path / "jars"
    fetch = (
        "import sys; from pathlib import Path; from deploy.embedded.jars import sync; "
        "sync(Path(sys.argv[1]), Path(sys.argv[2]), repositories={'local': sys.argv[3]}, pauses_s=())"
    )
    command = [
        sys.executable,
        "-c",
        fetch,
        str(lock_of(jar, tmp_path)),
        str(jars),
        f"https://127.0.0.1:{repository.server_port}",
    ]

    stranger = subprocess.run(command, capture_output=True, text=True, check=False)
    trusting = {**os.environ, "SSL_CERT_FILE": str(certificate)}
    fetched = subprocess.run(command, env=trusting, capture_output=True, text=True, check=False)

    assert "certificate" in stranger.stderr
    assert fetched.returncode == 0, fetched.stderr
    assert (jars / jar.file_name).read_bytes() == CONTENT


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_uv_trusts_them_too_as_make_calls_it() -> None:
    told = subprocess.run(
        [shutil.which("make") or "", "--no-print-directory", "--eval", "told: ; @echo $$UV_SYSTEM_CERTS", "told"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )

    assert (told.stdout.strip() == "1") == any(
        map(glob, ("/etc/ssl/certs/*", "/etc/ssl/cert.pem", "/etc/pki/tls/certs/*"))
    )


def certify(repository: Repository, folder: Path) -> Path:
    """Let the repository speak TLS, and return the certificate that proves it."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subject = ["-subj", "/CN=repository", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*made, *subject], capture_output=True, check=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    repository.socket = context.wrap_socket(repository.socket, server_side=True)
    return certificate


def test_another_content_is_refused_at_once(jar: LockedJar, tmp_path: Path, repository: Repository) -> None:
    repository.content = b"somebody else's bytes"

    with pytest.raises(JarDiffersError, match="was fetched with SHA-256"):
        sync(lock_of(jar, tmp_path), tmp_path, repositories={"local": repository.url})


def test_every_jar_of_kafka_is_locked_in_one_version() -> None:
    kafka = [jar for jar in locked_jars() if jar.group == "org.apache.kafka"]

    assert len(kafka) > 10
    assert {jar.version for jar in kafka} == {"4.4.0"}


def test_the_lock_names_no_host() -> None:
    assert "://" not in LOCK.read_text()
