"""The HTML report of a real campaign, opened from the file system in a real browser."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.live.browser import DESKTOP, MISSING, PHONE, chromium, held, installed, logged
from tests.live.conftest import Campaign

pytestmark = [pytest.mark.live, pytest.mark.slow]

AXE = files("axe_core_python").joinpath("axe.min.js")
FOCUSABLE = "a[href], button, input, select, summary"


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    if not installed():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def report(swept: Campaign) -> Path:
    return swept.folder / "report.html"


@pytest.fixture
def page(browser: Chrome, report: Path) -> Chrome:
    held(browser, DESKTOP)
    browser.get(report.as_uri())
    return browser


def shown(page: Chrome, selector: str) -> list[WebElement]:
    return [
        found for found in page.find_elements(By.CSS_SELECTOR, selector) if found.is_displayed()
    ]


def pressed(page: Chrome, *keys: str) -> WebElement:
    """Press keys, and return what has the focus then."""
    ActionChains(page).send_keys(*keys).perform()
    return page.switch_to.active_element


def test_thirty_findings_are_under_two_megabytes(swept: Campaign, report: Path) -> None:
    assert len(swept.document["findings"]) >= 25
    assert report.stat().st_size < 2_000_000


def test_every_finding_and_every_requirement_is_there(page: Chrome, swept: Campaign) -> None:
    assert len(shown(page, "article")) == len(swept.document["findings"])
    assert len(shown(page, "tr[data-requirement]")) == len(swept.document["verdicts"])
    failed = sum(row["outcome"] == "fail" for row in swept.document["verdicts"])
    assert page.find_element(By.TAG_NAME, "h1").text == f"{failed} requirements not met"


def test_it_asks_the_network_for_nothing_and_complains_of_nothing(
    browser: Chrome, report: Path
) -> None:
    logged(browser, "performance")
    logged(browser, "browser")
    browser.get(report.as_uri())
    events = [json.loads(row["message"])["message"] for row in logged(browser, "performance")]
    asked = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    assert asked == [report.as_uri()]
    assert logged(browser, "browser") == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_at_any_width_in_light_and_dark(
    browser: Chrome, report: Path, size: tuple[int, int], scheme: str
) -> None:
    held(browser, size, scheme)
    browser.get(report.as_uri())
    browser.execute_script("document.querySelectorAll('details').forEach(it => it.open = true)")
    wide, room = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= room == size[0]
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = browser.execute_async_script(
        "axe.run().then(arguments[arguments.length - 1])"
    )
    problems = [(it["id"], it["nodes"][0]["html"][:200]) for it in found["violations"]]
    assert problems == []
    assert {"color-contrast", "region", "heading-order"} <= {it["id"] for it in found["passes"]}


def test_the_filters_show_what_is_asked_for(page: Chrome, swept: Campaign) -> None:
    outcomes = swept.outcomes().values()
    for box in page.find_elements(By.CSS_SELECTOR, "input[name=outcome]:not([value=warn])"):
        box.click()
    warned = sum(outcome == "warn" for outcome in outcomes)
    assert len(shown(page, "tr[data-requirement]")) == warned > 0
    assert {row.get_attribute("data-outcome") for row in shown(page, "tr[data-requirement]")} == {
        "warn"
    }
    assert len(shown(page, ".requirement")) == len(shown(page, ".index li")) == warned
    told = page.find_element(By.ID, "matches")
    assert told.text == f"{warned} of {len(swept.document['verdicts'])} requirements"
    page.find_element(By.NAME, "text").send_keys("OCI-neg")
    (row,) = shown(page, "tr[data-requirement]")
    assert row.get_attribute("data-requirement") == "OCI-NEG-01"
    page.find_element(By.NAME, "level").send_keys("MUST")
    assert shown(page, "tr[data-requirement]") == []
    assert told.text.startswith("0 of")


def test_it_can_be_used_without_a_mouse(page: Chrome) -> None:
    first = pressed(page, Keys.TAB)
    assert (first.text, first.is_displayed()) == ("Skip to the findings", True)
    seen: list[WebElement] = [first]
    everything = shown(page, FOCUSABLE)
    for _ in range(len(everything) - 1):
        now = pressed(page, Keys.TAB)
        seen.append(now)
    assert set(seen) == set(everything)
    summary = next(found for found in seen if found.tag_name == "summary")
    page.execute_script("arguments[0].focus({focusVisible: true})", summary)
    assert summary.value_of_css_property("outline-style") == "solid"
    pressed(page, Keys.ENTER)
    exchange = summary.find_element(By.XPATH, "..")
    assert "HTTP/1.1" in exchange.find_element(By.TAG_NAME, "pre").text


def test_a_replay_can_be_copied(page: Chrome) -> None:
    button = shown(page, ".copy button")[0]
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
    button.click()
    assert page.execute_async_script(
        "setTimeout(() => arguments[1](arguments[0].textContent), 200)", button
    ) in {"Copied", "Selected"}


def test_without_its_script_all_is_there_but_the_filters(
    browser: Chrome, report: Path, tmp_path: Path, swept: Campaign
) -> None:
    held(browser, DESKTOP)
    text = report.read_text(encoding="utf-8")
    changed = tmp_path / "changed.html"  # another script than the policy names: it must not run
    changed.write_text(text.replace('"use strict";', '"use strict"; document.title = "run";'))
    browser.get(changed.as_uri())
    assert browser.title != "run"
    assert "Content Security Policy" in str(logged(browser, "browser"))
    assert shown(browser, "#filters") == []
    assert shown(browser, "button") == []
    assert len(shown(browser, "article")) == len(swept.document["findings"])
    assert len(shown(browser, "tr[data-requirement]")) == len(swept.document["verdicts"])
    assert shown(browser, "summary")
