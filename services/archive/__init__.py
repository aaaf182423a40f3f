"""dataset.reports -> archive: where the files of every dataset are, and who wants them back."""
