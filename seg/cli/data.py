"""Own data sets: what is understood of a folder or a ZIP, before anything is trained or scored on it."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seg.cli.options import write as write_file
from seg.errors import OptionError

if TYPE_CHECKING:
    from seg.datasets.checking import Report
    from seg.datasets.own import OwnData

PROBLEMS_SHOWN = 20

data = typer.Typer(no_args_is_help=True)


@data.callback()
def _group() -> None:
    """Labelled pictures of your own."""  # with one command alone, typer would take the group for that command


@data.command()
def check(
    source: Annotated[Path, typer.Argument(metavar="DIR|ZIP", help="a folder or a ZIP of labelled pictures")],
    write: Annotated[bool, typer.Option("--write", help="write a dataset.toml to edit into the folder")] = False,
    force: Annotated[bool, typer.Option("--force", help="over one that is there")] = False,
) -> None:
    """Read every picture and mask, and say what is understood: layout, splits, classes and their shares, problems.

    The exit status is 1 where a file cannot be used.
    """
    from seg.datasets.checking import checked, read_all
    from seg.datasets.description import FILE
    from seg.datasets.own import open_data
    from seg.datasets.unnamed import EVERY

    with open_data(source, looked_at=EVERY) as opened:
        target = opened.folder / FILE
        if write and opened.unpacked:
            raise OptionError(f"{source} is a ZIP, which no {FILE} can be written into: unpack it first.")
        if write and target.exists() and not force:
            raise OptionError(f"{target} is there already: give --force to write over it.")
        with typer.progressbar(read_all(opened), length=len(opened), label=opened.name, file=sys.stderr) as bar:
            report = checked(opened, bar)
        print("\n".join(_lines(opened, report)))
        if write:
            write_file(target, opened.written().encode())
            print(f"{target} is written: edit names and colours as you like.")
        for problem in report.problems[:PROBLEMS_SHOWN]:
            print(problem, file=sys.stderr)
        if len(report.problems) > PROBLEMS_SHOWN:
            print(f"and {len(report.problems) - PROBLEMS_SHOWN:,} more.", file=sys.stderr)
        if report.problems:
            raise typer.Exit(1)


def _lines(opened: "OwnData", report: "Report") -> list[str]:
    """What is printed."""
    shares = report.shares
    wide = max(len(one_line(name)) for name in opened.class_map.names)
    total = sum(report.pictures.values())
    splits = ", ".join(f"{name} {len(pairs):,}" for name, pairs in opened.pairs.items())
    lines = [f"{opened.name}: {opened.layout}", f"pictures: {splits}", *opened.notes, _sizes(report)]
    lines.append(f"{'id':>3}  {'class':{wide}}{'pixels':>9}{'pictures':>10}  colour")
    for place, (name, colour) in enumerate(zip(opened.class_map.names, opened.class_map.colours, strict=True)):
        held = f"{report.presence[place]:,}"
        lines.append(f"{place:>3}  {one_line(name):{wide}}{shares[place]:9.2%}{held:>10}  #{bytes(colour).hex()}")
    lines.append(f"unlabelled: {shares[-1]:.2%} of all pixels")
    lines += [f"{_files(files)}: {note}" for note, files in report.notes.items()]
    lines.append(f"{total:,} of {len(opened):,} pictures can be used, {len(report.problems):,} problems")
    return lines


def _sizes(report: "Report") -> str:
    if not report.sizes:
        return "sizes: no picture could be read"
    ordered = sorted(report.sizes, key=lambda size: size[0] * size[1])
    (height, width), often = report.sizes.most_common(1)[0]
    least, most = (f"{w} × {h}" for h, w in (ordered[0], ordered[-1]))
    if len(ordered) == 1:
        return f"sizes: all {width} × {height} pixels"
    return f"sizes: {least} to {most} pixels, most often {width} × {height} ({often:,} pictures)"


def _files(files: Sequence[str]) -> str:
    return f"{files[0]}{f' and {len(files) - 1:,} more' if len(files) > 1 else ''}"


def one_line(name: str) -> str:
    """A class name as a line of a table holds it."""
    return name if name.isprintable() else repr(name)
