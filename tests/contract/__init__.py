"""What every provider and channel promises; each gives only its data."""
