"""The client: stores datasets, asks what became of them, finds them."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Union
from urllib.parse import quote, urlencode
from uuid import uuid4

from beamcat_client.addresses import GATEWAY_URL, SEARCH_URL, TOKEN, find_catalogue
from beamcat_client.answers import Receipt, Refused, Status, Verdict
from beamcat_client.errors import InvalidRequest, NotFound, StillWaiting, SubmissionRefused
from beamcat_client.questions import PathLike, Questions
from beamcat_client.sender import Sender
from beamcat_client.spool import Spool, default_spool
from beamcat_client.submission import absolute, encode, several
from beamcat_client.transport import Http

Time = Union[str, datetime]

logger = logging.getLogger("beamcat_client")

SHAPE_INVALID = "shape_invalid"
"""The code of a submission that cannot be read, as the stages call it."""
PATIENCE_SECONDS = 2.0
FIRST_LOOK_SECONDS = 0.05
LONGEST_LOOK_SECONDS = 2.0


class Client(Questions):
    """Stores datasets through a gateway, and asks a search service about them.

    Args:
        url: the gateway, such as `http://gateway:8000`. Without it, gateway, search service and token come from the
            first place that names a beamcat: the environment (`BEAMCAT_GATEWAY_URL`, `BEAMCAT_SEARCH_URL`,
            `BEAMCAT_TOKEN`), the one that runs in this folder or above it, or the profile of `beamcat login`.
        token: the bearer token of this producer. By it the catalogue knows whose a receipt is.
        search_url: the search service; needed only to ask (`status`, `wait`, `find`, `lineage`).
        spool: the folder that keeps what is not delivered yet, on a local disk; default `BEAMCAT_SPOOL`, else a folder
            under `/var/tmp` of this user and gateway. Threads and processes may share it.
        producer: `software` and `version` of the calling program.
        patience_seconds: how long a store waits for the gateway's answer before it returns an undelivered receipt.
        timeout_seconds: how long one HTTP request may stall.
        background: deliver in a background thread; else only `flush` and `Sender.run_once` deliver.

    Raises:
        AddressUnknown: no gateway is named anywhere.
        NotRunning: the beamcat of this folder was killed.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        search_url: str | None = None,
        spool: PathLike | None = None,
        producer: Mapping[str, str] | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
        timeout_seconds: float = 10.0,
        background: bool = True,
    ) -> None:
        self.catalogue = find_catalogue({GATEWAY_URL: url, SEARCH_URL: search_url, TOKEN: token})
        if self.catalogue.note:
            logger.warning("%s is used: %s", self.catalogue.origin, self.catalogue.note)
        said, told = self.catalogue.token, self.catalogue.token_told
        self._gateway = Http(self.catalogue.address(GATEWAY_URL, "gateway"), said, timeout_seconds, told)
        search = self.catalogue.variables.get(SEARCH_URL)
        super().__init__(Http(search, said, timeout_seconds, told) if search else None, self.catalogue.origin)
        self._folder = spool or os.environ.get("BEAMCAT_SPOOL") or default_spool(self._gateway.url)
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
        path = absolute(submission.get("path"))
        body = encode({"producer": self._producer, **submission})
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

    def retry(self, receipt: Receipt | Refused | str) -> bool:
        """Let a refused submission wait for delivery again, as it is; whether there was one."""
        self._stay_own()
        return self.spool.retry(_id_of(receipt))

    def check(self, submission: Mapping[str, Any]) -> Verdict:
        """What would become of a submission, with the arguments of `store_dataset` as keys. Nothing is stored.

        What the gateway would refuse at once, such as a dataset without a beamline, is a finding too.

        Raises:
            ValueError: a value cannot be sent, such as NaN.
            BeamcatError: the token is not for this, or the gateway or a service that judges is away.
        """
        try:
            answer = self._gateway.ask("POST", "/datasets:check", encode(submission))
        except InvalidRequest as invalid:
            return Verdict(accepted=False, findings=_findings(invalid.problem), details=invalid.problem)
        return Verdict(bool(answer.get("accepted")), list(answer.get("findings", [])), answer)

    def status(self, receipt: Receipt | str) -> Status:
        """How far a submission has come; first the spool is asked, then the catalogue.

        A receipt that neither knows is `in_flight`: the catalogue hears of a submission a moment after the gateway. An
        id alone that neither knows is `unknown`: it may be on its way, or nobody ever got it. Give the receipt itself
        where others may have used its id: the id alone is that of this producer's token, if the catalogue knows the
        token, or of whoever used it first.

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
            return Status(receipt_id, "unknown" if isinstance(receipt, str) else "in_flight")
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


def _status_url(receipt: Receipt | str) -> str:
    """Where the catalogue answers for it, and for no other submission under its id."""
    url = f"/receipts/{quote(_id_of(receipt), safe='')}"
    if isinstance(receipt, str):
        return url
    return receipt.status_url or f"{url}?{urlencode({'path': receipt.path})}"


def _findings(problem: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Why the gateway would not take a submission, as the stages tell it: a finding a fault."""
    faults = [f"{fault['field']}: {fault['message']}" for fault in problem.get("errors", ())]
    shape = {"code": str(problem.get("code", SHAPE_INVALID)), "severity": "error"}
    return [{**shape, "message": message, "cure": None} for message in faults or [str(problem.get("detail"))]]


def _id_of(receipt: Receipt | Refused | str) -> str:
    return receipt if isinstance(receipt, str) else receipt.receipt_id
