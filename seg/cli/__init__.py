"""The command line: `seg` or `python -m seg`. Nothing here computes."""
