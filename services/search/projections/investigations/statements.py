"""The SQL that reads the table of investigations."""
# ruff: noqa: S608  # the SQL is put together from this file's words alone


def as_written(table: str, otherwise: str) -> str:
    """The proposal of a row as the user office writes it, according to the newest investigation of that proposal."""
    return (
        "coalesce((select proposal_name from investigation as office"
        f" where lower(office.proposal) = lower({table}.proposal) and proposal_name is not null"
        f" order by registered desc, number desc nulls last, investigation_id limit 1), {otherwise})"
    )
