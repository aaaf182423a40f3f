"""Every technique's file stands on what others have defined: terms of an ontology, parameters, other kinds."""

import json
import re
from importlib.resources import files

import pytest

from shared.vocabulary.kinds import Kind, expanded
from shared.vocabulary.techniques import ESRFET, OLD_ESRFET, Technique
from tests.builders.described import TECHNIQUES

ONTOLOGIES = (ESRFET, OLD_ESRFET, "http://purl.org/pan-science/")
KINDS = [kind for technique in TECHNIQUES.techniques for kind in technique.kind]


def terms(ontology: str) -> set[str]:
    """The identifiers of an ontology, from the package that its keepers publish."""
    text = files("esrf_ontologies").joinpath("db", f"{ontology}.json").read_text(encoding="utf-8")
    return {term["iri"] for term in json.loads(text)}


@pytest.mark.parametrize("technique", TECHNIQUES.techniques, ids=lambda technique: technique.name)
def test_every_pid_of_esrfet_or_panet_is_a_term_of_it(technique: Technique) -> None:
    pids = {technique.pid, *technique.other_pids}
    theirs = {pid for pid in pids if pid.startswith(ONTOLOGIES)}
    assert theirs - terms("ESRFET") - terms("PaNET") == set()
    assert all(re.fullmatch(r"https://\S+", pid) for pid in pids - theirs), "a URI of one's own, until there is a term"


@pytest.mark.parametrize("technique", TECHNIQUES.techniques, ids=lambda technique: technique.name)
def test_a_technique_outranks_only_what_is_described(technique: Technique) -> None:
    assert set(technique.outranks) <= {other.name for other in TECHNIQUES.techniques} - {technique.name}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_relation_names_kinds_that_exist(kind: Kind) -> None:
    names = [each.name for each in KINDS]
    for relation in kind.input or ():
        for pattern in relation.kinds:
            assert expanded([pattern], names), f"{kind.name} comes from {pattern}, which is not a kind"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_is_named_after_its_technique_and_type(kind: Kind) -> None:
    technique = next(each for each in TECHNIQUES.techniques if kind in each.kind)
    assert kind.name.split(".")[:2] == [technique.name.lower(), kind.type]
