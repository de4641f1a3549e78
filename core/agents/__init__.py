"""Who answers: agents, their sign-in, and who is there now."""
