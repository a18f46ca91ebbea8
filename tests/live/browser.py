"""Debian's Chromium without a screen and without a network, as a person would hold it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

MISSING = "chromium is missing: install the Debian packages chromium and chromium-driver"
DESKTOP = (1280, 900)
PHONE = (375, 740)
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # it may be root who tests, and the page is ours
    "--disable-dev-shm-usage",
    "--force-prefers-reduced-motion",  # or clicks race with smooth scrolling
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


def installed() -> bool:
    """Return whether browser and driver are there."""
    return None not in (shutil.which("chromium"), shutil.which("chromedriver"))


@contextmanager
def chromium() -> Iterator[Chrome]:
    """Run a browser for as long as the block lasts."""
    options = ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    browser = Chrome(options, ChromeService(shutil.which("chromedriver")))
    try:
        yield browser
    finally:
        browser.quit()


def logged(browser: Chrome, kind: str) -> list[dict[str, Any]]:
    """Return what the browser has noted of a kind since it was last asked."""
    entries: list[dict[str, Any]] = browser.execute("getLog", {"type": kind})["value"]
    return entries


def held(browser: Chrome, size: tuple[int, int], scheme: str = "light") -> None:
    """Make the browser one of that size, its owner fond of light or dark."""
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == PHONE}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
