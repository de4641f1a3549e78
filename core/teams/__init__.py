"""Teams: the agents who take care of the same conversations, and how they sign."""
