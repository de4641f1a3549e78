"""Where people are reached, and the two lanes of each address: what is to be read, and what is to go out."""
