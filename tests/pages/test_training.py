"""The Training page without a browser: made-up replays of rendered shapes, real widgets."""

import base64
import io
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from seg.app import resources
from seg.app.components.player import describe
from seg.app.parts import replays, train_now
from seg.catalogue.comparisons import Entry, WeightSet
from seg.catalogue.store import WeightIndex
from seg.datasets import DATASETS
from seg.datasets.shapes import SHAPES, render
from seg.training import replay
from seg.training.learner import Learner
from tests.conftest import make_set
from tests.records import record

APP = Path(__file__).parents[2] / "streamlit_app.py"
CURVE = [{"epoch": e, "loss": 2.0 / e, "val_mean_iou": 0.1 * e} for e in range(1, 5)]
TRUTH = render(5, 64, 64).labels


def trained(
    folder: Path, name: str, maps: np.ndarray | None = None, steps: list[int] | None = None, seed: int = 0
) -> WeightSet:
    """A set with a replay of `maps`, and no weights behind it: the page opens none. No `steps`: no replay."""
    found = record(name, scale=64, tile=(64, 64), recipe={"seed": seed}, curve=CURVE)
    if steps:
        recorder = replay.Recorder(DATASETS["shapes"], 1, found.mean, found.std)
        recorder.frames, recorder.steps = list(torch.from_numpy(maps)), steps
        recorder.epochs = [4 * step / steps[-1] for step in steps]
        found = replace(found, replay=recorder.write(folder, name))
    WeightIndex(folder).add(found)
    return WeightSet(found, folder)


def sharpening(count: int) -> np.ndarray:
    """Ground only, then more of the truth row by row, until all of it is there: uint8 (count, 64, 64)."""
    maps = np.zeros((count, 64, 64), np.uint8)
    for i in range(count):
        rows = round(64 * i / (count - 1))
        maps[i, :rows] = TRUTH[:rows]
    return maps


def thirteen(folder: Path, name: str, **more) -> WeightSet:
    return trained(folder, name, sharpening(13), [round(200 * share) for share in replay.MOMENTS], **more)


def visit(folder: Path, monkeypatch) -> AppTest:
    monkeypatch.setattr(resources, "SHIPPED", folder)
    monkeypatch.delenv("SEG_WEIGHTS", raising=False)
    page = AppTest.from_file(APP, default_timeout=120)
    page.switch_page("pages/training.py")
    return page.run()


def entries(*sets: WeightSet) -> list[Entry]:
    return [Entry(weights.record.model, weights) for weights in sets]


def test_the_page_plays_every_network_and_draws_its_curves(tmp_path, monkeypatch):
    for model in ("fcn8s", "unet"):
        thirteen(tmp_path, f"shapes/{model}-wce")
    page = visit(tmp_path, monkeypatch)
    assert not page.exception
    assert not page.error
    assert not page.info
    assert [h.value for h in page.header] == [
        "What does each network learn first?", "When is each class found?", "How do the curves run?",
    ]  # fmt: skip
    assert len(page.get("plotly_chart")) == 3


def test_networks_without_a_replay_are_named_in_one_sentence_and_keep_their_curves(tmp_path, monkeypatch):
    thirteen(tmp_path, "shapes/unet-wce")
    for model in ("fcn8s", "fcn16s"):
        trained(tmp_path, f"shapes/{model}-wce")
    page = visit(tmp_path, monkeypatch)
    assert [i.value for i in page.info] == [
        "No replay of FCN-16s and FCN-8s, which were trained before replays were kept."
    ]
    assert len(page.get("plotly_chart")) == 3


def test_where_no_network_has_a_replay_the_page_says_so_and_shows_the_curves(tmp_path, monkeypatch):
    trained(tmp_path, "shapes/unet-wce")
    page = visit(tmp_path, monkeypatch)
    assert not page.exception
    assert "No replay of U-Net" in page.info[0].value
    assert len(page.get("plotly_chart")) == 2


def test_a_missing_index_is_one_sentence(tmp_path, monkeypatch):
    page = visit(tmp_path, monkeypatch)
    assert not page.exception
    assert "index.json" in page.error[0].value


def test_seeds_of_one_network_can_be_compared(tmp_path, monkeypatch):
    for seed in range(3):
        thirteen(tmp_path, "shapes/unet-wce" + (f"-seed{seed}" if seed else ""), seed=seed)
    page = visit(tmp_path, monkeypatch)
    compare = next(widget for widget in page.button_group if widget.label == "Compare")
    compare.set_value("seeds").run()
    assert not page.exception
    assert "How much of it is chance?" in [h.value for h in page.header]
    pills = next(widget for widget in page.button_group if widget.label == "Networks")
    assert pills.options == ["seed 0", "seed 1", "seed 2"]


def damage(weights: WeightSet, how: str) -> WeightSet:
    file = replay.path(weights.folder, weights.record.name)
    record = weights.record
    if how == "missing":
        file.unlink()
    elif how == "cut off":
        file.write_bytes(file.read_bytes()[:60])
    elif how == "another picture inside":
        Image.new("L", (64, 64)).save(file)
    elif how == "fewer moments than maps":
        about = record.replay
        record = replace(record, replay=replace(about, steps=about.steps[:-1], epochs=about.epochs[:-1]))
    elif how == "of an unknown data set":
        record = replace(record, dataset="moon", name=record.name.replace("shapes", "moon"))
        (weights.folder / "replays" / "moon").mkdir()
        file.rename(replay.path(weights.folder, record.name))
    return replace(weights, record=record)


@pytest.mark.parametrize(
    "how",
    ["missing", "cut off", "another picture inside", "fewer moments than maps", "of an unknown data set"],
)  # fmt: skip
def test_a_damaged_replay_is_one_sentence_and_the_others_play(tmp_path, how):
    whole, broken = thirteen(tmp_path, "shapes/unet-wce"), thirteen(tmp_path, "shapes/fcn8s-wce")
    show = replays.show(entries(whole, damage(broken, how)))
    assert [track.name for track in show.tracks] == ["unet"]
    assert len(show.problems) == 1
    assert "/fcn8s-wce" in show.problems[0]
    assert show.problems[0].count(". ") == 0


def test_a_replay_of_another_picture_is_named_and_left_out(tmp_path):
    sets = [thirteen(tmp_path, f"shapes/{model}-wce") for model in ("unet", "fcn8s", "fcn16s")]
    record = sets[0].record
    sets[0] = replace(sets[0], record=replace(record, replay=replace(record.replay, seed=6)))
    show = replays.show(entries(*sets))
    assert [track.name for track in show.tracks] == ["fcn8s", "fcn16s"]
    assert show.problems == ("The replay of unet shows another picture, so it cannot be played beside these.",)


def test_dice_of_every_moment_is_that_of_the_map_against_the_truth(tmp_path):
    (track,) = replays.show(entries(thirteen(tmp_path, "shapes/unet-wce"))).tracks
    assert track.mean_dice[-1] == 1
    assert track.mean_dice[0] < track.mean_dice[6] < 1
    present = set(np.unique(TRUTH).tolist())
    assert [value is not None for value in track.class_dice[-1]] == [c in present for c in range(len(SHAPES))]


def test_a_replay_with_fewer_moments_keeps_step_with_the_others(tmp_path):
    long, short = thirteen(tmp_path, "shapes/unet-wce"), trained(
        tmp_path, "shapes/fcn8s-wce", sharpening(3), [0, 100, 200]
    )  # fmt: skip
    show = replays.show(entries(long, short))
    assert show.shares == replay.MOMENTS
    assert show.tracks[0].frames == tuple(range(13))
    assert show.tracks[1].frames == (0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2)
    assert show.tracks[1].moments[0] == "before the first step"
    assert show.tracks[1].moments[-1] == "epoch 4.0 · step 200"


def test_the_dot_is_on_the_curve_and_missing_before_it_begins(tmp_path):
    (track,) = replays.show(
        entries(trained(tmp_path, "shapes/unet-wce", sharpening(3), [0, 100, 200]))
    ).tracks  # fmt: skip
    assert track.curve[0] == (0.25, 0.1)
    assert track.marks == ((0.0, None), (0.5, pytest.approx(0.2)), (1.0, pytest.approx(0.4)))


def test_points_of_a_curve_where_nothing_was_measured_are_left_out(tmp_path):
    record = trained(tmp_path, "shapes/unet-wce").record
    for curve in ((), [{"epoch": 1}, {"epoch": 2, "loss": None}, {"epoch": 3, "val_mean_iou": 0.5}]):
        assert replays.curve_of(replace(record, curve=curve), "loss") == ()
    assert replays.curve_of(record, "loss")[0] == (1, 2)


def test_a_class_is_found_when_its_dice_stays_above_a_half(tmp_path):
    track = replays.show(entries(thirteen(tmp_path, "shapes/unet-wce"))).tracks[0]
    scores = ((0.6, None), (0.2, 0.0), (0.5, 0.4), (0.9, 0.3))
    assert replays.found_at([replace(track, class_dice=scores)], 2).tolist() == [[2], [-1]]


def test_the_player_gets_every_map_exactly_and_refuses_those_of_another_shape(tmp_path):
    maps = sharpening(3)
    show = replays.show(entries(trained(tmp_path, "shapes/unet-wce", maps, [0, 1, 2])))
    data = describe(show.sample, show.tracks, show.shares, SHAPES)
    file = base64.b64decode(data["layers"][data["panels"][0]["labels"]])
    assert (np.array(Image.open(io.BytesIO(file))) == maps.reshape(-1, 64)).all()
    assert data["top"] == 0.5
    cropped = replace(show.sample, image=show.sample.image[:32], labels=show.sample.labels[:32])
    with pytest.raises(ValueError, match="the maps of unet are"):
        describe(cropped, show.tracks, show.shares, SHAPES)


def test_only_what_is_rendered_is_called_so(tmp_path):
    show = replays.show(entries(trained(tmp_path, "shapes/unet-wce", sharpening(3), [0, 1, 2])))
    said = {
        classes.dataset: describe(show.sample, show.tracks, show.shares, classes)["picture"]
        for classes in (SHAPES, DATASETS["everyday"].class_map, replace(SHAPES, dataset="orchard"))
    }
    assert said == {"shapes": "a rendered picture", "everyday": "a photo", "orchard": "a photo"}


# Train now ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def live_page(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "SHIPPED", tmp_path)
    make_set(tmp_path, "shapes/unet-wce", "unet")
    page = AppTest.from_file(str(APP), default_timeout=120).run()
    page = page.switch_page("pages/training.py").run()
    page.segmented_control(key="show").set_value("Train now").run()
    page.segmented_control(key="steps").set_value(120).run()
    yield page
    if "live_training" in page.session_state:
        resources.TRAININGS.stop(page.session_state.live_training)


def full_disk(*_):
    raise OSError(28, "No space left on device")


def drawn_while_it_moved():
    """As `st.fragment`, for a visitor who presses what the last look drew before the page has followed."""
    looks = iter([True])

    def fragment(part, **_):
        if part is not train_now._watch:
            return part
        return lambda training, moving: part(training, next(looks, moving))

    return fragment


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


@pytest.mark.training
def test_a_training_shows_masks_and_curves_and_is_kept_beside_the_shipped_sets(live_page, monkeypatch):
    page = press(live_page, "Train")
    training = page.session_state.live_training
    deadline = time.monotonic() + 120
    while not (training.progress and all(p.step for p in training.progress)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    page = page.run()
    assert not page.exception
    assert {chart.proto.alt for chart in page.get("plotly_chart")} == {"Held-out Dice by step", "Training loss by step"}
    assert sum("four held-out pictures" in str(image.proto) for image in page.get("image")) == 4
    page = press(page, "Pause")
    assert training.state == "paused"
    page = press(page, "Resume")
    page = press(page, "Stop")
    with monkeypatch.context() as patch:
        patch.setattr(Learner, "write", full_disk)
        page = press(page, "Keep for this visit")
    assert not page.exception
    assert "Keeping the networks failed (OSError)" in page.error[0].value
    with monkeypatch.context() as patch:
        patch.setattr(train_now.st, "fragment", drawn_while_it_moved())
        page = press(page, "Keep for this visit")
    assert not page.exception
    assert not page.error
    assert "on every page" in page.success[0].value
    page = page.switch_page("pages/leaderboard.py").run()
    assert not page.exception
    assert "live1" in " ".join(str(frame.value.to_dict()) for frame in page.dataframe)


def test_nothing_chosen_says_what_to_do_and_cannot_be_trained(live_page):
    page = live_page.pills(key="live-networks").set_value([]).run()
    button = next(button for button in page.button if button.label == "Train")
    assert button.disabled
    assert "at least one" in button.help


@pytest.mark.training
def test_leaving_the_page_does_not_lose_the_training(live_page):
    page = press(live_page, "Train")
    training = page.session_state.live_training
    page = page.switch_page("pages/compare.py").run().switch_page("pages/training.py").run()
    assert page.session_state.live_training is training
    assert page.segmented_control(key="show").value == "Train now"
    assert any(button.label in ("Stop", "Keep for this visit") for button in page.button)
