"""What search can be asked: the query language, and the statements and rows of each answer."""
