"""`seg` or `python -m seg`. Imports wait until a command needs them, so that --help is quick."""

import sys

import typer

from seg.cli.bench import bench
from seg.cli.evaluate import evaluate
from seg.cli.predict import predict
from seg.cli.train import grid, train
from seg.cli.weights import models, weights
from seg.errors import SegError

app = typer.Typer(no_args_is_help=True, add_completion=False, help="A laboratory for semantic segmentation.")
for command in (models, weights, predict, evaluate, train, grid, bench):
    app.command()(command)


def run() -> None:
    """Errors meant for people are one line on stderr and exit status 1, never a traceback."""
    try:
        app()
    except (SegError, ValueError) as error:
        print(f"{error}", file=sys.stderr)
        sys.exit(1)
