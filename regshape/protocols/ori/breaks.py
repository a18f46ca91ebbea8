"""How each operation is broken, and what a conforming registry does with it: the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from regshape.model import Expectation, Mutator
from regshape.mutators import catalogue

REJECT, TOLERATE, OPEN = Expectation.REJECT, Expectation.TOLERATE, Expectation.UNSPECIFIED

TOKENS = (
    Mutator("auth-corrupt", "auth", "corrupt", None, None, REJECT),
    Mutator("auth-truncated", "auth", "truncate", None, 12, REJECT),
    Mutator("auth-scheme-unknown", "auth", "scheme", None, "Frob", REJECT),
    Mutator("auth-scheme-basic", "auth", "scheme", None, "Basic", REJECT),
    Mutator("auth-scheme-upper-case", "auth", "case", None, "upper", TOLERATE),
    Mutator("auth-twice", "auth", "duplicate", None, None, OPEN),
    Mutator("auth-empty", "auth", "replace", None, "", OPEN),
)
NAMES = tuple(
    Mutator(f"name-{name}", "name", "append", None, value, OPEN)
    for name, value in {
        "upper-case": "X",
        "escaped-slash": "%2Fb",
        "escaped-nul": "%00",
        "invalid-utf8": "%FF",
        "bad-escape": "%zz",
        "dots": "%2e%2e",
        "double-escaped": "%252F",
    }.items()
)
REFERENCES = tuple(
    Mutator(f"version-{name}", "reference", "replace", None, value, OPEN)
    for name, value in {
        "short": "1.2",
        "leading-zero": "01.0.0",
        "build": "1.0.0+b",
        "latest": "latest",
        "dots": "..",
        "nul": "%00",
        "invalid-utf8": "%FF",
        "long": "1" * 300 + ".0.0",
        "digits": "1.0.%D9%A1",
    }.items()
)
PAGES = (
    *(
        Mutator(f"limit-{name}", "query", "replace", "limit", value, OPEN)
        for name, value in {
            "zero": "0",
            "negative": "-1",
            "letters": "abc",
            "huge": "1" + "0" * 30,
            "empty": "",
        }.items()
    ),
    Mutator("cursor-garbage", "query", "replace", "cursor", "%25%00garbage", OPEN),
)
BODIES = tuple(
    Mutator(f"body-{name}", "body", "replace", None, value, OPEN)
    for name, value in {
        "cut": '{"message":',
        "deep": "[" * 20_000,
        "null": "null",
        "invalid-utf8": '{"message":"\xff"}',
        "array": "[]",
        "two-documents": "{}{}",
        "text": "not json",
    }.items()
)


def _methods(*methods: str) -> tuple[Mutator, ...]:
    return tuple(
        Mutator(f"method-{method.lower()}", "method", "replace", None, method, REJECT)
        for method in methods
    )


FRAMING = catalogue.FRAMING
HEADERS = tuple(m for m in catalogue.MISCELLANEOUS if m.expect is not REJECT)
CUT_SHORT = tuple(m for m in FRAMING if m.action == "truncate")


def _all(*groups: Iterable[Mutator]) -> tuple[Mutator, ...]:
    return tuple(mutator for group in groups for mutator in group)


BREAKS: Mapping[str, tuple[Mutator, ...]] = {
    "list-advisories": _all(_methods("POST", "DELETE"), HEADERS, TOKENS, catalogue.ROUTE),
    "list-versions": _all(NAMES, PAGES, TOKENS, _methods("PUT", "DELETE")),
    "get-metadata": _all(NAMES, REFERENCES, TOKENS, _methods("POST")),
    "get-archive": _all(NAMES[:4], REFERENCES, TOKENS, catalogue.RANGE, _methods("DELETE")),
    "publish": _all(NAMES, TOKENS, FRAMING, HEADERS[:3], _methods("PUT", "GET")),
    "yank": _all(REFERENCES, TOKENS, NAMES[:3], _methods("GET")),
    "unyank": _all(REFERENCES[:3], TOKENS[:4]),
    "deprecate": _all(REFERENCES[:3], BODIES, TOKENS, FRAMING[12:20]),
    "transfer": _all(BODIES, TOKENS, NAMES[:3], _methods("GET")),
    "list-owners": _all(NAMES[:4], TOKENS[:4]),
    "search": _all(TOKENS, PAGES, _methods("POST")),
    "look-up": _all(NAMES[:4], REFERENCES[:5], TOKENS[:4]),
    "get-checkpoint": _all(TOKENS[:4], _methods("PUT")),
}
