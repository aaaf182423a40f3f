"""What pipelines and MXCuBE leave behind -> submissions: nothing that a file says is dropped in silence."""
