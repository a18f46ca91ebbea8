"""The exchanges of the findings as an HTTP archive, a page for each finding.

The format is HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/); its fields that begin with
an underscore are ours. Bytes that are no text stand in base64.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from regshape import __version__
from regshape.model import CampaignInfo, Exchange, Finding, Headers, Requirement, Result
from regshape.report.clean import clean_result
from regshape.report.codec import printable
from regshape.report.wording import plain

UNKNOWN = -1
"""What HAR writes for a size or time that is not known."""

HTTP_VERSION = "HTTP/1.1"


def render(result: Result, requirements: Sequence[Requirement]) -> str:
    """Return the archive as text; the requirements' sentences stand in the pages' comments."""
    clean = clean_result(result)
    sentences = {requirement.id: requirement.text for requirement in requirements}
    pages: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    for finding in clean.findings:
        pages.append(_page(finding, clean.campaign, sentences.get(finding.requirement, "")))
        entries.extend(_entries(finding, clean.campaign))
    log = {
        "version": "1.2",
        "creator": {"name": "regshape", "version": __version__},
        "pages": pages,
        "entries": entries,
        "comment": f"campaign {clean.campaign.id}; an entry's time is counted from its start",
    }
    return json.dumps({"log": log}, indent=1) + "\n"


def _page(finding: Finding, campaign: CampaignInfo, sentence: str) -> dict[str, Any]:
    return {
        "startedDateTime": campaign.started,
        "id": finding.id,
        "title": f"{finding.requirement}: {plain(finding.summary)}",
        "pageTimings": {},
        "comment": sentence,
    }


def _entries(finding: Finding, campaign: CampaignInfo) -> Iterator[dict[str, Any]]:
    at = datetime.fromisoformat(campaign.started)
    for exchange in finding.exchanges:
        milliseconds = round(exchange.seconds * 1000, 3)
        yield {
            "pageref": finding.id,
            "startedDateTime": at.isoformat().replace("+00:00", "Z"),
            "time": milliseconds,
            "request": _request(exchange, campaign.target),
            "response": _response(exchange),
            "cache": {},
            "timings": {"send": 0, "wait": milliseconds, "receive": 0},
            **_failure(exchange),
        }
        at += timedelta(seconds=exchange.seconds)


def _failure(exchange: Exchange) -> dict[str, str]:
    if exchange.failure is None:
        return {}
    return {"comment": f"{exchange.failure.kind}: {plain(exchange.failure.detail)}"}


def _request(exchange: Exchange, target: str) -> dict[str, Any]:
    length = exchange.body_length if exchange.body_length is not None else len(exchange.body)
    return {
        "method": exchange.method,
        "url": _url(target, exchange.target),
        "httpVersion": HTTP_VERSION,
        "cookies": [],
        "headers": _named(exchange.headers),
        "queryString": _named(_query(exchange.target)),
        "headersSize": UNKNOWN,
        "bodySize": length,
        **({"postData": _post_data(exchange)} if exchange.body else {}),
    }


def _response(exchange: Exchange) -> dict[str, Any]:
    length = exchange.answer_length if exchange.answer_length is not None else len(exchange.answer)
    return {
        "status": exchange.status or 0,
        "statusText": exchange.reason,
        "httpVersion": HTTP_VERSION,
        "cookies": [],
        "headers": _named(exchange.answer_headers),
        "content": _content(exchange, length),
        "redirectURL": exchange.header("location") or "",
        "headersSize": UNKNOWN,
        "bodySize": length,
    }


def _content(exchange: Exchange, length: int) -> dict[str, Any]:
    cut = exchange.answer_length is not None
    return {
        "size": length,
        "mimeType": exchange.header("content-type") or "",
        **_text(exchange.answer, "encoding", cut=cut),
    }


def _post_data(exchange: Exchange) -> dict[str, Any]:
    types = [value for name, value in exchange.headers if name.lower() == "content-type"]
    return {
        "mimeType": types[0] if types else "",
        # HAR 1.2 has no encoding for what was sent: hence the underscore.
        **_text(exchange.body, "_encoding", cut=exchange.body_length is not None),
    }


def _text(body: bytes, encoding: str, *, cut: bool) -> dict[str, str]:
    comment = {"comment": f"only the first {len(body)} bytes are kept"} if cut else {}
    text = printable(body, whole=not cut)
    if text is None:
        return {"text": base64.b64encode(body).decode("ascii"), encoding: "base64", **comment}
    return {"text": text, **comment}


def _named(pairs: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _query(target: str) -> Headers:
    query = target.partition("?")[2].partition("#")[0]
    return tuple(parse_qsl(query, keep_blank_values=True, encoding="latin-1"))


def _url(origin: str, target: str) -> str:
    if urlsplit(origin).scheme not in ("http", "https"):
        origin = "http://embedded"  # a reference registry of our own, whose port is gone
    return origin.rstrip("/") + target
