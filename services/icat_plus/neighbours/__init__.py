"""The services that are asked over HTTP, each as the routes of ICAT+ need it."""
