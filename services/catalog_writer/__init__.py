"""dataset.tracked -> catalog_writer -> dataset.committed: it catalogues every dataset and keeps every revision."""
