"""HTTP clients of the other services, with the queries that the routes of ICAT+ need."""
