"""dataset.submitted -> validator -> dataset.validated: every value has the meaning of the vocabulary, or is flagged."""
