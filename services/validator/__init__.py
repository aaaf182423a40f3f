"""dataset.submitted -> validator -> dataset.validated: every value means what the vocabulary says, or is flagged."""
