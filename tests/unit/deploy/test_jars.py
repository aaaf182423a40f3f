import os
from hashlib import sha256
from pathlib import Path

import pytest

from deploy.embedded.jars import LOCK, JarDiffersError, LockedJar, check, locked_jars, sync

CONTENT = b"a jar's bytes"


@pytest.fixture
def jar() -> LockedJar:
    return LockedJar("org.apache.kafka", "kafka-clients", "4.4.0", sha256(CONTENT).hexdigest())


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


def test_a_jar_that_changes_after_it_was_proven_is_read_again_and_refused(jar: LockedJar, in_place: Path) -> None:
    check([jar], in_place.parent)
    in_place.write_bytes(CONTENT[::-1])
    os.utime(in_place, ns=(0, 0))

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
    lock = tmp_path / "jgo.lock.toml"
    lock.write_text(
        f'[[dependencies]]\ngroupId = "{jar.group}"\nartifactId = "{jar.artifact}"\n'
        f'version = "{jar.version}"\nsha256 = "{jar.sha256}"\n'
    )

    sync(lock, in_place.parent)

    assert [path.name for path in in_place.parent.glob("*.jar")] == [jar.file_name]


def test_every_jar_of_kafka_is_locked_in_one_version() -> None:
    kafka = [jar for jar in locked_jars() if jar.group == "org.apache.kafka"]

    assert len(kafka) > 10
    assert {jar.version for jar in kafka} == {"4.4.0"}


def test_the_lock_names_no_host() -> None:
    assert "://" not in LOCK.read_text()
