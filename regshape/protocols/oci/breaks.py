"""How each operation is broken, and what a conforming registry does with it: the catalogue.

`reject` stands only where the specification leaves no choice; where it is silent the expectation is
`unspecified`, and only what holds for every request is judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from regshape.model import Expectation, Mutator
from regshape.mutators import catalogue
from regshape.protocols.oci import calls

REJECT, TOLERATE, OPEN = Expectation.REJECT, Expectation.TOLERATE, Expectation.UNSPECIFIED


def _suffixes(kind: str, expect: Expectation, values: Mapping[str, str]) -> tuple[Mutator, ...]:
    return tuple(
        Mutator(f"{kind}-{name}", "name", "append", None, value, expect)
        for name, value in values.items()
    )


def _values(
    prefix: str,
    target: str,
    expect: Expectation,
    values: Mapping[str, str | int],
    *,
    key: str | None = None,
    action: str = "replace",
) -> tuple[Mutator, ...]:
    return tuple(
        Mutator(f"{prefix}-{name}", target, action, key, value, expect)
        for name, value in values.items()
    )


BAD_NAMES = _suffixes(
    "name",
    REJECT,
    {
        "upper-case": "/Upper",
        "two-dots": "/a..b",
        "three-underscores": "/a___b",
        "leading-dash": "/-a",
        "trailing-dash": "/a-",
        "leading-underscore": "/_a",
        "leading-dot": "/.a",
        "escaped-space": "/a%20b",
        "non-ascii": "/%C3%A9",
        "escaped-nul": "/a%00b",
        "invalid-utf8": "/%FF",
        "plus": "/a+b",
    },
)
ODD_NAMES = _suffixes(
    "name",
    TOLERATE,
    {
        "two-underscores": "/a__b",
        "digit": "/0",
        "many-dashes": "/a-----b",
        "dot": "/a.b",
        "underscore": "/a_b",
        "component-tags": "/tags",
        "deep": "/a/b/c/d",
    },
)
STRANGE_NAMES = (
    *(
        Mutator(f"name-long-{size}", "name", "fill", None, size, OPEN)
        for size in (256, 300, 128, 254, 255)
    ),
    *_suffixes(
        "name",
        OPEN,
        {
            "double-slash": "//a",
            "trailing-slash": "/",
            "escaped-dots": "/%2e%2e/a",
            "escaped-slash": "/a%2Fb",
            "double-escaped": "/a%252Fb",
            "bad-escape": "/a%zz",
            "component-blobs": "/blobs",
            "component-manifests": "/manifests/a",
            "component-uploads": "/blobs/uploads",
        },
    ),
    Mutator("name-many-components", "name", "append", None, "/a" * 100, OPEN),
)
REFERENCES = _values(
    "reference",
    "reference",
    REJECT,
    {
        "short-digest": "sha256:0123abcd",
        "no-encoded": "sha256:",
        "no-algorithm": ":latest",
        "three-parts": "a:b:c",
        "garbage-digest": "sha256:baddigeststring",
        "not-hex": "sha256:" + "z" * 64,
        "upper-case-digest": "sha256:" + "A" * 64,
        "long-digest": "sha256:" + "0" * 65,
    },
)
STRANGE_REFERENCES = _values(
    "reference",
    "reference",
    OPEN,
    {
        "unknown-algorithm": "foo:" + "0" * 64,
        "separators-in-algorithm": "a+b.c_d-e:" + "0" * 64,
        "md5": "md5:" + "0" * 32,
        "two-dots": "..",
        "escaped-slash": "a%2Fb",
        "escaped-nul": "a%00",
        "invalid-utf8": "%FF",
        "bad-escape": "%zz",
    },
)
BAD_TAGS = _values(
    "tag",
    "reference",
    REJECT,
    {
        "129-characters": "t" * 129,
        "leading-dot": ".tag",
        "leading-dash": "-tag",
        "non-ascii": "t%C3%A9",
        "space": "t%20t",
        "plus": "t+1",
        "at": "t@1",
    },
)
BAD_DIGESTS = (
    Mutator("digest-wrong", "digest", "corrupt", None, None, REJECT),
    Mutator("digest-upper-case", "digest", "case", None, "upper", REJECT),
    Mutator("digest-short", "digest", "truncate", None, 32, REJECT),
    Mutator("digest-unknown-algorithm", "digest", "replace", "algorithm", "foo", REJECT),
    Mutator("digest-md5", "digest", "replace", None, "md5:" + "0" * 32, REJECT),
    Mutator("digest-garbage", "digest", "replace", None, ":garbage", REJECT),
)
DIGEST_PARAMETER = (
    Mutator("digest-missing", "query", "remove", "digest", None, REJECT),
    Mutator("digest-empty", "query", "replace", "digest", "", REJECT),
    Mutator("digest-twice", "query", "duplicate", "digest", None, OPEN),
    Mutator("digest-and-another", "query", "duplicate", "digest", "sha256:" + "0" * 64, OPEN),
    Mutator("digest-valueless", "query", "replace", "digest", None, REJECT),
)
UNKNOWN_PARAMETER = (Mutator("query-unknown", "query", "replace", "x-unknown", "1", OPEN),)
FALSE_BODIES = (
    Mutator("body-bit-flipped", "body", "corrupt", None, None, REJECT),
    Mutator("body-truncated", "body", "truncate", None, 8, REJECT),
    Mutator("body-extended", "body", "append", None, "x", REJECT),
    Mutator("body-empty", "body", "remove", None, None, REJECT),
)
# Where a grammar is read too loosely, a length that is right is what lets them through.
BAD_RANGES = _values(
    "content-range",
    "header",
    REJECT,
    {
        "open-ended": "3-",
        "suffix": "-5",
        "letters": "3-x",
        "unit-and-size": "bytes 0-23/24",
        "backwards": "5-3",
        "signed": "+0-23",
        "huge": "0-" + "9" * 30,
        "two": "0-23,24-47",
        "negative": "-1--1",
    },
    key="Content-Range",
)
WRONG_LENGTH_RANGES = _values(
    "content-range",
    "header",
    REJECT,
    {"longer-than-body": "0-4095", "shorter-than-body": "0-1"},
    key="Content-Range",
)
ACCEPTS = (
    Mutator("accept-absent", "header", "remove", "Accept", None, TOLERATE),
    Mutator("accept-all", "header", "replace", "Accept", "*/*", TOLERATE),
    Mutator("accept-application", "header", "replace", "Accept", "application/*", TOLERATE),
    Mutator("accept-q", "header", "replace", "Accept", "text/plain;q=0.1, */*;q=0.5", TOLERATE),
    Mutator("accept-other", "header", "replace", "Accept", "text/plain", OPEN),
    Mutator("accept-garbage", "header", "replace", "Accept", ";;q=", OPEN),
    Mutator("accept-empty", "header", "replace", "Accept", "", OPEN),
    Mutator("accept-many", "header", "replace", "Accept", ", ".join(["a/b"] * 200), OPEN),
)
MANIFEST_TYPES = (
    Mutator("content-type-parameters", "content_type", "append", None, "; charset=utf-8", TOLERATE),
    Mutator("content-type-absent", "content_type", "remove", None, None, OPEN),
    Mutator("content-type-empty", "content_type", "replace", None, "", OPEN),
    Mutator("content-type-garbage", "content_type", "replace", None, "///", OPEN),
    Mutator("content-type-json", "content_type", "replace", None, "application/json", OPEN),
    Mutator("content-type-image", "content_type", "replace", None, calls.IMAGE, OPEN),
    Mutator(
        "content-type-schema1",
        "content_type",
        "replace",
        None,
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        OPEN,
    ),
    Mutator("content-type-upper-case", "content_type", "case", None, "upper", OPEN),
)
# Many servers see no difference between an empty header and none.
EMPTY_RANGE = (Mutator("content-range-empty", "header", "replace", "Content-Range", "", OPEN),)
BLOB_TYPES = (
    Mutator("content-type-absent", "content_type", "remove", None, None, OPEN),
    Mutator("content-type-other", "content_type", "replace", None, "text/plain", OPEN),
)
MANIFEST_BODIES = (
    *_values(
        "json",
        "body",
        OPEN,
        {
            "cut": '{"schemaVersion":2',
            "deep": "[" * 20_000,
            "null": "null",
            "invalid-utf8": '{"a":"\xff"}',
            "array": "[]",
            "object": "{}",
            "scalar": "1",
            "bom": "\xef\xbb\xbf{}",
            "two-documents": "{}{}",
            "text": "not json",
        },
    ),
    Mutator("json-empty", "body", "remove", None, None, OPEN),
    *(
        Mutator(f"json-{name}", "body", "json-set", key, value, OPEN)
        for name, key, value in (
            ("manifests-of-null", "/manifests", "[null]"),
            ("schema-version-0", "/schemaVersion", "0"),
            ("schema-version-text", "/schemaVersion", '"2"'),
            ("schema-version-huge", "/schemaVersion", "1" + "0" * 40),
            ("manifests-null", "/manifests", "null"),
            ("manifests-object", "/manifests", "{}"),
            ("manifests-of-scalars", "/manifests", "[1,2]"),
            ("descriptor-empty", "/manifests", "[{}]"),
            ("descriptor-bad-digest", "/manifests", '[{"digest":"sha256:bad","size":1}]'),
            (
                "descriptor-negative",
                "/manifests",
                '[{"digest":"sha256:' + "0" * 64 + '","size":-1}]',
            ),
            ("layers-too", "/layers", "[]"),
            ("config-null", "/config", "null"),
            ("subject-text", "/subject", '"x"'),
            ("subject-empty", "/subject", "{}"),
            ("subject-bad-digest", "/subject", '{"mediaType":"a/b","digest":"x","size":1}'),
            ("annotations-numbers", "/annotations", '{"a":1}'),
            ("annotations-null", "/annotations", "null"),
            ("artifact-type-number", "/artifactType", "1"),
            ("media-type-number", "/mediaType", "1"),
            ("media-type-other", "/mediaType", '"application/x"'),
        )
    ),
    Mutator("json-schema-version-removed", "body", "json-remove", "/schemaVersion", None, OPEN),
    Mutator("json-manifests-removed", "body", "json-remove", "/manifests", None, OPEN),
)
PAGES = (
    *_values(
        "n",
        "query",
        OPEN,
        {
            "negative": "-1",
            "letters": "abc",
            "huge": "1" + "0" * 30,
            "fraction": "1.5",
            "hexadecimal": "0x2",
            "empty": "",
            "billion": "1000000000",
            "63-bits": "9223372036854775808",
        },
        key="n",
    ),
    Mutator("n-twice", "query", "duplicate", "n", "2", OPEN),
    *_values(
        "last",
        "query",
        OPEN,
        {"empty": "", "nul": "%00", "long": "t" * 129, "invalid-utf8": "%FF", "bad-escape": "%zz"},
        key="last",
    ),
)
SESSIONS = (
    Mutator(
        "session-unknown", "session", "replace", None, "00000000-0000-4000-8000-000000000000", OPEN
    ),
    Mutator("session-garbage", "session", "replace", None, "garbage", OPEN),
    Mutator("session-truncated", "session", "truncate", None, 8, OPEN),
    Mutator("session-corrupt", "session", "corrupt", None, None, OPEN),
    Mutator("session-without-query", "query", "remove", None, None, OPEN),
)
MOUNTS = (
    Mutator("mount-garbage", "query", "replace", "mount", "garbage", OPEN),
    Mutator("mount-empty", "query", "replace", "mount", "", OPEN),
    Mutator("mount-unknown-algorithm", "query", "replace", "mount", "foo:" + "0" * 64, OPEN),
    Mutator("from-empty", "query", "replace", "from", "", OPEN),
    Mutator("from-dots", "query", "replace", "from", "../..", OPEN),
    Mutator("mount-and-digest", "query", "replace", "digest", "sha256:" + "0" * 64, OPEN),
)


def _methods(expect: Expectation, *methods: str) -> tuple[Mutator, ...]:
    return tuple(
        Mutator(f"method-{method.lower()}", "method", "replace", None, method, expect)
        for method in methods
    )


STRANGE_METHODS = _methods(OPEN, "OPTIONS", "TRACE", "FROB")
ROUTES = (
    *catalogue.ROUTE,
    Mutator("route-extension", "route", "replace", None, "/v2/{name}/_unknown/y/z", OPEN),
)
AUTH = catalogue.AUTHORIZATION
HEADERS = tuple(m for m in catalogue.MISCELLANEOUS if m.expect is not REJECT)
FRAMING = catalogue.FRAMING
UNEXPECTED_BODY = catalogue.UNEXPECTED_BODY
CUT_SHORT = tuple(m for m in FRAMING if m.action in {"truncate", "slow", "idle"})
EXTENDED = tuple(m for m in FRAMING if m.action in {"extension", "trailer"})
WHOLE = tuple(m for m in FRAMING if m.action in {"preface", "hello", "fill"})
LEAVING = tuple(m for m in FRAMING if m.action == "leave")
BODIES = tuple(m for m in FRAMING if m not in (*WHOLE, *LEAVING))
VERSIONS = tuple(m for m in FRAMING if m.action == "version")
CONDITIONS = (*catalogue.RANGE, *catalogue.CONDITIONAL)


def _all(*groups: Iterable[Mutator]) -> tuple[Mutator, ...]:
    return tuple(mutator for group in groups for mutator in group)


BREAKS: Mapping[str, tuple[Mutator, ...]] = {
    "ping": _all(
        _methods(REJECT, "POST", "DELETE"), STRANGE_METHODS, ROUTES, HEADERS, AUTH, WHOLE, VERSIONS,
    ),
    "get-blob": _all(
        BAD_NAMES[:3], REFERENCES[:3], STRANGE_REFERENCES, CONDITIONS, ROUTES[-1:], LEAVING,
        UNEXPECTED_BODY,
    ),
    "head-blob": _all(STRANGE_REFERENCES[:3], _methods(REJECT, "PATCH"), UNEXPECTED_BODY[:1]),
    "get-manifest": _all(
        BAD_NAMES, STRANGE_NAMES, REFERENCES, STRANGE_REFERENCES, ACCEPTS,
        _methods(REJECT, "PATCH", "POST"), ROUTES[-2:], AUTH,
    ),
    "head-manifest": _all(REFERENCES, STRANGE_REFERENCES[:3], ACCEPTS[:2]),
    "open-upload": _all(
        BAD_NAMES, ODD_NAMES, STRANGE_NAMES, UNKNOWN_PARAMETER, HEADERS[:3],
        _methods(REJECT, "PUT", "DELETE"), AUTH[:3],
    ),
    "post-blob": _all(BAD_DIGESTS, FALSE_BODIES, BLOB_TYPES, BODIES, BAD_NAMES[:1]),
    "mount-blob": _all(MOUNTS, BAD_NAMES[:3]),
    "send-chunk": _all(
        BAD_RANGES, WRONG_LENGTH_RANGES, EMPTY_RANGE, BLOB_TYPES, SESSIONS, FRAMING[12:14],
        EXTENDED, CUT_SHORT,
    ),
    "finish-upload": _all(
        BAD_DIGESTS, DIGEST_PARAMETER, FALSE_BODIES, BLOB_TYPES, SESSIONS,
        UNKNOWN_PARAMETER, FRAMING[12:20], EXTENDED[:1], CUT_SHORT,
    ),
    "upload-status": _all(SESSIONS, _methods(REJECT, "POST")),
    "cancel-upload": SESSIONS[:2],
    "push-manifest": _all(
        CUT_SHORT, BAD_NAMES, REFERENCES, STRANGE_REFERENCES, BAD_TAGS, MANIFEST_TYPES,
        MANIFEST_BODIES, BAD_DIGESTS,
        UNKNOWN_PARAMETER, FRAMING[:14], EXTENDED[:1], AUTH[:3],
    ),
    "list-tags": _all(
        BAD_NAMES[:4], PAGES, UNKNOWN_PARAMETER, _methods(REJECT, "PUT", "DELETE"),
        STRANGE_METHODS[:1], catalogue.ROUTE[:1], AUTH[:2],
    ),
    "list-referrers": _all(BAD_NAMES[:1], REFERENCES, STRANGE_REFERENCES[:3], UNKNOWN_PARAMETER),
    "list-catalog": PAGES[:4],
    "discover-extensions": _methods(REJECT, "POST"),
    "delete-tag": _all(REFERENCES, BAD_TAGS[:3], UNEXPECTED_BODY[:1]),
    "delete-manifest": _all(REFERENCES[:4], AUTH[:2]),
    "delete-blob": _all(REFERENCES[:3], STRANGE_REFERENCES[:3]),
}  # fmt: skip
