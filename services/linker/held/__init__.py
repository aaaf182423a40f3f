"""What is held until its inputs are there: how long, how much, and what the store must offer for it."""
