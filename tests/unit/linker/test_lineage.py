from itertools import pairwise
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.linker.inputs.lineage import Node, cycle_through
from tests.builders.linker.records import dataset_id, facts

PATHS = [f"/data/{n}" for n in range(7)]
graphs = st.dictionaries(st.sampled_from(PATHS), st.sets(st.sampled_from(PATHS)))


def nodes(graph: dict[str, set[str]]) -> dict[UUID, Node]:
    return {dataset_id(path): Node(path, frozenset(map(dataset_id, inputs))) for path, inputs in graph.items()}


@settings(max_examples=50)
@given(graphs, st.sampled_from(PATHS), st.sets(st.sampled_from(PATHS)))
def test_a_circle_is_named_if_and_only_if_the_dataset_is_its_own_ancestor(
    graph: dict[str, set[str]], path: str, inputs: set[str]
) -> None:
    inputs -= {path}
    ancestors = set(inputs)
    while more := {parent for each in ancestors for parent in graph.get(each, ())} - ancestors:
        ancestors |= more
    circle = cycle_through(facts(path, sorted(inputs)), nodes(graph))
    assert bool(circle) == (path in ancestors)


@settings(max_examples=50)
@given(graphs, st.sampled_from(PATHS), st.sets(st.sampled_from(PATHS)))
def test_every_step_of_a_named_circle_is_a_declared_input(
    graph: dict[str, set[str]], path: str, inputs: set[str]
) -> None:
    inputs -= {path}
    circle = cycle_through(facts(path, sorted(inputs)), nodes(graph))
    if circle:
        steps = list(pairwise(circle))
        assert (circle[0], circle[-1]) == (path, path)
        assert steps[0][1] in inputs
        assert all(parent in graph[child] for child, parent in steps[1:])
