"""A recipe is one that can be trained, or a sentence that names what cannot be."""

import pickle
from dataclasses import asdict, fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seg.catalogue.comparisons import LOSS_TITLES
from seg.errors import OptionError, TrainingError
from seg.losses import LOSSES
from seg.models import BACKBONES
from seg.training.batch import read
from seg.training.recipe import Recipe

RECIPE = Recipe("shapes", "unet", crop=(32, 48), minutes=5, variant="a-b_1.5")
NAMES = [field.name for field in fields(Recipe)]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("levels", 0, "levels is 0: it must be more than 0."),
        ("learning_rate", 50, "learning_rate is 50: it must be at most 1."),
        ("learning_rate", float("nan"), "learning_rate is nan: it must be at most 1."),
        ("minutes", float("inf"), "minutes = inf is of the wrong type: it must be a finite number."),
        ("epochs", 0, "epochs is 0: it must be more than 0."),
        ("epochs", 1.0, "epochs = 1.0 is of the wrong type: it must be a valid integer."),
        ("scale", "180", "scale = '180' is of the wrong type: it must be a valid integer."),
        ("jitter", 1, "jitter = 1 is of the wrong type: it must be a valid boolean."),
        ("warmup", 1, "warmup is 1: it must be less than 1."),
        ("rarity", -0.5, "rarity is -0.5: it must be at least 0."),
        ("crop", [32], "crop = [32] is of the wrong type: it must be two whole numbers, height and width."),
        ("crop", (32, 0), "crop is (32, 0): it must be more than 0."),
        ("variant", "../x", "variant is '../x': it may hold letters, digits, '.', '_' and '-' only."),
        ("model", "vit", "Unknown model 'vit': choose one of conv_stack, encoder_decoder,"),
        ("dataset", "moon", "Unknown dataset 'moon': choose one of "),
        ("loss", "hinge", "Unknown loss 'hinge': choose one of wce, ce, dice,"),
        ("backbone", "fpn/resnet18", f"Unknown backbone 'fpn/resnet18': choose one of {', '.join(BACKBONES)}."),
        ("optimizer", None, "optimizer = None is of the wrong type: it must be a valid string."),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_name(field, value, sentence):
    with pytest.raises(OptionError) as caught:
        replace(RECIPE, **{field: value})
    assert str(caught.value).startswith(sentence)


def test_the_mean_of_the_weights_and_the_best_by_validation_exclude_each_other():
    with pytest.raises(OptionError, match="average and patience exclude each other"):
        replace(RECIPE, average=0.99, patience=3)


def test_smp_has_backbones_of_its_own_and_a_list_from_a_file_is_a_crop():
    assert replace(RECIPE, model="smp", backbone="fpn/resnet18").arguments["backbone"] == "fpn/resnet18"
    assert replace(RECIPE, crop=[32, 48]) == RECIPE


def test_every_loss_has_a_title_and_every_title_a_loss():
    assert set(LOSS_TITLES) == set(LOSSES)


def test_a_recipe_travels_to_another_process_and_through_a_checkpoint():
    assert pickle.loads(pickle.dumps(RECIPE)) == RECIPE
    assert RECIPE.differences(asdict(RECIPE)) == []


def test_a_kept_recipe_of_an_earlier_version_differs_only_where_it_says_otherwise():
    kept = {**asdict(RECIPE), "crop": [32, 48], "seed": 7, "minutes": 90.0}
    for added_since in ("warmup", "balance"):
        del kept[added_since]
    assert RECIPE.differences(kept) == ["seed"]
    assert replace(RECIPE, balance=0.5).differences(kept) == ["balance", "seed"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([1, 0.5, "unet"]),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), anything, max_size=4))
def test_any_values_give_a_recipe_or_a_sentence_that_names_one_of_them(values):
    try:
        recipe = Recipe(**{**asdict(RECIPE), **values})
    except OptionError as error:
        said = str(error)
        assert any(name in said.split()[:2] for name in values)
        assert "\n" not in said.replace(repr("\n"), "")
        return
    assert recipe.differences(asdict(recipe)) == []
    assert 0 <= recipe.rate(0) <= recipe.learning_rate <= 1


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return repr(value) if isinstance(value, int | float) else "'x'"


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), anything.filter(lambda v: v is not None), max_size=3))
def test_a_file_of_any_values_gives_recipes_or_a_sentence_that_names_file_and_run(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("recipes") / "any.toml"
    lines = {"dataset": "'shapes'", "model": "'unet'"} | {key: toml(value) for key, value in values.items()}
    path.write_text("[[run]]\n" + "\n".join(f"{key} = {value}" for key, value in lines.items()))
    try:
        recipes = read(path)
    except TrainingError as error:
        said = str(error)
        assert str(path) in said
        return
    assert all(isinstance(recipe, Recipe) for recipe in recipes)
