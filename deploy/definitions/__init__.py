"""Techniques, checked by the rules of the services that will read them, without running any of them."""
