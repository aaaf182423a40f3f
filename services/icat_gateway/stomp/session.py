"""The STOMP session of one connection: the negotiated version, and the meaning of each frame. Pure."""

from dataclasses import dataclass

from services.icat_gateway.ports import QUEUES
from services.icat_gateway.stomp.framing import FrameRefused, Reason, StompFrame, written

VERSIONS = ("1.2", "1.1", "1.0")
"""The supported versions of STOMP, best first."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes to write at once."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Take:
    """A body for one of the queues. The receipt, if the client wants one, is due once the body is durable."""

    queue: str
    frame: StompFrame
    receipt: str | None


@dataclass(frozen=True, slots=True)
class Leave:
    """The client disconnects. The receipt, if it wants one, is due once all its earlier frames are durable."""

    receipt: str | None


class Session:
    """One connection, from CONNECT to DISCONNECT."""

    def __init__(self) -> None:
        self.version: str | None = None
        """The negotiated version; None before CONNECT."""

    def receive(self, frame: StompFrame) -> Reply | Take | Leave:
        """The action that a frame asks for.

        Raises:
            FrameRefused: it asks for something that is not supported. The message is for the client.
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
                Reason.COMMAND, f"{frame.command} is not supported: ICAT's queues accept SEND only", about
            )
        if "transaction" in frame.headers:
            raise FrameRefused(Reason.COMMAND, "transactions are not supported: send each frame on its own", about)
        said = frame.headers.get("destination", "")
        queue = said.removeprefix("/queue/")
        if queue not in QUEUES:
            raise FrameRefused(
                Reason.DESTINATION, f"the destination {said[:80]!r} is not one of {', '.join(QUEUES)}", about
            )
        return Take(queue, frame, receipt)

    def _connect(self, frame: StompFrame) -> Reply:
        if self.version is not None:
            raise FrameRefused(Reason.COMMAND, "this connection has already sent CONNECT")
        accepted = {version.strip() for version in frame.headers.get("accept-version", "1.0").split(",")}
        self.version = next((version for version in VERSIONS if version in accepted), None)
        if self.version is None:
            spoken = ",".join(reversed(VERSIONS))
            raise FrameRefused(
                Reason.VERSION, f"the server supports STOMP {spoken}; the client accepts none", {"version": spoken}
            )
        return Reply(written("CONNECTED", None, {"version": self.version}))
