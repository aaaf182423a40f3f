"""Finds the axes of a rhombohedral space group from its cell, because its name often leaves them open."""

from shared.events.dataset import Parameter
from shared.vocabulary.space_groups import on_rhombohedral_axes
from shared.vocabulary.vocabulary import Vocabulary

SPACE_GROUP, ALPHA, GAMMA = "space_group", "cell_alpha", "cell_gamma"
NEAR_DEG = 1.0
"""The tolerance of angles. On rhombohedral axes all angles are equal; on hexagonal ones they are 90 and 120."""


class Axes:
    """Completes the names of space groups that come with a cell."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        named = [name for name, term in vocabulary.terms.items() if term.names == "space group"]
        cells = [(name, *(f"{name.removesuffix(SPACE_GROUP)}{angle}" for angle in (ALPHA, GAMMA))) for name in named]
        self._cells = [(name, alpha, gamma) for name, alpha, gamma in cells if alpha in vocabulary.terms]

    def settle(self, parameters: dict[str, Parameter]) -> None:
        """Add the axes of the cell to the name of its space group."""
        for name, alpha_name, gamma_name in self._cells:
            group = parameters.get(name)
            if group is None or alpha_name not in parameters or gamma_name not in parameters:
                continue
            alpha, gamma = (parameters[angle].get("value") for angle in (alpha_name, gamma_name))
            if isinstance(alpha, float) and isinstance(gamma, float) and abs(alpha - gamma) < NEAR_DEG:
                other = on_rhombohedral_axes(group["original"])
                if other is not None:
                    parameters[name] = {**group, "value": other}
