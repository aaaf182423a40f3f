"""How far each topic is in the read model."""
