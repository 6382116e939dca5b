"""Answers for many visitors at once. Nothing here knows a page."""
