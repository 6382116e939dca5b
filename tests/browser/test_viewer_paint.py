"""Painting a truth in the viewer: strokes, live grades, and the way to Python."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from seg.datasets.street import STREET
from seg.labels import IGNORE
from seg.pictures import masks
from seg.scores.metrics import score
from tests.browser.test_viewer import Viewer, open_viewer  # noqa: F401 (a fixture)
from tests.browser.viewer_app import scene

CAR = STREET.names.index("car")


@pytest.fixture
def painter(open_viewer: Callable[..., Viewer]) -> Viewer:  # noqa: F811
    viewer = open_viewer().wait("U-Net", "FCN-8s", "Truth")
    viewer.root.locator('[data-action="paint"]').click()
    expect(viewer.panel("Your truth")).to_have_attribute("data-state", "ready")
    return viewer


def choose(viewer: Viewer, name: str) -> None:
    viewer.root.locator(".paint-classes label").filter(has_text=name).click()


def stroke(viewer: Viewer, panel: str, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Draw a line between two pixels of the 480 × 360 photo."""
    viewer.panel(panel).locator(".box").scroll_into_view_if_needed()
    viewer.hover(panel, start)
    viewer.page.mouse.down()
    viewer.hover(panel, ((start[0] + end[0]) // 2, (start[1] + end[1]) // 2))
    viewer.hover(panel, end)
    viewer.page.mouse.up()
    viewer.settle()


def download(viewer: Viewer) -> np.ndarray:
    with viewer.page.expect_download() as file:
        viewer.root.locator('[data-paint="download"]').click()
    return masks.read(file.value.path().read_bytes(), "truth-ids.png", STREET, (360, 480)).labels


def grade_cell(network: str, name: str = "mean Dice") -> str:
    return f'[data-grade="{network}/{name}"]'


def grade(viewer: Viewer, network: str, name: str = "mean Dice") -> float:
    return float(viewer.root.locator(grade_cell(network, name)).get_attribute("data-value"))


def test_live_dice_equals_the_metrics_on_the_maps_displayed(painter: Viewer):
    choose(painter, "road")
    stroke(painter, "U-Net", (100, 300), (400, 310))
    choose(painter, "sky")
    stroke(painter, "Your truth", (60, 20), (400, 40))
    painted = download(painter)
    assert set(np.unique(painted)) == {STREET.names.index("sky"), STREET.names.index("road"), IGNORE}
    ready = {panel.name: panel.labels for panel in scene()[2] if painter.root.locator(grade_cell(panel.name)).count()}
    assert len(ready) >= 6
    for name, labels in ready.items():
        expected = score(labels, painted, len(STREET))
        assert grade(painter, name) == pytest.approx(expected.mean_dice, abs=1e-9)
        assert grade(painter, name, "road") == pytest.approx(expected.dice[STREET.names.index("road")], abs=1e-9)


def test_undo_redo_erase_and_fill(painter: Viewer):
    choose(painter, "car")
    stroke(painter, "Your truth", (100, 100), (200, 100))
    first = download(painter)
    painter.root.locator('[data-tool="erase"]').click()
    stroke(painter, "Your truth", (150, 60), (150, 140))
    second = download(painter)
    assert (second == CAR).sum() < (first == CAR).sum()
    painter.page.keyboard.press("Control+z")
    np.testing.assert_array_equal(download(painter), first)
    painter.page.keyboard.press("Control+Shift+Z")
    np.testing.assert_array_equal(download(painter), second)
    choose(painter, "sky")
    painter.root.locator('[data-tool="fill"]').click()
    stroke(painter, "Your truth", (400, 300), (400, 300))
    assert (download(painter) == IGNORE).sum() == 0


def test_starting_from_a_network_gives_it_full_marks(painter: Viewer):
    painter.root.locator(".painter select").select_option("U-Net")
    painter.settle()
    assert grade(painter, "U-Net") == 1.0
    assert grade(painter, "FCN-32s") < 1.0


def test_nothing_is_sent_while_painting_and_the_painting_survives_a_rerun(painter: Viewer):
    painter.page.wait_for_timeout(2500)
    painter.sent.clear()
    choose(painter, "car")
    stroke(painter, "FCN-8s", (100, 100), (300, 200))
    painter.page.wait_for_timeout(300)
    assert not painter.sent
    before = download(painter)
    painter.page.get_by_role("button", name="Rerun").click()
    painter.page.wait_for_timeout(1500)
    np.testing.assert_array_equal(download(painter), before)


def test_the_view_is_saved_as_one_picture(painter: Viewer):
    choose(painter, "road")
    stroke(painter, "U-Net", (100, 300), (400, 310))
    with painter.page.expect_download() as file:
        painter.root.locator('[data-action="save"]').click()
    image = Image.open(io.BytesIO(file.value.path().read_bytes()))
    assert image.format == "PNG"
    assert image.width > 1400
    assert len(image.convert("RGB").getcolors(2**24)) > 200


def test_a_painting_survives_a_reload_in_its_own_tab_where_the_visitor_wants_that(painter: Viewer):
    page = painter.page
    stored = "() => Object.keys(sessionStorage).filter((key) => key.startsWith('seg-painting ')).length"
    choose(painter, "road")
    stroke(painter, "U-Net", (100, 300), (400, 310))
    assert page.evaluate(stored) == 0, "nothing unasked"
    painter.root.get_by_label("Keep in this tab").check()
    page.wait_for_function(f"({stored})() === 1")
    before = grade(painter, "U-Net")
    page.reload()
    expect(painter.root.locator(grade_cell("U-Net"))).to_have_attribute("data-value", str(before))
    expect(painter.root.get_by_label("Keep in this tab")).to_be_checked()
    with page.context.expect_page() as opened:
        page.evaluate("window.open(location.href, '_blank', 'noopener')")
    opened.value.wait_for_load_state()
    assert opened.value.evaluate(stored) == 0, "no other tab has it"
    opened.value.close()
    painter.root.get_by_label("Keep in this tab").uncheck()
    assert page.evaluate(stored) == 0
    page.reload()
    expect(painter.panel("U-Net")).to_have_attribute("data-state", "ready")
    expect(painter.panel("Your truth")).to_have_count(0)
