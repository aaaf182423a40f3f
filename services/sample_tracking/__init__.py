"""dataset.linked -> sample_tracking -> dataset.tracked: every dataset knows its sample, a sample its history."""
