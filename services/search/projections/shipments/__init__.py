"""What travels to beamlines: shipments, parcels, their contents, where these are and how parcels fare."""
