"""Clients of the services that are asked over HTTP, with the queries that the routes of ICAT+ need."""
