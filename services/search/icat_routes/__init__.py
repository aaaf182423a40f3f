"""What other services ask search. Every request needs a bearer token, which says of which beamlines it may know."""
