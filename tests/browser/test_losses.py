"""The Losses page as a person uses it."""

import re

from playwright.sync_api import expect

from tests.browser import PATIENCE


def test_a_smaller_disc_changes_the_table_and_the_address(browser, serve):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{serve('streamlit_app.py')}/losses?dataset=street&disc=50.0%25")
    slider = page.get_by_role("slider", name="The disc covers")
    expect(slider).to_have_attribute("aria-valuetext", "50.0%", timeout=PATIENCE)
    expect(page.get_by_text("How hard is each loss pulling")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("link", name="See their masks side by side")).to_have_attribute(
        "href", re.compile("topic-street=losses")
    )
    assert page.locator(".viewer").count() == 0
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    slider.press("ArrowRight")
    page.wait_for_url("**disc=28.4*")
    assert page.locator('[data-testid="stException"]').all_inner_texts() == []
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth <= element.clientWidth")
    page.close()


def test_beside_a_tablets_menu_charts_are_wide_enough_for_their_labels(browser, serve):
    page = browser.new_page(viewport={"width": 1024, "height": 768})
    page.goto(f"{serve('streamlit_app.py')}/losses?dataset=street")
    expect(page.get_by_text("How hard is each loss pulling")).to_be_visible(timeout=PATIENCE)
    charts = page.locator(".js-plotly-plot .main-svg:first-child")
    expect(charts).to_have_count(4, timeout=PATIENCE)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE)
    assert min(box["width"] for chart in charts.all() if (box := chart.bounding_box())) > 500
    page.close()
