"""The inputs of a dataset: which it may have, where they come from, and the submission that names them."""
