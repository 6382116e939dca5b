"""The first visitor of a server may come by any address."""

import pytest
from playwright.sync_api import expect

from tests.browser import PATIENCE
from tests.browser.test_compare import still


def test_a_page_that_is_the_first_address_ever_asked_for_has_menu_and_settings(browser, fresh_app):
    page = browser.new_page()
    page.goto(f"{fresh_app}/leaderboard")
    menu = page.locator('[data-testid="stSidebar"]')
    expect(menu.get_by_role("link", name="Compare")).to_be_visible()
    expect(page.get_by_role("heading", name="Which network is worth its cost?")).to_be_visible()
    expect(page.get_by_text("Your own runs")).to_be_visible()
    assert page.url.endswith("/leaderboard")
    assert page.locator('[data-testid="stException"]').all_inner_texts() == []
    page.close()


def test_the_first_page_is_found_by_its_name_too(browser, serve):
    page = browser.new_page()
    page.goto(f"{serve('streamlit_app.py')}/compare")
    expect(page.get_by_role("heading", name="What do the networks see?")).to_be_visible()
    expect(page.get_by_text("Page not found")).to_have_count(0)
    expect(page.locator('[data-testid="stSidebar"]').get_by_role("link", name="Compare")).to_have_count(1)
    assert page.locator('[data-testid="stException"]').all_inner_texts() == []
    page.close()


def test_every_page_names_its_tab(browser, serve):
    page = browser.new_page()
    page.goto(serve("streamlit_app.py"))
    names = ["Start here", "Compare", "Architectures", "Upsampling", "Losses", "Leaderboard", "Training", "Teach"]
    for name in names:
        page.locator('[data-testid="stSidebar"]').get_by_role("link", name=name).click()
        expect(page).to_have_title(f"{name} · Segmentation lab")
    page.close()


def test_the_way_back_from_another_page_keeps_the_data_set_and_ends_where_it_began(browser, serve):
    page = browser.new_page()
    page.goto(f"{serve('streamlit_app.py')}/?dataset=street")
    page.get_by_role("button", name="7 architectures").click()
    page.locator('[data-testid="stButtonGroup"]').get_by_text("membranes", exact=True).click()
    expect(page.get_by_role("button", name="membranes · 4 architectures")).to_be_visible()
    page.wait_for_url("**dataset=membranes**")
    page.keyboard.press("Escape")
    page.locator('[data-testid="stSidebar"]').get_by_role("link", name="Losses").click()
    expect(page.get_by_role("heading", name="What does the loss care about?")).to_be_visible()
    expect(page.get_by_role("radio", name="membranes")).to_be_checked()
    expect(page.get_by_role("heading", name="The formulas")).to_be_visible()
    still(page)
    page.go_back()
    expect(page.get_by_role("heading", name="What do the networks see?")).to_be_visible()
    expect(page.get_by_role("button", name="membranes · 4 architectures")).to_be_visible()
    still(page)
    page.go_back()
    expect(page.get_by_role("button", name="street · 7 architectures")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="street · 7 architectures")).to_be_visible()
    page.close()


@pytest.mark.parametrize(
    ("path", "option", "said"),
    [
        ("architectures", "Conv stack", "network=Conv"),
        ("losses", "half found", "answer=half"),
        ("leaderboard", "boundary F1", "leaderboard-score=boundary_f1"),
        ("training", "Train now", "show=Train"),
        ("upsampling", "2-D", "axes=2-D"),
    ],
)
def test_the_way_back_brings_what_was_chosen_on_the_page(browser, serve, path, option, said):
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{serve('streamlit_app.py')}/{path}?dataset=street")
    still(page)
    page.locator('[data-testid="stButtonGroup"]').get_by_text(option, exact=True).click()
    page.wait_for_url(f"**{said}*")
    still(page)
    page.locator('[data-testid="stSidebar"]').get_by_role("link", name="Compare").click()
    expect(page.get_by_role("heading", name="What do the networks see?")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("radio", name=option, exact=True)).to_be_checked()
    assert said in page.url
    page.close()
