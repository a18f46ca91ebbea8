from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from regshape.model import Result
from regshape.report.har import render
from tests.report.conftest import with_bytes
from tests.report.recorded import Recorded

# The fields that HAR 1.2 demands, by the object that has them, with their types.
LOG = {"version": str, "creator": dict, "entries": list}
PAGE = {"startedDateTime": str, "id": str, "title": str, "pageTimings": dict}
ENTRY = {
    "startedDateTime": str,
    "time": (int, float),
    "request": dict,
    "response": dict,
    "cache": dict,
    "timings": dict,
}
MESSAGE = {
    "httpVersion": str,
    "cookies": list,
    "headers": list,
    "headersSize": int,
    "bodySize": int,
}
REQUEST = MESSAGE | {"method": str, "url": str, "queryString": list}
RESPONSE = MESSAGE | {"status": int, "statusText": str, "content": dict, "redirectURL": str}
CONTENT = {"size": int, "mimeType": str}
TIMINGS = {"send": (int, float), "wait": (int, float), "receive": (int, float)}


def holds(data: dict[str, Any], fields: dict[str, Any]) -> None:
    for name, kind in fields.items():
        assert isinstance(data[name], kind), (name, data)


def is_archive(log: dict[str, Any]) -> None:
    holds(log, LOG)
    assert log["version"] == "1.2"
    holds(log["creator"], {"name": str, "version": str})
    pages = {page["id"] for page in log["pages"]}
    for page in log["pages"]:
        holds(page, PAGE)
    for entry in log["entries"]:
        holds(entry, ENTRY)
        assert entry["pageref"] in pages
        assert datetime.fromisoformat(entry["startedDateTime"]).tzinfo is not None
        assert entry["time"] == sum(entry["timings"].values())
        holds(entry["request"], REQUEST)
        holds(entry["response"], RESPONSE)
        holds(entry["response"]["content"], CONTENT)
        holds(entry["timings"], TIMINGS)
        if "postData" in entry["request"]:
            holds(entry["request"]["postData"], {"mimeType": str, "text": str})
        for message in (entry["request"], entry["response"]):
            for header in message["headers"]:
                assert set(header) == {"name", "value"}


def archive(result: Result) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(render(result, ()))["log"]
    is_archive(log)
    return log


def test_every_exchange_of_a_real_campaign_is_in_the_archive(recorded: Recorded) -> None:
    log = archive(recorded.result)
    findings = recorded.result.findings
    assert [page["id"] for page in log["pages"]] == [finding.id for finding in findings]
    assert [
        (entry["request"]["method"], entry["response"]["status"]) for entry in log["entries"]
    ] == [
        (exchange.method, exchange.status or 0)
        for finding in findings
        for exchange in finding.exchanges
    ]


def test_an_exchange_stands_as_it_was(result: Result) -> None:
    first, second, third = archive(result)["entries"]
    assert first["startedDateTime"] == "2026-11-21T10:00:00Z"
    assert second["request"]["postData"] == {"mimeType": "", "text": "abc"}
    assert second["request"]["url"].startswith("http://127.0.0.1:5000/v2/regshape/0a1b2c3d/")
    assert second["request"]["queryString"][1] == {"name": "n", "value": "1"}
    assert second["response"]["status"] == 202
    assert third["response"]["status"] == 0
    assert third["comment"] == "timeout: no answer within 10 s"


def test_bytes_that_are_no_text_stand_in_base64() -> None:
    odd = bytes(range(256))
    (entry,) = archive(with_bytes(odd))["entries"]
    sent, content = entry["request"]["postData"], entry["response"]["content"]
    assert (sent["_encoding"], base64.b64decode(sent["text"])) == ("base64", odd)
    assert (content["encoding"], base64.b64decode(content["text"])) == ("base64", odd)


def test_a_long_body_is_cut_and_its_length_told() -> None:
    (entry,) = archive(with_bytes(b"x" * 10_000))["entries"]
    content = entry["response"]["content"]
    assert (content["size"], len(content["text"])) == (10_000, 4096)
    assert content["comment"] == "only the first 4096 bytes are kept"


def test_an_embedded_registry_has_an_address_that_viewers_take(recorded: Recorded) -> None:
    campaign = replace(recorded.result.campaign, target="embedded:tags-unordered")
    log = archive(replace(recorded.result, campaign=campaign))
    assert log["entries"][0]["request"]["url"].startswith("http://embedded/v2/")
