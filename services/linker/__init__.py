"""dataset.validated -> linker -> dataset.linked: every dataset knows its investigation and its parents."""
