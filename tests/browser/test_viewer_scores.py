"""What the viewer says of each mask: its Dice, or how far the masks agree, and errors that explain themselves."""

from collections.abc import Callable

import numpy as np
from playwright.sync_api import Locator, expect

from seg.datasets.street import STREET
from seg.pictures.drawing import FOUND_COLOUR, INVENTED_COLOUR, MISSED_COLOUR
from seg.scores.agreement import majority
from seg.scores.metrics import score
from tests.browser.test_viewer import CAR, Viewer, open_viewer, street  # noqa: F401 (fixtures)
from tests.browser.viewer_app import scene

CAR_ID = STREET.names.index("car")
READY = range(6)


def title(viewer: Viewer, name: str) -> Locator:
    return viewer.panel(name).locator(".score .value")


def best(viewer: Viewer) -> set[str]:
    found = viewer.root.locator("[data-role=network]").filter(has=viewer.page.locator(".best", has_text="best"))
    return {panel.get_attribute("data-panel") for panel in found.all()}


def alone(viewer: Viewer, name: str) -> None:
    viewer.root.locator(f'.legend [data-class="{name}"]').click()
    viewer.page.mouse.move(5, 5)
    viewer.settle()


def test_every_title_has_its_mean_dice_and_the_best_is_marked(street: Viewer):  # noqa: F811
    _, truth, panels = scene()
    means = {panels[i].name: score(panels[i].labels, truth, len(STREET)).mean_dice for i in READY}
    for name, mean in means.items():
        expect(title(street, name)).to_have_text(f"Dice {mean:.2f}")
    assert best(street) == {max(means, key=means.get)}
    expect(title(street, "Truth")).to_have_text("")
    expect(title(street, "FC-DenseNet103")).to_have_text("")


def test_with_a_class_alone_the_titles_are_its_own_dice(street: Viewer):  # noqa: F811
    _, truth, panels = scene()
    alone(street, "car")
    values = {panels[i].name: score(panels[i].labels, truth, len(STREET)).dice[CAR_ID] for i in READY}
    for name, value in values.items():
        expect(title(street, name)).to_have_text(f"Dice of car {value:.2f}")
    assert best(street) == {max(values, key=values.get)}
    alone(street, "car")
    expect(title(street, "U-Net")).not_to_contain_text("car")


def test_two_networks_without_a_truth_say_how_far_they_agree(open_viewer: Callable[..., Viewer]):  # noqa: F811
    viewer = open_viewer("two").wait("U-Net", "FCN-32s")
    _, _, panels = scene()
    unet, fcn = panels[5].labels, panels[2].labels
    for name in ("U-Net", "FCN-32s"):
        expect(title(viewer, name)).to_have_text(f"agrees {100 * (unet == fcn).mean():.0f} %")
    assert best(viewer) == set()
    alone(viewer, "car")
    both, either = ((unet == CAR_ID) & (fcn == CAR_ID)).sum(), ((unet == CAR_ID) | (fcn == CAR_ID)).sum()
    expect(title(viewer, "U-Net")).to_have_text(f"agrees {100 * both / either:.0f} % on car")


def test_many_networks_agree_with_what_most_say(open_viewer: Callable[..., Viewer]):  # noqa: F811
    viewer = open_viewer("many").wait("U-Net", "FC-DenseNet103")
    panels = scene()[2]
    most = majority([panel.labels for panel in panels], len(STREET))
    for panel in panels:
        expect(title(viewer, panel.name)).to_have_text(f"agrees {100 * (panel.labels == most).mean():.0f} %")


def test_the_scores_that_python_gives_stand_in_the_titles(open_viewer: Callable[..., Viewer]):  # noqa: F811
    viewer = open_viewer("scored").wait("U-Net", "FCN-8s")
    expect(title(viewer, "U-Net")).to_have_text("Dice 0.17")
    expect(viewer.panel("U-Net").locator(".tag")).to_have_text("from scratch")
    expect(viewer.panel("FCN-8s").locator(".tag")).to_have_text("")
    alone(viewer, "car")
    expect(title(viewer, "U-Net")).to_have_text("Dice of car 0.33")


def test_an_error_has_the_colour_of_what_was_said(street: Viewer):  # noqa: F811
    street.mode("errors")
    *said, _ = street.pixel("U-Net", CAR)
    *right, _ = street.pixel("FCN-8s", CAR)
    assert np.abs(np.subtract(said, STREET.colours[CAR_ID])).max() < 30
    assert max(right) - min(right) <= 2


def test_with_a_class_alone_errors_are_found_missed_and_invented(street: Viewer):  # noqa: F811
    _, truth, panels = scene()
    alone(street, "car")
    street.mode("errors")
    said = panels[3].labels
    outcomes = {
        FOUND_COLOUR: (said == CAR_ID) & (truth == CAR_ID),
        MISSED_COLOUR: (said != CAR_ID) & (truth == CAR_ID),
        INVENTED_COLOUR: (said == CAR_ID) & (truth != CAR_ID) & (truth != 255),
    }
    for colour, where in outcomes.items():
        x, y = inner_pixel(where)
        *drawn, _ = street.pixel("FCN-16s", (x, y))
        assert np.abs(np.subtract(drawn, colour)).max() < 30
    scores = score(said, truth, len(STREET))
    words = f"precision {scores.precision[CAR_ID]:.2f} · recall {scores.recall[CAR_ID]:.2f}"
    expect(street.panel("FCN-16s")).to_contain_text(words)
    expect(street.panel("Truth")).not_to_contain_text("precision")


def inner_pixel(where: np.ndarray) -> tuple[int, int]:
    """A pixel, x and y, well inside of a region: panels are smaller than the photo."""
    inner = where.copy()
    for axis in (0, 1):
        for shift in (-2, -1, 1, 2):
            inner &= np.roll(where, shift, axis)
    assert inner.any()
    y, x = np.argwhere(inner)[0]
    return int(x), int(y)


def test_a_class_that_the_page_asks_for_stands_alone(open_viewer: Callable[..., Viewer]):  # noqa: F811
    viewer = open_viewer("alone").wait("U-Net", "FCN-8s")
    viewer.page.get_by_role("button", name="See the sky alone").click()
    expect(viewer.root).to_have_attribute("data-only", "sky")
    expect(title(viewer, "U-Net")).to_contain_text("Dice of sky")
