"""What comes back from outside: webhooks, opens and clicks, unsubscribing."""
