"""The client: it stores datasets, reports their status, and finds them."""

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
"""The stages' code for a submission that cannot be read."""
PATIENCE_SECONDS = 2.0
FIRST_LOOK_SECONDS = 0.05
LONGEST_LOOK_SECONDS = 2.0


class Client(Questions):
    """Stores datasets through a gateway, and queries a search service.

    Args:
        url: the gateway, such as `http://gateway:8000`. Without it, gateway, search service and token come from the
        first place that names a beamcat: the environment (`BEAMCAT_GATEWAY_URL`, `BEAMCAT_SEARCH_URL`,
        `BEAMCAT_TOKEN`), the one that runs in this folder or above it, or the profile of `beamcat login`.
        token: the bearer token of this producer. It identifies the owner of a receipt.
        search_url: the search service; only needed for queries (`status`, `wait`, `find`, `lineage`).
        spool: the folder for undelivered submissions, on a local disk; by default `BEAMCAT_SPOOL`, else a folder
        under `/var/tmp` for this user and gateway. Threads and processes may share it.
        producer: `software` and `version` of the calling program.
        patience_seconds: how long a store waits for the gateway's answer before it returns an undelivered receipt.
        timeout_seconds: the timeout of one HTTP request.
        background: deliver in a background thread; otherwise only `flush` and `Sender.run_once` deliver.

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
            logger.warning("using %s: %s", self.catalogue.origin, self.catalogue.note)
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
        """Open the spool again in a forked child: threads and SQLite connections do not survive a fork."""
        if os.getpid() != self._process:
            self._inherited += [self.spool, self.sender]  # never closed here: they belong to the parent
            self._open()

    def close(self, timeout: float = 5.0) -> None:
        """Deliver as much as possible within the timeout (seconds). The rest stays in the spool for the next run."""
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

    def store_dataset(  # noqa: PLR0913 - one call describes the whole dataset
        self,
        name: str,
        proposal: str,
        sample: str | None,
        path: PathLike,
        parameters: Mapping[str, Any],
        input: Sequence[PathLike] = (),  # noqa: A002 - the term of the domain
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
        """Store one dataset. On return it is safe, on this machine's disk or (if `delivered`) at the gateway.

        Args:
            name: the dataset's name within its sample, such as `run_01_datacollection`.
            proposal: the proposal, such as `MX1111`.
            sample: the sample's name; None if the parameter `Sample_name` gives it.
            path: the dataset's folder, as an absolute path. It identifies the dataset.
            parameters: by ICAT name; text, number, boolean or a list of them, in the vocabulary's units or with a unit
                in the text (`"50 um"`).
            input: the folders of the datasets that it was made from; empty for raw data.
            beamline: the beamline, such as `id30a-3`; the parameter `beamlineID` may give it instead.
            start: the start of the measurement or processing: ISO 8601 or a datetime; the facility's zone by default.
            end: the end, not before the start.
            technique: ICAT's `definition`, such as `MX`.
            files: the files, relative to the folder unless absolute: paths, or mappings of `path` and `size_bytes`.
            file_count: the number of files, if they are not listed.
            volume_bytes: their total size.
            mode: `replace`, or `merge` to add to the catalogued dataset.
            complete: False if more of the same dataset will follow.
            sequence_index: the submission only applies if this is higher than the catalogued one.
            investigation_id: the user office's id; overrides the selection by date.
            units: units of values that stay as a program printed them, by the names in `parameters`; `%` for per cent,
            `1` for a ratio that is a fraction. A unit in the value's own text takes precedence.

        Raises:
            ValueError: a value cannot be sent, such as NaN or a relative path.
            SubmissionRefused: the gateway will never accept it; it is kept in `refused()`.
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
        """Store a submission in the gateway's format, such as a corrected one of `refused()`, as `store_dataset` does.

        The same submission with the same receipt id is stored once; another one with this id is a ValueError.
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
        """Deliver for at most the timeout (seconds). It returns whether nothing waits any more."""
        self._stay_own()
        return self.sender.flush(timeout)

    def waiting(self) -> int:
        """How many datasets wait in the spool for delivery."""
        self._stay_own()
        return self.spool.waiting()

    def refused(self) -> list[Refused]:
        """The submissions that the gateway will never accept unchanged, oldest first. They are kept until `forget`."""
        self._stay_own()
        return self.spool.refused()

    def forget(self, receipt: Receipt | Refused | str) -> bool:
        """Delete a refused submission, for example after storing a corrected one. It returns whether there was one."""
        self._stay_own()
        return self.spool.forget(_id_of(receipt))

    def retry(self, receipt: Receipt | Refused | str) -> bool:
        """Queue a refused submission for delivery again, unchanged. It returns whether there was one."""
        self._stay_own()
        return self.spool.retry(_id_of(receipt))

    def check(self, submission: Mapping[str, Any]) -> Verdict:
        """The outcome that a submission would have. Its keys are the arguments of `store_dataset`. Nothing is stored.

        Faults that the gateway would refuse at once, such as a missing beamline, are findings too.

        Raises:
            ValueError: a value cannot be sent, such as NaN.
            BeamcatError: the token does not permit it, or the gateway or another service does not answer.
        """
        try:
            answer = self._gateway.ask("POST", "/datasets:check", encode(submission))
        except InvalidRequest as invalid:
            return Verdict(accepted=False, findings=_findings(invalid.problem), details=invalid.problem)
        return Verdict(bool(answer.get("accepted")), list(answer.get("findings", [])), answer)

    def status(self, receipt: Receipt | str) -> Status:
        """The progress of a submission, from the spool or else from the catalogue.

        A receipt that neither of them knows is `in_flight`: the catalogue gets a submission a moment after the gateway.
        An id alone that neither knows is `unknown`: it may be in progress, or was never used. Give the receipt itself
        if other producers may have used its id. An id alone means the submission of this producer's token, if the
        catalogue knows the token, or else the first one with this id.

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
        """Wait for the final status of a submission: catalogued, or rejected with the reason.

        Raises:
            StillWaiting: it is not final within the timeout (seconds).
            Unavailable: the search service is away.
        """
        deadline = time.monotonic() + timeout
        pause = FIRST_LOOK_SECONDS
        while not (status := self.status(receipt)).final:
            if time.monotonic() + pause > deadline:
                raise StillWaiting(f"{status.receipt_id} is {status.state} after {timeout:g} s; try again later")
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_LOOK_SECONDS)
        return status


def _status_url(receipt: Receipt | str) -> str:
    """The address for the status of this submission, and of no other one with the same id."""
    url = f"/receipts/{quote(_id_of(receipt), safe='')}"
    if isinstance(receipt, str):
        return url
    return receipt.status_url or f"{url}?{urlencode({'path': receipt.path})}"


def _findings(problem: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Why the gateway would refuse a submission, in the form of the stages: one finding for each fault."""
    faults = [f"{fault['field']}: {fault['message']}" for fault in problem.get("errors", ())]
    shape = {"code": str(problem.get("code", SHAPE_INVALID)), "severity": "error"}
    return [{**shape, "message": message, "cure": None} for message in faults or [str(problem.get("detail"))]]


def _id_of(receipt: Receipt | Refused | str) -> str:
    return receipt if isinstance(receipt, str) else receipt.receipt_id
