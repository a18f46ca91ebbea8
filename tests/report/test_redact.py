from __future__ import annotations

import time

import pytest

from regshape.model import Case, Exchange, Finding
from regshape.report.codec import exchange_to_json
from regshape.report.redact import (
    redact_body,
    redact_finding,
    redact_headers,
    redact_line,
    redact_url,
)

SECRET = "s3cr3t-value"  # noqa: S105 - what must not be found


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("Authorization", f"Bearer {SECRET}", "Bearer [redacted]"),
        ("authorization ", f"Basic {SECRET}", "Basic [redacted]"),
        ("AUTHORIZATION", SECRET, "[redacted]"),
        ("Proxy-Authorization", f"Basic {SECRET}", "Basic [redacted]"),
        ("Cookie", f"session={SECRET}", "[redacted]"),
        ("set-cookie", f"session={SECRET}; Path=/", "[redacted]"),
        ("X-Registry-Token", SECRET, "[redacted]"),
        ("X-Api-Key", SECRET, "[redacted]"),
        ("location", f"/v2/a?_state=1&token={SECRET}", "/v2/a?_state=1&token=[redacted]"),
        ("Content-Type", "text/plain", "text/plain"),
        ("www-authenticate", 'Bearer realm="http://a/token"', 'Bearer realm="http://a/token"'),
    ],
)
def test_secret_headers_lose_their_value_and_others_keep_it(
    name: str, value: str, kept: str
) -> None:
    assert redact_headers(((name, value),)) == ((name, kept),)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        (f"http://bob:{SECRET}@host/v2/", "http://[redacted]@host/v2/"),
        (
            f"https://s3/a?X-Amz-Signature={SECRET}&n=1",
            "https://s3/a?X-Amz-Signature=[redacted]&n=1",
        ),
        (f"/token?service=a&access_token={SECRET}", "/token?service=a&access_token=[redacted]"),
        ("/v2/a/manifests/b@c?n=1&last=x", "/v2/a/manifests/b@c?n=1&last=x"),
        ("http://host/v2/a@sha256:0", "http://host/v2/a@sha256:0"),
    ],
)
def test_secret_parts_of_an_address_are_replaced(url: str, kept: str) -> None:
    assert redact_url(url) == kept


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (
            f"curl -H 'Authorization: Bearer {SECRET}' http://h/v2/",
            "curl -H 'Authorization: Bearer [redacted]' http://h/v2/",
        ),
        (f"curl -u bob:{SECRET} http://h/", "curl -u bob:[redacted] http://h/"),
        (f"curl --user 'bob:{SECRET}' http://h/", "curl --user 'bob:[redacted]' http://h/"),
        ('curl -u "$USER:$PASSWORD" http://h/', 'curl -u "$USER:$PASSWORD" http://h/'),
        ("curl -i http://h/v2/a/tags/list?n=0", "curl -i http://h/v2/a/tags/list?n=0"),
    ],
)
def test_secrets_of_a_command_line_are_replaced(line: str, kept: str) -> None:
    assert redact_line(line) == kept


def test_a_token_in_a_json_body_is_replaced() -> None:
    body = f'{{"token": "{SECRET}", "expires_in": 60, "name": "a"}}'.encode()
    assert redact_body(body) == b'{"token": "[redacted]", "expires_in": 60, "name": "a"}'


def test_nothing_secret_is_left_in_the_json_of_an_exchange_or_in_a_finding() -> None:
    exchange = Exchange(
        "GET",
        f"/token?password={SECRET}",
        (("Authorization", f"Basic {SECRET}"),),
        f'{{"password":"{SECRET}"}}'.encode(),
        200,
        "OK",
        (("set-cookie", SECRET),),
        f'{{"access_token":"{SECRET}"}}'.encode(),
    )
    assert SECRET not in repr(exchange_to_json(exchange))
    finding = Finding(
        "f1",
        "R",
        "s",
        f"Authorization: Bearer {SECRET} was accepted",
        Case("oci", ()),
        (exchange,),
        (1, 1),
        1,
        0,
        (f"curl -H 'Cookie: a={SECRET}' http://u:{SECRET}@h/",),
    )
    assert SECRET not in repr(redact_finding(finding))


@pytest.mark.parametrize(
    "piece", ["x", "token", "?token", "a-", '"token', "token ", "http://", "&="]
)
def test_redacting_takes_time_in_proportion_to_what_a_peer_sends(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    begin = time.perf_counter()
    redact_line(text)
    redact_url(text)
    redact_body(text.encode())
    assert time.perf_counter() - begin < 2
