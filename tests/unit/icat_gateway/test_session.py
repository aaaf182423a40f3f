import pytest

from services.icat_gateway.ports import QUEUES
from services.icat_gateway.stomp.framing import FrameRefused, Reason, StompFrame
from services.icat_gateway.stomp.session import Leave, Reply, Session, Take

CONNECT = StompFrame("CONNECT", {"accept-version": "1.1", "host": ""})


def connected() -> Session:
    session = Session()
    session.receive(CONNECT)
    return session


@pytest.mark.parametrize("command", ["CONNECT", "STOMP"])
@pytest.mark.parametrize(
    ("accepted", "version"),
    [("1.1", b"1.1"), ("1.0,1.1,1.2", b"1.2"), (" 1.0 , 1.1", b"1.1"), ("2.0,1.0", b"1.0"), (None, b"1.0")],
)
def test_the_best_common_version_is_spoken(command: str, accepted: str | None, version: bytes) -> None:
    headers = {} if accepted is None else {"accept-version": accepted}
    answer = Session().receive(StompFrame(command, headers))
    assert answer == Reply(b"CONNECTED\nversion:" + version + b"\n\n\0")


def test_a_client_of_no_common_version_is_told_which_are_spoken() -> None:
    with pytest.raises(FrameRefused, match="the server supports STOMP") as refused:
        Session().receive(StompFrame("CONNECT", {"accept-version": "2.0"}))
    assert (refused.value.reason, refused.value.headers) == (Reason.VERSION, {"version": "1.0,1.1,1.2"})


@pytest.mark.parametrize("queue", QUEUES)
@pytest.mark.parametrize("prefix", ["/queue/", ""])
def test_each_queue_of_icat_is_taken_with_and_without_its_prefix(queue: str, prefix: str) -> None:
    frame = StompFrame("SEND", {"destination": prefix + queue, "persistent": "true"}, b"<a/>")
    assert connected().receive(frame) == Take(queue, frame, None)


def test_a_receipt_is_asked_for_by_a_header() -> None:
    send = StompFrame("SEND", {"destination": QUEUES[0], "receipt": "7"})
    assert connected().receive(send) == Take(QUEUES[0], send, "7")
    assert connected().receive(StompFrame("DISCONNECT", {"receipt": "8"})) == Leave("8")


@pytest.mark.parametrize(
    ("frame", "reason", "words"),
    [
        (
            StompFrame("SEND", {"destination": "/queue/other"}),
            Reason.DESTINATION,
            "'/queue/other' is not one of icatIngest",
        ),
        (StompFrame("SEND", {"destination": "/topic/icatIngest"}), Reason.DESTINATION, "is not one of"),
        (StompFrame("SEND"), Reason.DESTINATION, "is not one of"),
        (StompFrame("SEND", {"destination": QUEUES[0], "transaction": "1"}), Reason.COMMAND, "transactions"),
        *(
            (StompFrame(command), Reason.COMMAND, f"{command} is not supported")
            for command in ("BEGIN", "COMMIT", "ABORT")
        ),
        *(
            (StompFrame(command), Reason.COMMAND, f"{command} is not supported")
            for command in ("SUBSCRIBE", "ACK", "NACK")
        ),
        (StompFrame("MESSAGE"), Reason.COMMAND, "MESSAGE is not supported"),
        (CONNECT, Reason.COMMAND, "already sent CONNECT"),
    ],
)
def test_what_is_not_served_is_refused_in_words(frame: StompFrame, reason: Reason, words: str) -> None:
    with pytest.raises(FrameRefused, match=words) as refused:
        connected().receive(frame)
    assert refused.value.reason is reason


def test_a_refusal_names_the_receipt_that_was_asked_for() -> None:
    with pytest.raises(FrameRefused) as refused:
        connected().receive(StompFrame("SUBSCRIBE", {"receipt": "9"}))
    assert refused.value.headers == {"receipt-id": "9"}


@pytest.mark.parametrize("command", ["SEND", "DISCONNECT", "SUBSCRIBE"])
def test_nothing_comes_before_connect(command: str) -> None:
    with pytest.raises(FrameRefused, match="before CONNECT") as refused:
        Session().receive(StompFrame(command, {"destination": QUEUES[0]}))
    assert refused.value.reason is Reason.NOT_CONNECTED
