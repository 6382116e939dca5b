"""Confidence that means the same for every weight set."""

from pathlib import Path
from typing import Annotated

import typer

from seg.cli.options import WeightsFolder, as_score


def calibrate(
    pattern: Annotated[str, typer.Argument(metavar="PATTERN", help="the sets of such names: 'street/*'")],
    data: Annotated[Path | None, typer.Option(help="folder with val/ and valannot/; rendered sets need none")] = None,
    folder: WeightsFolder = None,
) -> None:
    """Fit the temperature of weight sets on their validation pictures, and keep it in their records.

    Training does so by itself: this is for sets that are older. The scores that depend on confidence are measured anew.
    """
    from dataclasses import replace
    from fnmatch import fnmatchcase

    from seg.catalogue.store import SHIPPED, WeightIndex
    from seg.errors import WeightsError
    from seg.inference.segmenter import Segmenter
    from seg.scores.calibration import fit_temperature
    from seg.scores.evaluation import Account, evaluate, samples_for

    index = WeightIndex(folder or SHIPPED)
    chosen = [record for name, record in index.networks().items() if fnmatchcase(name, pattern)]
    if not chosen:
        raise WeightsError(f"{index.folder} has no weight set whose name fits {pattern!r}.")
    for record in chosen:
        samples = samples_for(record, data)
        network = index.load(record)
        fitted = replace(record, temperature=fit_temperature(Segmenter(record, network, engine="torch"), samples))
        segmenter = Segmenter(fitted, network, engine="torch")
        scored = replace(fitted, validation=evaluate(segmenter, samples, "val", account=Account()))
        index.add(scored)
        print(
            f"{record.name}: temperature {fitted.temperature:.2f}, calibration error "
            f"{as_score(record.validation.ece)} → {as_score(scored.validation.ece)}",
            flush=True,
        )
