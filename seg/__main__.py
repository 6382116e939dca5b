"""The command line: `python -m seg`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """A laboratory for semantic segmentation."""


@app.command()
def train(
    dataset: Annotated[str, typer.Option(help="street or membranes")],
    data: Annotated[Path, typer.Option(help="folder with train/, trainannot/, val/, valannot/")],
    model: Annotated[str, typer.Option(help="an architecture of `python -m seg models`")],
    out: Annotated[Path, typer.Option(help="where the weights, index.json and runs/ go")],
    loss: str = "wce",
    width: str = "slim",
    base: int | None = None,
    levels: int | None = None,
    upsampling: str | None = None,
    variant: Annotated[str, typer.Option(help="last part of the set's name")] = "",
    scale: Annotated[int, typer.Option(help="short side in pixels")] = 180,
    epochs: int = 40,
    minutes: Annotated[float | None, typer.Option(help="time budget")] = None,
    batch: int = 8,
    rendered: Annotated[int, typer.Option(help="rendered scenes mixed in")] = 80,
    seed: int = 0,
    threads: Annotated[int | None, typer.Option(help="CPU threads")] = None,
    resume: bool = False,
) -> None:
    """Train one network and write its weights and record."""
    import torch

    from seg.training import Recipe
    from seg.training import train as run

    if threads:
        torch.set_num_threads(threads)
    recipe = Recipe(dataset, model, loss, width, base, levels, upsampling, None, variant, scale, epochs, minutes,
                    batch, rendered=rendered, seed=seed)
    run(recipe, data, out, resume)


if __name__ == "__main__":
    app()
