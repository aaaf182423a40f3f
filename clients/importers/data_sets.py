"""The data sets of one mmCIF block, separated by `_reflns.pdbx_ordinal`. Pure."""

from collections.abc import Iterable

from clients.importers.assembly import FileNotUnderstood

REFLECTIONS = "_reflns."
SHELLS = "_reflns_shell."
CRYSTALS = "_diffrn."
OF_SET = "pdbx_diffrn_id"

Row = dict[str, str]
Table = list[Row]
Tables = dict[str, Table]


def by_data_set(tables: Tables) -> list[Tables]:
    """The tables of each data set: its own rows, and those of no single one.

    Raises:
        FileNotUnderstood: there are several, and shells do not say of which they are, or only shells say so.
    """
    sets = tables.get(REFLECTIONS, [])
    if len(sets) < 2:  # noqa: PLR2004  one is no choice
        of_shells = {row[OF_SET] for row in tables.get(SHELLS, ()) if OF_SET in row}
        of_whole = _ids(",".join(row.get(OF_SET, "") for row in sets) or min(of_shells, default=""))
        if not all(_ids(of_shell) <= of_whole for of_shell in of_shells):
            raise FileNotUnderstood(f"{SHELLS[:-1]} has shells of other {OF_SET} than {REFLECTIONS[:-1]}")
        return [tables]
    if any(OF_SET not in row for table in (REFLECTIONS, SHELLS) for row in tables.get(table, ())):
        raise FileNotUnderstood(
            f"{REFLECTIONS[:-1]} has {len(sets)} rows, and not every row and shell says by {OF_SET} of which it is"
        )
    return [_of_set(tables, row) for row in sets]


def _of_set(tables: Tables, chosen: Row) -> Tables:
    sweeps = _ids(chosen[OF_SET])
    waves = {
        row["wavelength_id"]
        for row in tables.get("_diffrn_radiation.", ())
        if "wavelength_id" in row and row.get("diffrn_id") in sweeps
    }
    kept = {name: list(_rows(name, table, sweeps, waves)) for name, table in tables.items()}
    return {**kept, REFLECTIONS: [chosen]}


def _rows(category: str, table: Table, sweeps: set[str], waves: set[str]) -> Iterable[Row]:
    """The rows of the sweeps, or without a data set."""
    for row in table:
        sweep = row.get("id") if category == CRYSTALS else row.get(OF_SET, row.get("diffrn_id"))
        wave = row.get("id") if category == "_diffrn_radiation_wavelength." and waves else None
        if (sweep is None or sweeps & _ids(sweep)) and (wave is None or wave in waves):
            yield row


def _ids(text: str) -> set[str]:
    return {each.strip() for each in text.split(",")}
