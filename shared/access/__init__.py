"""Who may do what, and how much: tokens and limits per producer. It may import `foundation` and `events`."""
