"""The replay player and the Training page as a visitor meets them, in a real Chromium."""

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from seg.datasets.shapes import SHAPES
from tests.browser import PATIENCE

APP = "tests/browser/replay_app.py"
SHORT = "<i>short</i>"


class Player:
    """A page with the player, and what a visitor does to it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.sent: list[object] = []
        self.errors: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: self.sent.append(frame)))
        page.goto(url)
        self.root = page.locator(".player")
        self.slider = page.get_by_role("slider", name="Moment of the training")
        for name in ("Photo", "Truth", "U-Net", SHORT):
            expect(self.panel(name)).to_have_attribute("data-state", "ready")
        expect(self.root).to_have_attribute("data-moment", "1")

    def panel(self, name: str) -> Locator:
        return self.root.locator(f'[data-panel="{name}"]')

    def at(self, moment: int) -> None:
        expect(self.root).to_have_attribute("data-moment", str(moment))
        self.settle()

    def settle(self) -> None:
        """Two frames: what was asked for is on the screen."""
        self.page.evaluate("() => new Promise((f) => requestAnimationFrame(() => requestAnimationFrame(f)))")

    def middle(self, name: str) -> tuple[int, ...]:
        """The colour in the middle of a panel's picture."""
        colour = (
            self.panel(name)
            .locator("canvas")
            .evaluate("(c) => [...c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data]")
        )
        return tuple(colour[:3])


@pytest.fixture
def player(browser: Browser, serve):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    player = Player(context.new_page(), serve(APP))
    yield player
    context.close()
    assert not player.errors


def test_on_a_phone_the_classes_stand_below_the_ways_to_look_over_the_whole_width(player: Player):
    player.page.set_viewport_size({"width": 390, "height": 844})
    modes = player.root.locator(".modes").bounding_box()
    legend = player.root.locator(".legend").bounding_box()
    whole = player.root.bounding_box()
    assert modes
    assert legend
    assert whole
    assert legend["y"] >= modes["y"] + modes["height"]
    assert legend["width"] == whole["width"]


def test_keys_step_all_panels_together_and_the_words_follow(player: Player):
    player.root.get_by_text("Mask", exact=True).click()
    player.slider.focus()
    player.page.keyboard.press("ArrowRight")
    player.at(2)
    assert player.middle("U-Net") == SHAPES.colours[2]
    assert player.middle(SHORT) == SHAPES.colours[1]
    assert player.panel("U-Net").locator(".caption").inner_text() == "mean Dice 0.25\nepoch 4.0 · step 100"
    assert player.panel(SHORT).locator(".caption").inner_text().endswith("own run")
    expect(player.slider).to_have_attribute("aria-valuetext", "10 % of the training, moment 3 of 5")
    expect(player.panel("U-Net").get_by_role("img")).to_have_attribute(
        "aria-label", "U-Net at 10 % of the training: mean Dice 0.25"
    )
    player.page.keyboard.press("End")
    player.at(4)
    assert player.middle(SHORT) == SHAPES.colours[2]
    assert player.middle("U-Net") == player.middle("Truth")
    player.page.keyboard.press("Home")
    player.at(0)
    assert "mean Dice –" in player.panel("U-Net").locator(".caption").inner_text()


def test_the_dot_runs_along_the_curve_and_is_hidden_before_it_begins(player: Player):
    dot = player.panel("U-Net").locator(".curve i")
    expect(dot).to_be_hidden()
    player.root.get_by_role("button", name="One moment on").click()
    player.at(2)
    expect(dot).to_be_visible()
    left = dot.bounding_box()
    player.root.get_by_role("button", name="One moment on").click()
    player.at(3)
    right = dot.bounding_box()
    assert right["x"] > left["x"]
    assert right["y"] < left["y"]


def test_playing_runs_to_the_end_and_never_calls_python(player: Player):
    sent = len(player.sent)
    player.root.get_by_role("button", name="Play", exact=True).click()
    expect(player.root.get_by_role("button", name="Pause")).to_be_visible()
    player.at(4)
    expect(player.root.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert len(player.sent) == sent
    player.root.locator(".grid").focus()
    player.page.keyboard.press(" ")
    expect(player.root.get_by_role("button", name="Pause")).to_be_visible()
    player.page.keyboard.press(" ")
    expect(player.root.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_a_chosen_class_is_seen_alone_with_its_own_score(player: Player):
    player.root.get_by_role("button", name=SHAPES.names[1]).click()
    expect(player.panel("U-Net").locator(".caption")).to_contain_text(f"Dice of {SHAPES.names[1]} 0.20")
    player.root.get_by_text("Mask", exact=True).click()
    player.slider.focus()
    player.page.keyboard.press("ArrowRight")
    player.at(2)
    assert player.middle(SHORT) == SHAPES.colours[1]
    assert player.middle("U-Net") != SHAPES.colours[2]


def test_a_rerun_keeps_the_moment_and_another_picture_starts_anew(player: Player):
    player.slider.focus()
    player.page.keyboard.press("End")
    player.at(4)
    player.page.get_by_role("button", name="Rerun").click()
    expect(player.page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    player.at(4)
    player.page.get_by_text("Another picture").click()
    player.at(1)


def test_the_training_page_fits_a_phone_in_the_dark(browser: Browser, serve):
    page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.set_default_timeout(PATIENCE)
    page.goto(f"{serve('streamlit_app.py')}/training?dataset=street")
    expect(page.get_by_role("heading", name="How do the curves run?")).to_be_visible()
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    assert page.locator('[data-testid="stException"]').all_inner_texts() == []
    for place in ("html", '[data-testid="stMain"]'):
        assert page.locator(place).evaluate("(e) => e.scrollWidth <= e.clientWidth + 1")
    page.close()


def test_networks_learn_while_one_watches_and_goes_elsewhere(browser: Browser, serve):
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.goto(f"{serve('streamlit_app.py')}/training?show=Train+now&steps=120")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_alt_text("U-Net: four held-out pictures")).to_be_visible(timeout=PATIENCE)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Leaderboard").click()
    expect(page.get_by_role("heading", name="Which network is worth its cost?")).to_be_visible(timeout=PATIENCE)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Training").click()
    expect(page.get_by_alt_text("U-Net: four held-out pictures")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Keep for this visit").click()
    expect(page.get_by_text("stand beside the others on every page")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="Compare them").click()
    expect(page.get_by_role("heading", name="What do the networks see?")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("U-Net, your own training 1").first).to_be_visible(timeout=PATIENCE)
    assert page.locator('[data-testid="stException"]').all_inner_texts() == []
    page.close()
