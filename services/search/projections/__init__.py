"""The read model: a folder for each projection of the topics.

Every folder has the same files. `note.py` is pure: the row, the law that says which of two rows stands, and what an
event adds. `table.py` is the SQLAlchemy table and the statement that saves rows. `statements.py` is the SQL that reads
them, where `query` asks for them.
"""
