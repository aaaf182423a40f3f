"""The state of every submission, and the inputs that it waits for."""
