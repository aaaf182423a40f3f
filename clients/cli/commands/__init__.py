"""The commands, one module for each or for each group. No other room imports them."""
