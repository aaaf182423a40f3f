"""The positions up to which the topics are in the read model."""
