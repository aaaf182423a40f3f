import os
from pathlib import Path

from deploy.embedded import jars
from deploy.embedded.kafka import Kafka, as_properties_file, properties

TOPICS = Path("/somewhere/kafka/topics")


def test_both_listeners_are_on_the_loopback_interface() -> None:
    settings = properties(TOPICS, port=19092, controller_port=19093)

    assert settings["listeners"] == "BROKER://127.0.0.1:19092,CONTROLLER://127.0.0.1:19093"
    assert settings["advertised.listeners"] == "BROKER://127.0.0.1:19092"


def test_every_internal_topic_has_one_replica_because_there_is_one_broker() -> None:
    settings = properties(TOPICS, port=1, controller_port=2)

    assert {value for name, value in settings.items() if name.endswith(("replication.factor", "min.isr"))} == {"1"}


def test_a_rejection_of_the_largest_event_fits() -> None:
    settings = properties(TOPICS, port=1, controller_port=2)

    assert int(settings["message.max.bytes"]) == 32 * 1024 * 1024
    assert int(settings["replica.fetch.max.bytes"]) >= int(settings["message.max.bytes"])
    assert int(settings["socket.request.max.bytes"]) > int(settings["message.max.bytes"])


def test_a_misspelt_topic_is_not_made() -> None:
    assert properties(TOPICS, port=1, controller_port=2)["auto.create.topics.enable"] == "false"


def test_a_properties_file_has_a_line_per_setting_and_doubles_backslashes() -> None:
    assert as_properties_file({"log.dirs": "C:\\data", "node.id": "1"}) == "log.dirs=C:\\\\data\nnode.id=1\n"


async def test_the_class_path_is_the_list_of_the_lock_and_nothing_that_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "kafka" / "topics").mkdir(parents=True)
    broker = Kafka(tmp_path / "kafka", tmp_path / "log", 1, 2)
    await broker.prepare()

    class_path = broker.command[broker.command.index("-cp") + 1].split(os.pathsep)

    assert [Path(path).name for path in class_path] == [jar.file_name for jar in jars.locked_jars()]
    assert "*" not in "".join(class_path)
