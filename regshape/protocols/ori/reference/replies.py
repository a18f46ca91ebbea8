"""What every part of the registry stands on: its state, its refusals, its last word.

A handler returns an `Answer`, or raises what `refusal` returns. `finish` sees every answer before
it leaves. Whatever checks and writes does so without awaiting, so no two requests interleave.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel

from regshape.formats.digest import compute
from regshape.protocols.ori.models import JSON, STATUSES, ErrorBody, ErrorCode, ErrorEntry
from regshape.protocols.ori.reference.journal import Journal, Memory
from regshape.protocols.ori.reference.records import Quota, ReferenceOptions, kept_token
from regshape.protocols.ori.reference.traffic import Asked
from regshape.protocols.ori.reference.transparency import TransparencyLog
from regshape.protocols.serving import Answer, RefusedError

NO_HEADERS: Mapping[str, str] = {}
MOST_DIGITS = 9
_Item = TypeVar("_Item")


class Replies:
    """State, refusals, pages and finishing: the part that all other parts extend."""

    def __init__(
        self, options: ReferenceOptions | None = None, journal: Journal | None = None
    ) -> None:
        """Start with what the journal holds; without one, empty and in memory."""
        self.options = options or ReferenceOptions()
        self.journal = journal or Memory(self.options.origin, self.options.seed)
        self.shelf = self.journal.load()
        every = [one for versions in self.shelf.releases.values() for one in versions.values()]
        every.sort(key=lambda release: release.log_index)
        self.log = TransparencyLog(self.journal.signer(), (release.record() for release in every))
        for text, grant in self.options.tokens.items():
            self.journal.add_token(kept_token(text, grant, self.now()))

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return self.options.clock()

    # answers

    def refusal(
        self,
        code: ErrorCode,
        detail: str,
        headers: Mapping[str, str] = NO_HEADERS,
        pointer: str | None = None,
    ) -> RefusedError:
        """Return the exception that ends a handler with an error."""
        return RefusedError(self.error(code, detail, headers, pointer))

    def error(
        self,
        code: ErrorCode,
        detail: str,
        headers: Mapping[str, str] = NO_HEADERS,
        pointer: str | None = None,
    ) -> Answer:
        """Return an error with the body of decision 1."""
        body = ErrorBody(errors=[ErrorEntry(code=code, detail=detail, pointer=pointer)])
        return self.document(self.status_of(code), body, headers)

    def status_of(self, code: ErrorCode) -> int:
        """Return the status that goes with an error."""
        return STATUSES[code]

    def document(
        self,
        status: int,
        document: BaseModel | Sequence[BaseModel],
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Answer:
        """Return a JSON answer."""
        if isinstance(document, BaseModel):
            plain: object = document.model_dump(mode="json")
        else:
            plain = [item.model_dump(mode="json") for item in document]
        return self.plain_document(status, plain, headers)

    def plain_document(self, status: int, plain: object, headers: Mapping[str, str]) -> Answer:
        """Return a JSON answer of what JSON knows already."""
        body = json.dumps(plain, separators=(",", ":")).encode()
        return Answer(status, {"Content-Type": JSON, **headers}, body)

    # the last word

    def finish(self, answer: Answer, asked: Asked) -> Answer:
        """Return the answer with what every answer has. Nothing touches it after this."""
        if answer.status == HTTPStatus.OK and asked.method in ("GET", "HEAD"):
            answer = self.with_etag(answer, asked)
        headers = {**answer.headers, **self.quota_headers(asked.quota)}
        if answer.status != HTTPStatus.NOT_MODIFIED:
            headers["Content-Length"] = str(len(answer.body))
        body = b"" if asked.method == "HEAD" else answer.body
        return replace(answer, headers=headers, body=body)

    def with_etag(self, answer: Answer, asked: Asked) -> Answer:
        """Return an answer with its strong entity tag, or 304 (RFC 9110, 8.8.3 and 13.1.2)."""
        etag = answer.headers.get("ETag") or f'"{compute(answer.body)}"'
        headers = {**answer.headers, "ETag": etag}
        if not self.is_known(etag, asked):
            return replace(answer, headers=headers)
        kept = {name: value for name, value in headers.items() if name != "Content-Type"}
        return Answer(HTTPStatus.NOT_MODIFIED, kept)

    def is_known(self, etag: str, asked: Asked) -> bool:
        """Return whether the client says that it has what has this entity tag."""
        known = asked.header(b"if-none-match")
        if known is None:
            return False
        listed = [item.strip().removeprefix("W/") for item in known.split(",")]
        return etag in listed or listed == ["*"]

    def quota_headers(self, quota: Quota) -> dict[str, str]:
        """Return the headers that tell of the rate limit (decision 17).

        Those without `X-` are of draft-ietf-httpapi-ratelimit-headers.
        """
        left = max(0, quota.limit - quota.used)
        window = math.ceil(self.options.window)
        return {
            "X-RateLimit-Limit": str(quota.limit),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str(math.ceil(quota.reset)),
            "RateLimit-Policy": f'"requests";q={quota.limit};w={window}',
            "RateLimit": f'"requests";r={left};t={self.seconds_left(quota)}',
        }

    def seconds_left(self, quota: Quota) -> int:
        """Return how long the window lasts: whole seconds, one at least."""
        return min(math.ceil(self.options.window), max(1, math.ceil(quota.reset - self.now())))

    # pages (decision 3)

    def page(
        self, asked: Asked, items: Sequence[tuple[str, _Item]]
    ) -> tuple[list[_Item], dict[str, str]]:
        """Return the items of one page, and the `Link` to the next one if there is one.

        `items` are in the order of the listing, each with the key that a cursor names it by.
        """
        limit, start = self.page_size(asked), self.page_start(asked, items)
        taken = items[start : start + limit]
        headers = {}
        if start + limit < len(items):
            headers["Link"] = self.next_link(asked, limit, taken[-1][0])
        return [item for _, item in taken], headers

    def page_size(self, asked: Asked) -> int:
        """Return how many items a page may have."""
        text = self.parameter(asked, "limit")
        if text is None:
            return self.options.page_limit
        if not (text.isascii() and text.isdigit()) or not text.strip("0"):
            raise self.refusal(ErrorCode.QUERY_INVALID, "limit is a number from 1", pointer="limit")
        digits = text.lstrip("0")
        wanted = int(digits) if len(digits) <= MOST_DIGITS else self.options.page_limit
        return min(wanted, self.options.page_limit)

    def page_start(self, asked: Asked, items: Sequence[tuple[str, _Item]]) -> int:
        """Return the index after the item that the cursor names, 0 without a cursor."""
        text = self.parameter(asked, "cursor")
        if text is None:
            return 0
        key = self.read_cursor(text)
        for index, (known, _) in enumerate(items):
            if known == key:
                return index + 1
        raise self.refusal(ErrorCode.QUERY_INVALID, "there is no such cursor", pointer="cursor")

    def next_link(self, asked: Asked, limit: int, key: str) -> str:
        """Return the `Link` to the page after the item with that key (RFC 8288)."""
        kept = [pair for pair in asked.query if pair[0] not in ("limit", "cursor")]
        query = urlencode([*kept, ("limit", str(limit)), ("cursor", self.cursor(key))])
        return f'<{asked.path}?{query}>; rel="next"'

    def cursor(self, key: str) -> str:
        """Return the cursor that names an item."""
        return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")

    def read_cursor(self, text: str) -> str:
        """Return the key that a cursor stands for, or nothing that is a key."""
        try:
            return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        except (binascii.Error, ValueError):
            return ""

    def parameter(self, asked: Asked, name: str) -> str | None:
        """Return the value of a query parameter, None without one; refuses two of them."""
        given = asked.parameters(name)
        if len(given) > 1:
            raise self.refusal(ErrorCode.QUERY_INVALID, f"{name} is given twice", pointer=name)
        return given[0] if given else None
