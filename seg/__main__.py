"""`python -m seg`."""

from seg.cli.main import run

run()
