"""The inputs of a dataset: which it may have, where they come from, and how a submission waits for them."""
