"""dataset.committed, rejected, pending, submitted -> search: every dataset is found, every receipt is answered."""
