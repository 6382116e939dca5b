import base64
import io

import numpy as np
import pytest
from PIL import Image

from seg.app.components import viewer as module
from seg.app.components.viewer import Panel, describe
from seg.app.components.viewer import layers as layers_module
from seg.app.components.viewer.layers import MAX_CONFIDENCE_SIDE, MAX_SIDE
from seg.datasets import street
from seg.datasets.membranes import MEMBRANES
from seg.datasets.street import STREET
from seg.errors import ImageError
from seg.labels import IGNORE, ClassMap
from seg.pictures.drawing import encode_png
from seg.scores.metrics import score

PHOTO = np.zeros((36, 48, 3), np.uint8)


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "encoded", layers_module.Encoded(layers_module.CACHE_BYTES))


def street_ids(height: int = 36, width: int = 48) -> np.ndarray:
    values = np.array([*range(len(STREET)), IGNORE], np.uint8)
    return np.random.default_rng(0).choice(values, (height, width))


def read(layers: dict[str, str], digest: str) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(base64.b64decode(layers[digest]))))


def only_panel(panel: Panel, photo: np.ndarray = PHOTO) -> dict:
    return describe(photo, [panel], STREET)[0]["panels"][0]


def test_the_file_of_a_label_map_holds_its_ids_exactly():
    labels = street_ids()
    data, layers = describe(PHOTO, [Panel("a", labels=labels)], STREET)
    assert (read(layers, data["panels"][0]["labels"]) == labels).all()


def test_the_file_of_a_confidence_map_holds_whole_per_cent():
    confidence = np.linspace(0, 1, PHOTO[..., 0].size, dtype=np.float32).reshape(36, 48).astype(np.float16)
    data, layers = describe(PHOTO, [Panel("a", labels=street_ids(), confidence=confidence)], STREET)
    percent = read(layers, data["panels"][0]["confidence"])
    assert (np.abs(percent - confidence.astype(float) * 100) <= 0.5).all()


def test_confidences_out_of_range_are_clipped_and_missing_ones_marked():
    confidence = np.full((36, 48), 0.5)
    confidence[0, :3] = -1, 7, np.nan
    data, layers = describe(PHOTO, [Panel("a", labels=street_ids(), confidence=confidence)], STREET)
    assert read(layers, data["panels"][0]["confidence"])[0, :4].tolist() == [0, 100, 255, 50]


def test_large_pictures_and_maps_are_reduced_and_ids_stay_ids():
    photo = np.zeros((1500, 2000, 3), np.uint8)
    labels = street_ids(1500, 2000)
    data, layers = describe(photo, [Panel("a", labels=labels, confidence=np.ones(labels.shape))], STREET, labels)
    panel = data["panels"][0]
    assert read(layers, data["photo"]["digest"]).shape == (900, MAX_SIDE, 3)
    assert read(layers, panel["labels"]).shape == (900, MAX_SIDE)
    assert read(layers, panel["confidence"]).shape == (360, MAX_CONFIDENCE_SIDE)
    assert set(np.unique(read(layers, panel["labels"]))) <= set(panel["ids"])
    assert (data["photo"]["width"], data["photo"]["height"]) == (2000, 1500)
    assert data["truth"]["labels"] == panel["labels"]


def test_a_grey_photo_is_sent_as_it_is():
    data, layers = describe(np.full((30, 40), 77, np.uint8), [], MEMBRANES)
    assert (read(layers, data["photo"]["digest"]) == 77).all()


def test_maps_of_the_same_shape_at_another_scale_are_shown():
    photo = np.zeros((375, 500, 3), np.uint8)
    for size in ((188, 250), (187, 250), (750, 1000), (94, 125)):
        assert not only_panel(Panel("a", labels=np.zeros(size, np.uint8)), photo)["failed"]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.zeros((48, 36), np.uint8), "36 × 48 pixels"),
        (np.zeros((36, 36), np.uint8), "36 × 36 pixels"),
        (np.zeros((36, 48, 3), np.uint8), "(36, 48, 3)"),
        (np.zeros((0, 0), np.uint8), "(0, 0)"),
        (np.full((36, 48), 11, np.uint8), "class id 11, but the street classes end at 10"),
        (np.full((36, 48), 254, np.uint8), "class id 254"),
        (np.zeros((36, 48), np.float32), "float32 numbers"),
    ],
)
def test_a_mask_that_cannot_be_shown_says_why_and_the_others_go_on(labels: np.ndarray, words: str):
    data, _ = describe(PHOTO, [Panel("bad", labels=labels), Panel("good", labels=street_ids())], STREET)
    bad, good = data["panels"]
    assert bad["failed"]
    assert words in bad["status"]
    assert "labels" not in bad
    assert not good["failed"]
    assert good["labels"]


def test_a_truth_that_does_not_fit_says_so_in_its_own_panel():
    data, _ = describe(PHOTO, [Panel("good", labels=street_ids())], STREET, np.zeros((7, 7), np.uint8))
    assert data["truth"]["failed"]
    assert not data["panels"][0]["failed"]


def test_a_confidence_map_that_does_not_fit_leaves_the_mask_and_a_note():
    panel = only_panel(Panel("a", labels=street_ids(), confidence=np.ones((7, 7))))
    assert not panel["failed"]
    assert "confidence" not in panel
    assert "7 × 7" in panel["note"]


def test_a_panel_without_labels_keeps_its_status():
    waiting = only_panel(Panel("a", "caption", status="running …"))
    failed = only_panel(Panel("a", status="It broke.", failed=True))
    assert (waiting["status"], waiting["failed"]) == ("running …", False)
    assert (failed["status"], failed["failed"]) == ("It broke.", True)


def test_two_panels_of_one_name_are_refused():
    with pytest.raises(ValueError, match="'a'"):
        describe(PHOTO, [Panel("a"), Panel("a")], STREET)


def test_arrays_seen_before_are_neither_hashed_nor_encoded_again(monkeypatch: pytest.MonkeyPatch):
    labels, confidence, truth = street_ids(), np.ones((36, 48)), street_ids()
    first = describe(PHOTO, [Panel("a", labels=labels, confidence=confidence)], STREET, truth)

    def fail(*_):
        raise AssertionError("worked again on an array that was here before")

    monkeypatch.setattr(layers_module, "_hash", fail)
    for name in ("encode_photo", "encode_labels", "encode_confidence"):
        monkeypatch.setattr(module, name, fail)
    assert describe(PHOTO, [Panel("a", labels=labels, confidence=confidence)], STREET, truth) == first


def test_an_equal_array_is_not_encoded_again(monkeypatch: pytest.MonkeyPatch):
    first = describe(PHOTO, [Panel("a", labels=street_ids())], STREET)
    monkeypatch.setattr(module, "encode_labels", None)
    assert describe(PHOTO, [Panel("a", labels=street_ids())], STREET) == first


def test_a_new_array_is_not_taken_for_one_that_is_gone():
    digests = set()
    for value in range(5):
        labels = np.full((36, 48), value, np.uint8)
        digests.add(describe(PHOTO, [Panel("a", labels=labels)], STREET)[0]["panels"][0]["labels"])
        del labels
    assert len(digests) == 5


def test_the_cache_forgets_the_least_recently_used_layers():
    cache = layers_module.Encoded(limit=100)
    arrays = [np.full((4, 4), value, np.uint8) for value in range(5)]
    encoded = []

    def encode(array: np.ndarray) -> tuple[bytes, tuple]:
        encoded.append(int(array[0, 0]))
        return bytes(30), ()  # 40 characters of base64

    for array in arrays:
        cache.layer(array, "labels", encode)
    cache.layer(arrays[4], "labels", encode)
    cache.layer(arrays[0], "labels", encode)
    assert encoded == [0, 1, 2, 3, 4, 0]


def test_scores_go_to_the_browser_as_numbers_and_none_where_there_is_nothing_to_score():
    labels, truth = np.array([[0, 0, 1, 1]], np.uint8), np.array([[0, 1, 1, IGNORE]], np.uint8)
    photo = np.zeros((1, 4, 3), np.uint8)
    panel = only_panel(Panel("a", labels=labels, scores=score(labels, truth, 3)), photo)
    assert panel["scores"]["dice"] == pytest.approx([2 / 3, 2 / 3, None])
    assert panel["scores"]["mean"] == pytest.approx(2 / 3)
    assert panel["scores"]["precision"] == [0.5, 1, None]
    assert panel["scores"]["recall"] == [1, 0.5, None]
    assert "scores" not in only_panel(Panel("a", labels=labels), photo)


def test_names_go_to_the_browser_as_they_are():
    hostile = ClassMap("<b>", ("<img src=x onerror=alert(1)>", "</script>"), ((1, 2, 3), (4, 5, 6)), 255)
    data, _ = describe(PHOTO, [Panel("<i>a</i>", "<u>b</u>", np.full((36, 48), 9, np.uint8))], hostile)
    assert data["classes"]["names"] == list(hostile.names)
    assert (data["panels"][0]["name"], data["panels"][0]["caption"]) == ("<i>a</i>", "<u>b</u>")
    assert "but the <b> classes end at 1" in data["panels"][0]["status"]


@pytest.mark.parametrize("size", [(360, 480), (3000, 4000), (1, 5000), (1201, 1200)])
def test_the_size_of_the_photo_as_sent_is_told(size: tuple[int, int]):
    photo = np.zeros((*size, 3), np.uint8)
    data, layers = describe(photo, [], STREET)
    sent = data["photo"]["sentHeight"], data["photo"]["sentWidth"]
    assert sent == read(layers, data["photo"]["digest"]).shape[:2]


def test_eight_panels_are_sent_in_less_than_700_kilobytes():
    sample = street.render(7, 360, 480)
    rng = np.random.default_rng(0)
    panels = []
    for i in range(8):
        labels = np.roll(sample.labels, i, axis=1)
        coarse = Image.fromarray(rng.uniform(0.5, 1, (23, 30)).astype(np.float32))
        confidence = np.asarray(coarse.resize((480, 360), Image.Resampling.BICUBIC))
        panels.append(Panel(f"{i}", labels=labels, confidence=confidence))
    _, layers = describe(sample.image, panels, STREET, sample.labels)
    assert sum(map(len, layers.values())) < 700_000


def painting(ids: np.ndarray, photo: str = "photo-1") -> dict[str, str]:
    return {"photo": photo, "png": base64.b64encode(encode_png(ids)).decode()}


def test_a_painting_comes_at_the_full_size_of_its_photo():
    ids = np.full((60, 120), IGNORE, np.uint8)
    ids[:30] = 3
    truth = module.read_painting(painting(ids), "photo-1", (301, 600), STREET)
    assert truth.shape == (301, 600)
    assert truth.dtype == np.uint8
    assert (truth[:150] == 3).all()
    assert (truth[151:] == IGNORE).all()


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (None, "another photo"),
        (painting(np.zeros((30, 60), np.uint8), "photo-2"), "another photo"),
        ([], "another photo"),
        ({"photo": "photo-1"}, "damaged"),
        ({"photo": "photo-1", "png": "%%%"}, "damaged"),
        ({"photo": "photo-1", "png": 7}, "damaged"),
        ({"photo": "photo-1", "png": "A" * 8_000_000}, "damaged"),
        ({"photo": "photo-1", "png": base64.b64encode(b"no picture").decode()}, "The painting"),
        (painting(np.zeros((60, 60), np.uint8)), "does not fit"),
        (painting(np.full((30, 60), 99, np.uint8)), "99"),
        (painting(np.full((30, 60), IGNORE, np.uint8)), "Nothing is painted"),
    ],
)
def test_what_is_no_painting_of_this_photo_is_refused_with_a_sentence(message: object, sentence: str):
    with pytest.raises(ImageError, match=sentence):
        module.read_painting(message, "photo-1", (300, 600), STREET)


def test_paintings_that_are_told_come_at_the_size_of_their_photos_blank_or_not():
    ids = np.full((30, 60), IGNORE, np.uint8)
    png = painting(ids)["png"]
    sizes = {"a": (300, 600), "b": (30, 60)}
    told = dict(module.read_painted([{"paint": name, "png": png} for name in "abc"], sizes, STREET))
    assert {name: labels.shape for name, labels in told.items()} == sizes
    assert (told["a"] == IGNORE).all()
    for nothing in (None, {}, [None], [["a"]]):
        assert not list(module.read_painted(nothing, sizes, STREET))


@pytest.mark.parametrize("png", [None, "?", painting(np.full((30, 60), 40, np.uint8))["png"]])
def test_a_painting_that_is_none_is_named_in_a_sentence(png):
    with pytest.raises(ImageError, match="painting"):
        list(module.read_painted([{"paint": "a", "png": png}], {"a": (300, 600)}, STREET))


def asked(**more: str) -> dict[str, str]:
    return {"id": "cut-1", "panel": "a", "class": "car", "photo": "photo-1", **more}


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (asked(photo="photo-2"), "another photo"),
        (asked(**{"class": "unicorn"}), "another photo"),
        (asked(panel="gone"), "no mask any more"),
        (asked(panel="waiting"), "no mask any more"),
        (asked(panel="Truth"), "no mask any more"),
        (asked(panel="bad"), "no mask any more"),
        (asked(png="%%%"), "damaged"),
    ],
)
def test_what_cannot_be_cut_out_is_refused_with_a_sentence(message: dict[str, str], sentence: str):
    panels = [Panel("a", labels=street_ids()), Panel("waiting"), Panel("bad", labels=np.zeros((7, 7), np.uint8))]
    with pytest.raises(ImageError, match=sentence):
        module._cut_out(message, "photo-1", PHOTO, panels, STREET, None)


def test_a_class_is_cut_out_of_its_panel_and_a_confidence_that_does_not_fit_is_left_out():
    labels = street_ids()
    panel = Panel("a", labels=labels, confidence=np.full((7, 7), 0.5))
    file = module._cut_out(asked(), "photo-1", PHOTO + 9, [panel], STREET, None)
    alpha = np.asarray(Image.open(io.BytesIO(file)))[..., 3]
    assert ((alpha == 255) == (labels == STREET.names.index("car"))).all()
