"""What is made of all that happens: who is told when something is wrong."""
