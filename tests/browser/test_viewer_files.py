"""What a visitor takes along from the viewer: pictures of panels, and classes cut out of the photo."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from seg.datasets.street import STREET
from seg.pictures.cutout import cut_out
from tests.browser.axe import findings
from tests.browser.test_viewer import Viewer, open_viewer  # noqa: F401 (a fixture)
from tests.browser.test_viewer_paint import choose, stroke
from tests.browser.viewer_app import large_scene

CAR = STREET.names.index("car")


def taken(page: Page, button: Locator) -> tuple[str, Image.Image]:
    """The name of the file that a button gives, and its picture."""
    with page.expect_download() as file:
        button.click()
    return file.value.suggested_filename, Image.open(io.BytesIO(file.value.path().read_bytes()))


@pytest.fixture
def large(open_viewer: Callable[..., Viewer]) -> Viewer:  # noqa: F811
    return open_viewer("large").wait("U-Net", "Blind", "Truth")


def alone(viewer: Viewer, name: str) -> None:
    viewer.root.locator(f'.legend [data-class="{name}"]').click()
    viewer.page.mouse.move(5, 5)
    viewer.settle()


def cut(viewer: Viewer, name: str) -> Locator:
    return viewer.panel(name).locator(".cut")


def test_a_class_alone_is_cut_out_of_the_whole_photo_softly_where_the_network_is_unsure(large: Viewer):
    expect(cut(large, "U-Net")).to_be_hidden()
    alone(large, "car")
    name, image = taken(large.page, cut(large, "U-Net"))
    assert name == "my-photo-unet-car.png"
    photo, (unet, _), *_ = large_scene()
    assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (2400, 1800))
    pixels = np.asarray(image)
    np.testing.assert_array_equal(pixels, cut_out(photo, unet.labels, unet.confidence, CAR))
    assert ((pixels[..., 3] > 0) & (pixels[..., 3] < 255)).any()
    expect(cut(large, "U-Net")).to_have_text("Cut out")


def test_the_truth_and_a_painting_are_cut_out_with_a_hard_edge_and_who_has_none_of_it_offers_nothing(large: Viewer):
    alone(large, "car")
    expect(cut(large, "Photo")).to_be_hidden()
    expect(cut(large, "Blind")).to_be_hidden()
    photo, _, _, truth = large_scene()
    name, image = taken(large.page, cut(large, "Truth"))
    assert name == "my-photo-truth-car.png"
    np.testing.assert_array_equal(np.asarray(image), cut_out(photo, truth, None, CAR))
    large.root.locator('[data-action="paint"]').click()
    choose(large, "car")
    stroke(large, "Your truth", (100, 100), (200, 100))
    name, image = taken(large.page, cut(large, "Your truth"))
    assert name == "my-photo-your-truth-car.png"
    alpha = np.asarray(image)[..., 3]
    assert alpha.shape == truth.shape
    assert set(np.unique(alpha)) == {0, 255}
    assert alpha[500, 750] == 255


def test_a_cut_out_comes_once_for_each_time_it_is_asked_for(large: Viewer):
    alone(large, "car")
    first, _ = taken(large.page, cut(large, "U-Net"))
    second, _ = taken(large.page, cut(large, "U-Net"))
    assert first == second
    files = []
    large.page.on("download", lambda file: files.append(file))
    alone(large, "car")
    alone(large, "tree")
    large.page.wait_for_timeout(800)
    assert files == []


@pytest.mark.parametrize("mode", ["overlay", "errors", "confidence"])
def test_one_panel_is_saved_with_its_title_scores_and_legend(large: Viewer, mode: str):
    large.mode(mode)
    name, image = taken(large.page, large.panel("U-Net").locator(".keep"))
    assert name == f"my-photo-unet-{mode}.png"
    assert 1500 <= image.width <= 1600
    assert (np.asarray(image.convert("L"))[:170] < 128).sum() > 500
    legend = np.asarray(image.convert("RGB"))[-120:]
    assert len(np.unique(legend.reshape(-1, 3), axis=0)) > 5


def test_all_panels_are_saved_as_one_picture_named_for_the_way_to_look(large: Viewer):
    large.mode("errors")
    name, image = taken(large.page, large.root.locator('[data-action="save"]'))
    assert name == "my-photo-all-errors.png"
    assert image.width > 1400


def test_what_is_written_into_a_saved_view_are_titles_scores_tags_and_what_the_colours_mean(
    open_viewer: Callable[..., Viewer],  # noqa: F811
):
    viewer = open_viewer(
        "scored",
        script="""
        window.written = [];
        const write = CanvasRenderingContext2D.prototype.fillText;
        CanvasRenderingContext2D.prototype.fillText = function (text, ...at) {
          window.written.push(text);
          return write.call(this, text, ...at);
        };""",
    ).wait("U-Net", "FCN-8s")
    alone(viewer, "car")
    viewer.mode("errors")
    taken(viewer.page, viewer.root.locator('[data-action="save"]'))
    written = viewer.page.evaluate("window.written")
    assert written[0] == "photo · errors · against Truth · car alone · 1×"
    assert "U-Net (from scratch)" in written
    assert any(text.startswith("Dice of car 0.33 · precision 1.00 · recall 0.20") for text in written)
    assert {"car found", "car missed", "car invented", "not labelled"} <= set(written)


def test_axe_finds_nothing_where_a_class_can_be_cut_out(open_viewer: Callable[..., Viewer]):  # noqa: F811
    viewer = open_viewer("large", width=390, height=844, has_touch=True, is_mobile=True).wait("U-Net")
    alone(viewer, "car")
    box = cut(viewer, "U-Net").bounding_box()
    assert min(box["width"], box["height"]) >= 43.5
    assert findings(viewer.root) == []
