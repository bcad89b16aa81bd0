"""What providers post: signed as they sign it, with keys of the tests' own."""
