"""From a frame that was read to one that is durable: the intake, the attempts to deliver, and the delivery."""
