"""The questions that search answers: the query language, and the answer to each question."""
