"""How it flows: events, topics, the stage runner and the ground all services stand on, each written once."""
