"""labelme: shapes drawn as its own tools draw them, and a sentence for whatever is wrong."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seg.datasets.own import OwnData, open_data
from seg.errors import DataError
from seg.labels import IGNORE
from tests import own_data
from tests.own_data import save


def write(folder: Path, *shapes: dict, name: str = "a", **changes) -> Path:
    save(np.zeros((10, 12, 3), np.uint8), folder / f"{name}.png")
    content = {"shapes": list(shapes), "imagePath": f"{name}.png", "imageHeight": 10, "imageWidth": 12, **changes}
    path = folder / f"{name}.json"
    path.write_text(json.dumps(content), "utf-8")
    return path


def shape(kind: str, *points: tuple[float, float], label: str = "leaf") -> dict:
    return {"label": label, "points": points, "shape_type": kind}


def labels(data: OwnData) -> np.ndarray:
    return data.split("all")[0].labels


def test_rectangles_and_circles_cover_what_they_enclose(tmp_path):
    write(tmp_path, shape("rectangle", (5, 4), (2, 1)), shape("circle", (8, 6), (9, 6), label="bud"))
    data = open_data(tmp_path)
    assert data.class_map.names == ("background", "bud", "leaf")
    found = labels(data)
    assert (found[1:5, 2:6] == 2).all()
    assert (found == 2).sum() == 16
    assert found[6, 8] == found[6, 9] == found[5, 8] == 1
    assert found[4, 9] == 0


def test_a_mask_that_is_packed_in_the_file_covers_its_pixels(tmp_path):
    inside = np.array([[True, False, True], [False, True, True]])
    packed = io.BytesIO()
    Image.fromarray(inside).save(packed, "PNG")
    mask = {**shape("mask", (4, 3), (6, 4)), "mask": base64.b64encode(packed.getvalue()).decode("ascii")}
    write(tmp_path, mask)
    found = labels(open_data(tmp_path))
    assert (found[3:5, 4:7] == inside).all()
    assert found.sum() == inside.sum()


def test_later_shapes_lie_on_top(tmp_path):
    big, small = shape("rectangle", (1, 1), (8, 8)), shape("rectangle", (3, 3), (4, 4), label="bud")
    write(tmp_path, big, small)
    assert labels(open_data(tmp_path))[3, 3] == 1
    write(tmp_path, small, big)
    assert labels(open_data(tmp_path))[3, 3] == 2


def test_labelmes_own_labels_mean_background_and_nothing(tmp_path):
    write(
        tmp_path,
        shape("rectangle", (0, 0), (11, 9)),
        shape("rectangle", (0, 0), (3, 3), label="_background_"),
        shape("rectangle", (6, 6), (8, 8), label="__ignore__"),
    )
    found = labels(open_data(tmp_path))
    assert (found[0, 0], found[5, 5], found[7, 7]) == (0, 1, IGNORE)


def test_a_list_of_labels_gives_the_order_of_the_classes_and_those_not_in_use(tmp_path):
    write(tmp_path, shape("rectangle", (1, 1), (2, 2)))
    (tmp_path / "labels.txt").write_text("__ignore__\n_background_\nstem\nleaf\n", "utf-8")
    data = open_data(tmp_path)
    assert data.class_map.names == ("background", "stem", "leaf")
    assert labels(data)[1, 1] == 2


def test_points_and_lines_are_left_out_and_said(tmp_path):
    write(tmp_path, shape("point", (1, 1)), shape("line", (1, 1), (3, 3)), shape("polygon", (1, 1), (2, 2)))
    sample = open_data(tmp_path).split("all")[0]
    assert (sample.labels == 0).all()
    assert sample.notes == ("Points, lines and outlines of fewer than three points cover no pixels and were left out.",)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"label": "leaf", "points": "x"}, r"shape 1 \(leaf\) has no points"),
        ({"label": "leaf"}, r"shape 1 \(leaf\) has no points"),
        (shape("polygon", (1, 1), (2, float("nan")), (3, 3)), "has a point that is none"),
        (shape("polygon", (1, 1), (2, 1e12), (3, 3)), "lies far outside the picture"),
        (shape("ellipse", (1, 1), (3, 3)), "of the type .ellipse. with 2 points, is not drawn here: make it a polygon"),
        (shape("mask", (1, 1), (3, 3)), "has no mask that can be read"),
        ({**shape("mask", (1, 1), (3, 3)), "mask": "%%"}, "has no mask that can be read"),
        ({**shape("mask", (1, 1), (3, 3)), "mask": "aGVsbG8="}, "has no mask that can be read"),
    ],
)
def test_a_shape_that_cannot_be_drawn_is_a_sentence_with_file_and_shape(tmp_path, wrong, sentence):
    path = write(tmp_path, wrong)
    with pytest.raises(DataError, match=sentence) as caught:
        labels(open_data(tmp_path))
    assert str(caught.value).startswith(str(path))


def test_a_damaged_file_one_without_labels_and_one_without_picture_do_not_end_the_rest(tmp_path):
    write(tmp_path, shape("rectangle", (1, 1), (2, 2)))
    damaged = write(tmp_path, name="b")
    damaged.write_text("{", "utf-8")
    unnamed = write(tmp_path, {"points": []}, name="c")
    lost = write(tmp_path, name="d", imagePath="../../etc/passwd.png")
    (tmp_path / "d.png").unlink()
    data = open_data(tmp_path)
    assert [problem.split(" ")[0] for problem in data.problems] == [str(damaged), str(unnamed), str(lost)]
    assert "'../../etc/passwd.png', which is missing" in data.problems[2]
    assert labels(data)[1, 1] == 1
    with pytest.raises(DataError, match=r"b\.png has no label"):
        data.split("all")[1]


def test_the_picture_is_the_one_that_the_file_names_even_with_a_windows_path(tmp_path):
    own_data.labelme(tmp_path)
    path = tmp_path / "val" / "fruit 4.json"
    content = json.loads(path.read_text("utf-8"))
    (tmp_path / "pictures").mkdir()
    (tmp_path / "val" / "fruit 4.png").rename(tmp_path / "pictures" / "z.png")
    path.write_text(json.dumps({**content, "imagePath": "..\\pictures\\z.png"}), "utf-8")
    data = open_data(tmp_path)
    assert data.problems == ()
    assert data.split("val")[0].file == str(tmp_path / "pictures" / "z.png")
