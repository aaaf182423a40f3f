"""Every record that was refused, with its bytes."""
