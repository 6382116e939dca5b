"""What is timed against what. Nothing here scores masks."""
