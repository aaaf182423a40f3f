"""What the read model holds: a folder for each projection of the topics.

Every folder has the same two files. `note.py` is pure: the row, the law that says which of two rows stands, and what
an event adds. `table.py` is the SQLAlchemy table and the statement that saves rows.
"""
