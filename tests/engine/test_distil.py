from __future__ import annotations

import httpx

from regshape.catalog import ReferenceSettings, find
from regshape.engine.distil import distil
from regshape.model import Case, Step
from regshape.settings import Settings

ENTRY = find("oci")
SETTINGS = Settings(target="http://embedded")
AHEAD = Case("oci", (Step("send-chunk", {"order": "ahead"}),), "out of order")
LONGER = Case("oci", (Step("ping"), *AHEAD.steps, Step("push-manifest")), "the same, with more")
FINE = Case("oci", (Step("ping"), Step("push-manifest")), "fails nowhere today")
TWIN = Case("oci", FINE.steps, "the same once more")


def reference(*defects: str) -> httpx.ASGITransport:
    app = ENTRY.reference(ReferenceSettings(defects=defects))
    return httpx.ASGITransport(app, raise_app_exceptions=False)


async def test_what_fails_is_shrunk_and_keeps_its_comment() -> None:
    made = await distil(SETTINGS, ENTRY, {"a": LONGER}, inner=reference("chunk-order-ignored"))
    assert made[0].became == Case("oci", AHEAD.steps, LONGER.comment)


async def test_what_shows_no_more_than_a_smaller_one_is_dropped() -> None:
    cases = {"a": LONGER, "b": AHEAD, "c": FINE, "d": TWIN}
    made = await distil(SETTINGS, ENTRY, cases, inner=reference("chunk-order-ignored"))
    assert [item.name for item in made] == ["a", "b", "c", "d"]
    assert len([item for item in made[:2] if item.became is None]) == 1
    assert len([item for item in made[2:] if item.became is None]) == 1


async def test_what_fails_nowhere_today_stays_as_it_is() -> None:
    made = await distil(SETTINGS, ENTRY, {"a": LONGER, "c": FINE}, inner=reference())
    assert [item.became for item in made] == [LONGER, FINE]
