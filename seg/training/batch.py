"""Many runs from one list: read the recipes of a file, see which are done, train the others here or through Ray."""

import contextlib
import itertools
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch

from seg.catalogue.record import Record
from seg.catalogue.store import WeightIndex
from seg.datasets import DATASETS
from seg.datasets.own import open_data
from seg.datasets.unnamed import EVERY
from seg.errors import OptionError, SegError, TrainingError, WeightsError
from seg.inference.on_ray import connect, one_line
from seg.training.recipe import Recipe

DONE, RESUME, TO_DO = "done", "resume", "missing"

FIELDS = {field.name: field for field in fields(Recipe)}
"""A recipe's fields, all of which a file may set."""

RETRIES = 3
"""How often a run is taken up again after its Ray worker was lost."""


def read(path: str | Path, data: str | Path | None = None) -> list[Recipe]:
    """The recipes of a TOML file, in its order.

    data: the folder or ZIP of an own data set, which is that of runs that name no other.

    Its table [defaults] holds fields that every run has unless its own [[run]] says otherwise. A list in a run stands
    for one run with each of its values; several lists for every combination, the first changing slowest. A variant may
    name other fields: "seed{seed}" becomes "seed1".

    Raises TrainingError, naming file and key, for anything that cannot be understood, and for two runs of one name.
    """
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise TrainingError(f"{path} is not TOML: {error}.") from error
    if unknown := sorted(table.keys() - {"defaults", "run"}):
        raise TrainingError(f"{path}: unknown key {unknown[0]!r}: there is [defaults], and a [[run]] for every run.")
    defaults, runs = table.get("defaults", {}), table.get("run", [])
    if not isinstance(defaults, dict):
        raise TrainingError(f"{path}: defaults must be a table, [defaults].")
    if not isinstance(runs, list) or not runs or not all(isinstance(run, dict) for run in runs):
        raise TrainingError(f"{path}: there is no [[run]] table.")
    recipes, own = {}, ""
    for number, run in enumerate(runs, 1):
        where = f"{path}, run {number}"
        for values in _combinations({**defaults, **run}, where):
            if data is not None and values.get("dataset") not in DATASETS:
                own = own or open_data(data, looked_at=EVERY).name
                if values.get("dataset", own) == own:
                    values = {"rendered": 0, **values, "dataset": own, "own": True}
            recipe = _recipe(values, where)
            if recipe.name in recipes:
                raise TrainingError(f"{where}: {recipe.name} is there twice: give one of the two another variant.")
            recipes[recipe.name] = recipe
    return list(recipes.values())


def _combinations(values: dict[str, Any], where: str) -> Iterator[dict[str, Any]]:
    """`values` with one element of every list; a list that is one value of its field (a crop's two sides) stays."""
    choices = []
    for key, value in values.items():
        if key not in FIELDS:
            raise TrainingError(f"{where}: unknown key {key!r}: choose one of {', '.join(FIELDS)}.")
        if value == []:
            raise TrainingError(f"{where}: {key} is an empty list.")
        several = isinstance(value, list) and (key != "crop" or isinstance(value[0], list))
        choices.append(value if several else [value])
    return (dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*choices))


def _recipe(values: dict[str, Any], where: str) -> Recipe:
    if missing := [name for name, field in FIELDS.items() if field.default is MISSING and name not in values]:
        raise TrainingError(f"{where}: {missing[0]} is missing.")
    variant = values.pop("variant", "")
    try:
        recipe = Recipe(**values)
        return replace(recipe, variant=_filled_in(variant, recipe) if isinstance(variant, str) else variant)
    except OptionError as error:
        said = str(error)
        raise TrainingError(f"{where}: {said[0].lower()}{said[1:]}") from error


def _filled_in(variant: str, recipe: Recipe) -> str:
    """A variant with its {field}s filled in. Raises OptionError for one that the recipe does not set."""

    def fill(match: re.Match) -> str:
        value = getattr(recipe, match[1]) if match[1] in FIELDS else None
        if value is None:
            raise OptionError(f"variant {variant!r} names {match[1]}, which this run does not set.")
        return str(value)

    return re.sub(r"\{(\w*)\}", fill, variant)


def state(recipe: Recipe, out: str | Path) -> str:
    """What there is of a run in `out`.

    "done": a record with its scores, of this very recipe (the time budget aside), and the tensors that it describes;
    "resume": a checkpoint to go on from; "missing": neither. Raises WeightsError if the index is damaged.
    """
    index = WeightIndex(out)
    record = index.records().get(recipe.name) if index.path.exists() else None
    if record and record.validation.images and not recipe.differences(record.recipe):
        with contextlib.suppress(WeightsError):
            index.verify(record)
            return DONE
    return RESUME if (index.folder / "runs" / recipe.name / "last.ckpt").exists() else TO_DO


@dataclass(frozen=True)
class Outcome:
    """What came of one run.

    found: its state before, or before the last attempt at it. record: None where it failed, which `failure` explains in
    a sentence.
    """

    name: str
    found: str
    record: Record | None = None
    failure: str = ""


def run(
    recipes: Iterable[Recipe],
    data: str | Path | None,
    out: str | Path,
    ray: str | None = None,
    threads: int | None = None,
    progress: bool = False,
) -> Iterator[Outcome]:
    """Train what is missing and go on with what was cut off, into `out`; gives every run's outcome when it is there.

    A run that fails does not stop the others.

    data: the real frames; None where every recipe's dataset is only rendered.
    ray: "local" for a task a core or GPU of this machine; "auto" or HOST:PORT for a cluster that is running, all of
        whose machines have this program, `data` and `out` under the same paths. None trains one run after the other.

    Raises WeightsError if the index in `out` is damaged, TrainingError if there is no such Ray.
    """
    data, out = Path(data).resolve() if data else None, Path(out).resolve()
    recipes = list(recipes)
    to_do = [recipe for recipe in recipes if state(recipe, out) != DONE]
    for recipe in recipes:
        if ray is None or recipe not in to_do:
            yield attempt(recipe, data, out, threads, progress)
    if ray is not None and to_do:
        yield from _on_ray(to_do, data, out, ray, threads)


def attempt(
    recipe: Recipe, data: Path | None, out: Path, threads: int | None = None, progress: bool = False
) -> Outcome:
    """Train one run, or go on with it, unless it is done. What goes wrong is told, not raised."""
    found = TO_DO
    try:
        found = state(recipe, out)
        if found == DONE:
            return Outcome(recipe.name, found, WeightIndex(out).record(recipe.name))
        from seg.training.trainer import train  # slow to import, and what is done does not need it

        if threads:
            torch.set_num_threads(threads)
        return Outcome(recipe.name, found, train(recipe, data, out, resume=True, progress=progress))
    except SegError as error:
        return Outcome(recipe.name, found, failure=str(error))
    except Exception as error:  # a surprise in one run must not cost a night of the others
        return Outcome(recipe.name, found, failure=f"{type(error).__name__}: {one_line(error)}")


def _on_ray(
    recipes: list[Recipe], data: Path | None, out: Path, address: str, threads: int | None
) -> Iterator[Outcome]:
    """Every recipe a Ray task. A task whose worker was lost is started again, and goes on from the checkpoint."""
    connect(address)
    import ray
    from ray.exceptions import RayError, RayTaskError

    try:
        most = max(int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"])
        cpus, gpus = min(threads or 1, most), 1 if ray.cluster_resources().get("GPU") else 0
        task = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=RETRIES, max_calls=1)(attempt)
        # Ray's types know no arguments with defaults.
        waiting = {task.options(name=r.name).remote(r, data, out, threads): r for r in recipes}  # pyright: ignore[reportCallIssue]
        while waiting:
            (finished,), _ = ray.wait(list(waiting))
            recipe = waiting.pop(finished)
            try:
                yield ray.get(finished)
            except RayTaskError as error:
                yield Outcome(recipe.name, state(recipe, out), failure=one_line(error.cause))
            except RayError as error:
                lost = f"its worker was lost {RETRIES + 1} times ({type(error).__name__})"
                yield Outcome(recipe.name, state(recipe, out), failure=f"{lost}: run the grid again to go on.")
    finally:
        ray.shutdown()
