"""Every investigation, as the user office or its datasets describe it."""
