"""What providers post to us: a file for each of them."""
