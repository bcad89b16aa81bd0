"""The demonstration: data to start with, and pages that show every channel at work."""
