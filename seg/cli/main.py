"""`seg` or `python -m seg`. Imports wait until a command needs them, so that --help is quick."""

import os
import sys

import typer

from seg.cli.adopt import adopt
from seg.cli.bench import bench
from seg.cli.calibrate import calibrate
from seg.cli.data import data
from seg.cli.evaluate import evaluate
from seg.cli.export import export
from seg.cli.likeness import likeness
from seg.cli.predict import predict
from seg.cli.teach import teach
from seg.cli.train import grid, train
from seg.cli.weights import models, weights
from seg.errors import SegError, in_a_sentence

app = typer.Typer(no_args_is_help=True, add_completion=False, help="A laboratory for semantic segmentation.")
for command in (models, weights, predict, likeness, evaluate, calibrate, adopt, export, teach, train, grid, bench):
    app.command()(command)
app.add_typer(data, name="data")


def run() -> None:
    """What goes wrong is one sentence on stderr and its exit status, 1 as a rule; SEG_DEBUG=1 gives the traceback."""
    try:
        app()
    except Exception as error:
        if os.environ.get("SEG_DEBUG") == "1":
            raise
        advice = "an internal error. Run it again with SEG_DEBUG=1 and report what it prints"
        print(in_a_sentence(error, "seg", advice), file=sys.stderr)
        sys.exit(error.status if isinstance(error, SegError) else 1)
