"""Splits proposals as MXCuBE does: into a code, which is the type of the investigations, and a number. Pure."""

import re

from shared.events.identity import PROPOSAL_SEPARATORS, proposal_key

LETTERS = re.compile(r"\D*")


def type_name(proposal: str) -> str:
    """The letters at the beginning of a proposal, in its own letter case: `IH-LS` of `IH-LS-0042`.

    MXCuBE removes these letters and all dashes from the name, and takes the rest for the number. It joins code and
    number in its paths and datasets. If this would give another proposal (`A1A2` without `A` is `12`), the code is
    extended until it gives the same one.
    """
    letters = LETTERS.match(proposal)
    assert letters is not None, "it may be empty"
    begins = letters[0].rstrip(PROPOSAL_SEPARATORS)
    codes = (proposal[:length] for length in range(len(begins), len(proposal) + 1))
    return next(code for code in codes if proposal_key(code + number_of(proposal, code)) == proposal_key(proposal))


def number_of(proposal: str, code: str) -> str:
    """The number of a proposal, as MXCuBE finds it."""
    return proposal.replace(code, "").replace("-", "")
