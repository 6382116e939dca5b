"""Which network meets a wish best, by the records."""

from seg.catalogue.comparisons import WeightSet
from seg.catalogue.record import ClassScores, Validation
from seg.scores.leaderboard import Row
from seg.scores.wishes import NEARLY, WISHES, meets
from tests.records import record


def row(model: str, iou: float | None, f1: float = 0.0, gflops: float = 1.0, images: int = 10, **dice: float) -> Row:
    per_class = {name: ClassScores(dice=value, pixels=10 if name == "sign" else 9000) for name, value in dice.items()}
    validation = Validation("val", images, mean_iou=iou, boundary_f1=f1, per_class=per_class)
    return Row((WeightSet(record(f"street/{model}-wce", validation=validation, gflops=gflops)),))


def test_the_best_of_a_score_is_named_with_it():
    found = meets([row("unet", 0.5, 0.4), row("fcn8s", 0.6, 0.3)], WISHES["sharp outlines"])
    assert (found.row.record.model, found.by) == ("unet", "boundary F1 0.400")


def test_what_costs_least_must_be_nearly_as_good():
    rows = [row("unet", 0.6, gflops=9), row("fcn8s", NEARLY * 0.6 + 0.001, gflops=3), row("conv_stack", 0.3, gflops=1)]
    assert meets(rows, WISHES["few operations"]).row.record.model == "fcn8s"


def test_scores_of_other_pictures_do_not_count():
    rows = [row("unet", 0.9, images=3), row("fcn8s", 0.5), row("fcn32s", 0.4)]
    assert meets(rows, WISHES["most of it right"]).row.record.model == "fcn8s"


def test_rare_things_are_those_of_the_record():
    rows = [row("unet", 0.6, sky=0.9, sign=0.2), row("fcn8s", 0.5, sky=0.8, sign=0.3)]
    found = meets(rows, WISHES["rare and small things"])
    assert (found.row.record.model, found.by) == ("fcn8s", "mean Dice 0.300 of what is rare here, sign")


def test_without_anything_measured_there_is_no_answer():
    assert meets([row("unet", None)], WISHES["most of it right"]) is None
    assert meets([], WISHES["a small file"]) is None
