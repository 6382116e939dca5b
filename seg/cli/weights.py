"""What networks there are, and what trained ones."""

import json
import sys
from typing import Annotated

import typer

from seg.cli.options import AsJson, WeightsFolder, as_score


def models(as_json: AsJson = False) -> None:
    """List the architectures: parameters, GFLOPs, receptive field, skips, upsampling."""
    from dataclasses import asdict

    from seg.anatomy.cost import describe
    from seg.models import ARCHITECTURES

    found = [
        (width, describe(name, num_classes=11, width=width)) for width in ("slim", "paper") for name in ARCHITECTURES
    ]
    if as_json:
        print(json.dumps([{"width": width, **asdict(anatomy)} for width, anatomy in found], indent=1))
        return
    head = f"{'architecture':17}{'width':7}{'parameters':>12}{'GFLOPs':>9}{'field':>7}"
    print(f"{head}  skips; upsampling (kernel, stride, padding)")
    for width, a in found:
        ways = ", ".join(f"{u.method} ({u.kernel}, {u.stride}, {u.padding})" for u in a.upsampling)
        figures = f"{a.name:17}{width:7}{a.parameters:12,}{a.gflops:9.1f}{a.receptive_field:7}"
        print(f"{figures}  {' '.join(a.skips) or '–'}; {ways or '–'}")
    print("GFLOPs for 480×360 pixels, 11 classes, a multiplication and an addition counted as two.")


def weights(
    as_json: AsJson = False,
    verify: Annotated[bool, typer.Option(help="check every file's SHA-256")] = False,
    folder: WeightsFolder = None,
) -> None:
    """List the weight sets and their validation scores."""
    from dataclasses import asdict

    from seg.catalogue.comparisons import WeightSet
    from seg.catalogue.store import SHIPPED, WeightIndex, own_folders

    own = [] if folder else own_folders()
    shipped = folder or SHIPPED
    # where nothing came with the program, as in a wheel, one's own sets are all there are
    folders = {shipped: 0} if not own or WeightIndex(shipped).path.exists() else {}
    folders |= {one: number for number, one in enumerate(own, 1) if one != shipped}
    sets = [WeightSet(r, one, n) for one, n in folders.items() for r in WeightIndex(one).records().values()]
    if as_json:
        print(json.dumps([asdict(s.record) for s in sets], indent=1))
    else:
        print(f"{'set':36}{'parameters':>12}{'MB':>7}{'mIoU':>8}{'Dice':>8}{'pixels':>8}{'bF1':>8}")
        for s in sets:
            r, v = s.record, s.record.validation
            columns = "".join(f"{as_score(x):>8}" for x in (v.mean_iou, v.mean_dice, v.pixel_accuracy, v.boundary_f1))
            size = "–" if r.scores_alone else f"{r.bytes / 1e6:.1f}"
            print(f"{s.name:36}{r.parameters:12,}{size:>7}{columns}")
    if verify:
        from seg.likeness.likeness import FILE, Likeness

        kept = [s for s in sets if not s.record.scores_alone]
        for s in kept:
            WeightIndex(s.folder).verify(s.record)
        beside = [one / FILE.name for one in folders if (one / FILE.name).exists()]
        for file in beside:
            Likeness.verify(file)
        print(f"{len(kept) + len(beside)} files match their checksums.", file=sys.stderr)
