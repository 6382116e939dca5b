"""What a visitor meets, in a real Chromium."""

from playwright.sync_api import expect

PATIENCE = 120_000
"""Milliseconds to wait for what should come: CI may be busy."""

expect.set_options(timeout=PATIENCE)
