"""What travels to beamlines: declared by clients, published as events, and shown as ICAT+ has it."""
