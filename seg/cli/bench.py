"""What is timed against what."""

import json
from pathlib import Path
from typing import Annotated

import typer

from seg.cli.options import Device, EngineName, JsonFile, WeightsFolder, write
from seg.errors import OptionError


def bench(
    json_file: JsonFile = None,
    repeats: int = 5,
    device: Device = "auto",
    engine: EngineName = "auto",
    only: Annotated[list[str] | None, typer.Option(help="only this set or paper's width; may be repeated")] = None,
    paper: Annotated[bool, typer.Option(help="the papers' widths too: a few minutes on two cores")] = False,
    peers: Annotated[
        bool, typer.Option(help="the engines of others too, as far as they are installed, side by side")
    ] = False,
    record: Annotated[bool, typer.Option(help="keep the figures for the Leaderboard")] = False,
    pictures: Annotated[
        int | None,
        typer.Option(help="instead, let the sets of --only score so many pictures, together", min=1),
    ] = None,
    folder: WeightsFolder = None,
) -> None:
    """Time the weight sets on this machine against plain eager PyTorch."""
    if pictures:
        _throughput(only or [], pictures, repeats, folder, engine, json_file)
        return
    from seg.bench import measure
    from seg.catalogue.store import SHIPPED

    if record and only:
        raise OptionError("--record keeps the figures of a whole run: leave out --only, or use --json to write them.")
    figures = measure.bench(only or None, repeats, device, folder or SHIPPED, engine, paper, peers)
    machine = f"{figures['device']} ({figures['processor']}), {figures['threads']} threads, torch {figures['torch']}"
    print(f"{machine}; a large convolution reaches {figures['peak']:.0f} GFLOP/s; medians of {figures['repeats']}")
    columns = f"{'± spread':>10}{'eager ms':>10}{'ratio':>8}{'of peak':>9}{'MB':>8}"
    if figures["sets"]:
        print(f"one {figures['picture']} picture")
        print(f"{'set':36}{'engine':>10}{'GFLOPs':>9}{'picture ms':>12}{'network ms':>12}{columns}{'tiled':>8}")
        for s in figures["sets"]:
            print(
                f"{s['name']:36}{s['engine']:>10}{s['gflops'] or 0:9.2f}{1000 * s['seconds']:12.1f}"
                f"{1000 * s['network']:12.1f}{_costs(s)}{s['tiled']:8.3f}"
            )
        print(f"{'all':55}{1000 * figures['all_seconds']:12.1f}")
        print("tiled: share of a 2:1 picture's pixels that get the same label with tiles as without")
    if way := figures["app"]:
        decoding, running, eager, encoding = (1000 * way[key] for key in ("decode", "run", "eager", "encode"))
        print(f"\nthe app's way of one JPEG through {', '.join(way['networks'])}")
        print(f"decode {decoding:.1f} ms, run {running:.1f} ms, encode {encoding:.1f} ms")
        print(f"a plain eager loop runs {eager:.1f} ms, ratio {way['ratio']:.2f}")
        print(f"loaded anew, the slowest is ready after {way['start']:.2f} s")
        print(f"with {way['tiles']} tiles, one takes {way['per_tile']:.2f} of what a picture of one takes")
    for large in figures["large"]:
        memory = "" if large["megabytes"] is None else f", {large['megabytes']:.0f} MB"
        print(f"48 megapixels at detail 4, {large['name']}: {large['seconds']:.1f} s{memory}")
    if widths := figures["paper"]:
        print("\nthe papers' widths, random weights, 1×3×352×480")
        print(f"{'network':20}{'engine':>10}{'GFLOPs':>10}{'ms':>10}{columns}")
        for s in widths:
            print(f"{s['name']:20}{s['engine']:>10}{s['gflops']:10.1f}{1000 * s['seconds']:10.1f}{_costs(s)}")
        seconds, eager = (sum(s[key] for s in widths) for key in ("seconds", "eager"))
        print(f"together {1000 * seconds:.1f} ms, in plain PyTorch {1000 * eager:.1f} ms, ratio {seconds / eager:.2f}")
    if peers:
        _print_peers([(s["name"], s["network"], s) for s in figures["sets"]])
        _print_peers([(s["name"], s["seconds"], s) for s in figures["paper"]])
    if record:
        measure.write_figures(figures, folder or SHIPPED)
    if json_file:
        write(json_file, f"{json.dumps(figures, indent=1)}\n".encode())


def _print_peers(measured: list[tuple[str, float, dict]]) -> None:
    """measured: the name, its seconds in the network alone, and all its figures."""
    for name, ours, figures in measured:
        others = {"eager PyTorch": figures["eager"], **figures["peers"]}
        said = ", ".join(f"{peer} {1000 * seconds:.1f}" for peer, seconds in others.items())
        best = min(others.values())
        print(f"{name}: {1000 * ours:.1f} ms, {ours / best:.2f} of the best of others: {said}")


def _throughput(
    names: list[str], pictures: int, repeats: int, folder: Path | None, engine: str, json_file: Path | None
) -> None:
    from seg.bench.throughput import throughput
    from seg.catalogue.store import folder_of

    if not names:
        raise OptionError("--pictures needs the sets that score them: name them with --only.")
    found = throughput(names, pictures, repeats, folder or folder_of(names[0]), engine)
    scored, networks, eager = (1000 * found[key] for key in ("scored", "networks", "eager"))
    print(f"{', '.join(names)}: {1000 / scored:.1f} pictures a second")
    print(f"{scored:.1f} ms a picture; the networks alone take {networks:.1f} ms, {found['of_networks']:.2f} of that")
    print(f"plain eager loops take {eager:.1f} ms, {found['of_eager']:.2f} times as long")
    if json_file:
        write(json_file, f"{json.dumps(found, indent=1)}\n".encode())


def _costs(s: dict) -> str:
    of_peak, memory = s["of_peak"], s["megabytes"]
    return (
        f"{1000 * s['spread']:10.1f}{1000 * s['eager']:10.1f}{s['ratio']:8.2f}"
        + (f"{of_peak:9.2f}" if of_peak is not None else f"{'':9}")
        + (f"{memory:8.0f}" if memory is not None else f"{'':8}")
    )
