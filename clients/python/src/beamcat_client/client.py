"""The client: stores datasets, asks what became of them, finds them."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Union
from urllib.parse import quote, urlencode
from uuid import uuid4

from beamcat_client.answers import Receipt, Refused, Status, Verdict
from beamcat_client.errors import BeamcatError, NotFound, StillWaiting, SubmissionRefused
from beamcat_client.sender import Sender
from beamcat_client.spool import Spool, default_spool
from beamcat_client.submission import encode, plain, several
from beamcat_client.transport import Http

PathLike = Union[str, "os.PathLike[str]"]
Time = Union[str, datetime]

PATIENCE_SECONDS = 2.0
FIRST_LOOK_SECONDS = 0.05
LONGEST_LOOK_SECONDS = 2.0


class Client:
    """Stores datasets through a gateway, and asks a search service about them.

    Args:
        url: the gateway, such as `http://gateway:8000`.
        token: the bearer token of this producer; default `BEAMCAT_TOKEN`. By it the catalogue knows whose a receipt is.
        search_url: the search service; needed only to ask (`status`, `wait`, `find`, `lineage`).
        spool: the folder that keeps what is not delivered yet, on a local disk; default `BEAMCAT_SPOOL`, else a folder
            under `/var/tmp` of this user and gateway. Threads and processes may share it.
        producer: `software` and `version` of the calling program.
        patience_seconds: how long a store waits for the gateway's answer before it returns an undelivered receipt.
        timeout_seconds: how long one HTTP request may stall.
        background: deliver in a background thread; else only `flush` and `Sender.run_once` deliver.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        search_url: str | None = None,
        spool: PathLike | None = None,
        producer: Mapping[str, str] | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
        timeout_seconds: float = 10.0,
        background: bool = True,
    ) -> None:
        token = token or os.environ.get("BEAMCAT_TOKEN")
        self._gateway = Http(url, token, timeout_seconds)
        self._search = Http(search_url, token, timeout_seconds) if search_url else None
        self._folder = spool or os.environ.get("BEAMCAT_SPOOL") or default_spool(url)
        self._producer = {"machine": socket.gethostname(), **(producer or {})}
        self._patience_seconds = patience_seconds
        self._background = background
        self._inherited: list[object] = []
        self._open()

    def _open(self) -> None:
        self._process = os.getpid()
        self.spool = Spool(self._folder)
        self.sender = Sender(self.spool, self._gateway)
        if self._background:
            self.sender.start()

    def _stay_own(self) -> None:
        """After a fork, the child opens the spool anew: neither threads nor SQLite connections survive one."""
        if os.getpid() != self._process:
            self._inherited += [self.spool, self.sender]  # never closed here: they are the parent's
            self._open()

    def close(self, timeout: float = 5.0) -> None:
        """Deliver what can be delivered within the timeout (seconds); the rest stays in the spool for the next run."""
        if self.sender.trouble is None and self._background:
            self.sender.flush(timeout)
        self.sender.stop()
        self.spool.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def store_dataset(  # noqa: PLR0913 - one call says everything about a dataset
        self,
        name: str,
        proposal: str,
        sample: str | None,
        path: PathLike,
        parameters: Mapping[str, Any],
        input: Sequence[PathLike] = (),  # noqa: A002 - the domain's word
        *,
        beamline: str | None = None,
        start: Time | None = None,
        end: Time | None = None,
        technique: str | None = None,
        files: Sequence[PathLike | Mapping[str, Any]] = (),
        file_count: int | None = None,
        volume_bytes: int | None = None,
        mode: str = "replace",
        complete: bool = True,
        sequence_index: int | None = None,
        investigation_id: str | None = None,
        units: Mapping[str, str] | None = None,
    ) -> Receipt:
        """Store one dataset: on return it is safe, on this machine's disk or (`delivered`) with the gateway.

        Args:
            name: of the dataset within its sample, such as `run_01_datacollection`.
            proposal: such as `MX1111`.
            sample: the sample's name; None where the parameter `Sample_name` says it.
            path: the dataset's folder, absolute: it is the dataset's identity.
            parameters: by ICAT name; text, number, boolean or a list of them, in the vocabulary's units or with a unit
                in the text (`"50 um"`).
            input: the folders of the datasets that it was made from; empty for raw data.
            beamline: such as `id30a-3`; may be said by the parameter `beamlineID` instead.
            start: of the measurement or processing; ISO 8601 or a datetime. Without a zone the facility's own is taken.
            end: not before start.
            technique: ICAT's `definition`, such as `MX`.
            files: relative to the folder unless absolute; paths, or mappings of `path` and `size_bytes`.
            file_count: how many files there are, where they are not listed.
            volume_bytes: their size together.
            mode: `replace`, or `merge` to add to what is catalogued already.
            complete: False says that more of the same dataset will follow.
            sequence_index: applies only if higher than the catalogued one.
            investigation_id: the user office's id; overrides the selection by date.
            units: of values that stay as a program printed them, by the names in `parameters`; `%` for per cent, `1`
                for a ratio that is a fraction. A unit in the value's own text goes before.

        Raises:
            ValueError: a value cannot be sent, such as NaN or a relative path.
            SubmissionRefused: the gateway answered that it will never take this; it is kept among `refused()`.
            SpoolUnusable: the spool cannot be written, so nothing was stored.
        """
        fields = {**locals(), "path": os.fspath(path), "parameters": dict(parameters)}
        del fields["self"]
        fields["input"] = [os.fspath(each) for each in several(input, "input")]
        fields["files"] = [
            each if isinstance(each, Mapping) else {"path": os.fspath(each)} for each in several(files, "files")
        ]
        return self.store(fields)

    def store(self, submission: Mapping[str, Any], receipt_id: str | None = None) -> Receipt:
        """Store a submission in the gateway's own words, such as a corrected one of `refused()`; as `store_dataset`.

        The same again under one receipt id is stored once; anything else under it is a ValueError.
        """
        self._stay_own()
        receipt_id = receipt_id or str(uuid4())
        body = encode({"producer": self._producer, **submission})
        path = str(submission["path"])
        answer = self.sender.deliver(
            receipt_id,
            lambda: self.spool.add(receipt_id, path, body),
            self._patience_seconds if self._background else 0.0,
        )
        for refused in self.spool.refused(receipt_id):
            raise SubmissionRefused(refused)
        if answer is None:
            delivered = not self.spool.is_waiting(receipt_id)
            return Receipt(receipt_id, path, delivered, trouble=None if delivered else self.sender.trouble)
        if "dataset_id" in answer:
            return Receipt(
                receipt_id,
                answer["path"],
                delivered=True,
                dataset_id=answer["dataset_id"],
                status_url=answer.get("status_url"),
            )
        return Receipt(receipt_id, path, delivered=False, trouble=answer.get("detail"))

    def flush(self, timeout: float = 60.0) -> bool:
        """Deliver all that waits, for at most the timeout (seconds); whether nothing waits."""
        self._stay_own()
        return self.sender.flush(timeout)

    def waiting(self) -> int:
        """How many datasets wait in the spool for delivery."""
        self._stay_own()
        return self.spool.waiting()

    def refused(self) -> list[Refused]:
        """What the gateway will never take as it is, oldest first, kept until `forget`."""
        self._stay_own()
        return self.spool.refused()

    def forget(self, receipt: Receipt | Refused | str) -> bool:
        """Drop a refused submission, for instance after a corrected one was stored; whether there was one."""
        self._stay_own()
        return self.spool.forget(_id_of(receipt))

    def check(self, submission: Mapping[str, Any]) -> Verdict:
        """What would become of a submission, with the arguments of `store_dataset` as keys. Nothing is stored.

        Raises:
            ValueError: a value cannot be sent.
            BeamcatError: the gateway refuses it as it is, cannot be reached, or a service that judges is away.
        """
        answer = self._gateway.ask("POST", "/datasets:check", encode(submission))
        return Verdict(bool(answer.get("accepted")), list(answer.get("findings", [])), answer)

    def status(self, receipt: Receipt | str) -> Status:
        """How far a submission has come; first the spool is asked, then the catalogue.

        A receipt that neither knows is `in_flight`: the catalogue hears of a submission a moment after the gateway.
        Give the receipt itself where others may have used its id: the id alone is that of this producer's token, if the
        catalogue knows the token, or of whoever used it first.

        Raises:
            Unavailable: the search service is away.
        """
        self._stay_own()
        receipt_id = _id_of(receipt)
        for refused in self.spool.refused(receipt_id):
            return Status(receipt_id, "refused", {"code": refused.status, "message": refused.message})
        if self.spool.is_waiting(receipt_id):
            return Status(receipt_id, "spooled", {"trouble": self.sender.trouble})
        try:
            answer = self._asked(_status_url(receipt))
        except NotFound:
            return Status(receipt_id, "in_flight")  # delivered, and search has not heard of it yet
        return Status(receipt_id, str(answer.get("state")), answer)

    def wait(self, receipt: Receipt | str, timeout: float = 60.0) -> Status:
        """The final status of a submission: catalogued, or rejected with the reason.

        Raises:
            StillWaiting: it is not final within the timeout (seconds).
            Unavailable: the search service is away.
        """
        deadline = time.monotonic() + timeout
        pause = FIRST_LOOK_SECONDS
        while not (status := self.status(receipt)).final:
            if time.monotonic() + pause > deadline:
                raise StillWaiting(f"{status.receipt_id} is {status.state} after {timeout:g} s; ask again later")
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_LOOK_SECONDS)
        return status

    def statuses(self, path: PathLike) -> list[Status]:
        """All submissions of the dataset at this path, newest first.

        Raises:
            BeamcatError: the path cannot be one, or the search service is away.
        """
        answer = self._asked(f"/receipts?{urlencode({'path': os.fspath(path)})}")
        return [Status(str(each["receipt_id"]), str(each["state"]), each) for each in answer["receipts"]]

    def find(self, q: str | None = None, *, parameters: Sequence[str] = (), **filters: Any) -> Iterator[dict[str, Any]]:
        """The datasets that match, fetched page by page as they are consumed.

        Args:
            q: words of the name, path, sample, proposal or text parameters; each must occur.
            parameters: conditions such as `"MX_resolution<2"` or, as in ICAT+, `"MX_flux~gt~1e11"`; all must hold.
            filters: `type`, `kind`, `technique`, `proposal`, `sample`, `beamline` (one or a list), `path`, `startDate`,
                `endDate`, `complete`, `sort`, `order`, and `limit` (of a page).

        Raises:
            BeamcatError: the query cannot be understood, or the search service is away.
        """
        query = {"q": q, "parameters": list(parameters), **filters}
        said = {name: _text(value, name) for name, value in query.items() if value is not None}
        while True:
            page = self._asked(f"/datasets?{urlencode(said, doseq=True)}")
            yield from page["datasets"]
            if not page.get("next"):
                return
            said["cursor"] = page["next"]

    def dataset(self, dataset: PathLike, revision: int | None = None) -> dict[str, Any]:
        """A dataset (by id, or by path) as it was committed last, or in one revision: `commit` and `document`.

        Raises:
            NotFound: the catalogue does not hold it.
            BeamcatError: the search service refuses, or is away.
        """
        text = os.fspath(dataset)
        if "/" in text:
            latest = self._asked(f"/datasets/by-path?{urlencode({'path': text})}")
            if revision is None:
                return latest
            text = latest["commit"]["dataset_id"]
        query = "" if revision is None else f"?revision={revision}"
        return self._asked(f"/datasets/{quote(text, safe='')}{query}")

    def lineage(self, dataset: PathLike, direction: str = "both", depth: int = 5) -> dict[str, Any]:
        """The datasets that this one (by id, or by path) came from (`up`), that came from it (`down`), or `both`.

        The pages of a large one are fetched and put together; `truncated` says that it goes on beyond `depth`.

        Raises:
            NotFound: the catalogue does not hold it.
            BeamcatError: the search service refuses, or is away.
        """
        text = os.fspath(dataset)
        dataset_id = self.dataset(text)["commit"]["dataset_id"] if "/" in text else text
        asked = {"direction": direction, "depth": depth}
        route = f"/datasets/{quote(dataset_id, safe='')}/lineage"
        graph = self._asked(f"{route}?{urlencode(asked)}")
        while graph.get("next") is not None:
            page = self._asked(f"{route}?{urlencode({**asked, 'skip': graph['next']})}")
            graph = {**page, **{part: [*graph[part], *page[part]] for part in ("nodes", "edges")}}
        return graph

    def _asked(self, path: str) -> dict[str, Any]:
        if self._search is None:
            raise BeamcatError("this client has no search_url; give Client(…, search_url=…) to ask the catalogue")
        return self._search.ask("GET", path)


def _status_url(receipt: Receipt | str) -> str:
    """Where the catalogue answers for it, and for no other submission under its id."""
    url = f"/receipts/{quote(_id_of(receipt), safe='')}"
    if isinstance(receipt, str):
        return url
    return receipt.status_url or f"{url}?{urlencode({'path': receipt.path})}"


def _id_of(receipt: Receipt | Refused | str) -> str:
    return receipt if isinstance(receipt, str) else receipt.receipt_id


def _text(value: Any, place: str) -> Any:
    said = plain(value, place)
    return str(said).lower() if isinstance(said, bool) else said
