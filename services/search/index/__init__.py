"""The index of datasets by parameters and words, and the questions that it answers."""
