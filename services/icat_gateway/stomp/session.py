"""What one connection has agreed on, and what each of its frames means: pure."""

from dataclasses import dataclass

from services.icat_gateway.ports import QUEUES
from services.icat_gateway.stomp.framing import FrameRefused, Reason, StompFrame, written

VERSIONS = ("1.2", "1.1", "1.0")
"""What is spoken here, best first."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes to be written at once."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Take:
    """A body for one of the queues; its receipt, if one is wanted, is due once it is durable."""

    queue: str
    frame: StompFrame
    receipt: str | None


@dataclass(frozen=True, slots=True)
class Leave:
    """The client says goodbye; its receipt, if one is wanted, is due once all before is durable."""

    receipt: str | None


class Session:
    """One connection, from CONNECT to DISCONNECT."""

    def __init__(self) -> None:
        self.version: str | None = None
        """As negotiated; none before CONNECT."""

    def receive(self, frame: StompFrame) -> Reply | Take | Leave:
        """What a frame asks for.

        Raises:
            FrameRefused: it asks for what is not there; the reason in words is for the client.
        """
        receipt = frame.headers.get("receipt")
        about = {} if receipt is None else {"receipt-id": receipt}
        if frame.command in ("CONNECT", "STOMP"):
            return self._connect(frame)
        if self.version is None:
            raise FrameRefused(Reason.NOT_CONNECTED, f"{frame.command} came before CONNECT", about)
        if frame.command == "DISCONNECT":
            return Leave(receipt)
        if frame.command != "SEND":
            raise FrameRefused(
                Reason.COMMAND, f"{frame.command} is not served here: ICAT's queues take SEND only", about
            )
        if "transaction" in frame.headers:
            raise FrameRefused(Reason.COMMAND, "transactions are not served here: send each frame by itself", about)
        said = frame.headers.get("destination", "")
        queue = said.removeprefix("/queue/")
        if queue not in QUEUES:
            raise FrameRefused(
                Reason.DESTINATION, f"the destination {said[:80]!r} is none of {', '.join(QUEUES)}", about
            )
        return Take(queue, frame, receipt)

    def _connect(self, frame: StompFrame) -> Reply:
        if self.version is not None:
            raise FrameRefused(Reason.COMMAND, "this connection is connected already")
        accepted = {version.strip() for version in frame.headers.get("accept-version", "1.0").split(",")}
        self.version = next((version for version in VERSIONS if version in accepted), None)
        if self.version is None:
            spoken = ",".join(reversed(VERSIONS))
            raise FrameRefused(
                Reason.VERSION, f"STOMP {spoken} is spoken here, none of them was accepted", {"version": spoken}
            )
        return Reply(written("CONNECTED", None, {"version": self.version}))
