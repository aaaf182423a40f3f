"""dataset.tracked -> catalog_writer -> dataset.committed: every dataset is catalogued, every revision of it kept."""
