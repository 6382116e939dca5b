"""What a network is made of, costs, sees, and how it comes back up, read off it. Scores are in `seg.scores`."""
