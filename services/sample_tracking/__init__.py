"""dataset.linked -> sample_tracking -> dataset.tracked: it finds each dataset's sample, and keeps its history."""
