"""What became of the files of datasets."""
