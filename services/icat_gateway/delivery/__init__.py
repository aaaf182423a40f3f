"""The path of a frame from the socket to durable storage: intake, delivery, and the record of its attempts."""
