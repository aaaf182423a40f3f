"""dataset.reports -> archive: it knows where the files of every dataset are, and which restore requests are open."""
