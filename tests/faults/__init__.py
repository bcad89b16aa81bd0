"""What must hold when processes die and servers stop."""
