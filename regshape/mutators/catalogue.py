"""The ways of breaking a request that any HTTP registry can be given, whatever its protocol.

What HTTP itself demands is stated; everything else is unspecified, and only tells whether the
registry stays on its feet. Sections are those of RFC 9110 (semantics) and RFC 9112 (HTTP/1.1).
"""

from __future__ import annotations

from collections.abc import Sequence

from regshape.model import Expectation, Mutator

REJECT = Expectation.REJECT
TOLERATE = Expectation.TOLERATE
UNSPECIFIED = Expectation.UNSPECIFIED

_LONG = 8 * 1024
_LONGEST = 16 * 1024


def _header(
    name: str, key: str, value: str | int | None, expect: Expectation = UNSPECIFIED
) -> Mutator:
    return Mutator(name, "header", "replace", key, value, expect)


def _numbered(
    prefix: str, key: str, values: Sequence[str], expect: Expectation = UNSPECIFIED
) -> tuple[Mutator, ...]:
    return tuple(
        _header(f"{prefix}-{number}", key, value, expect) for number, value in enumerate(values, 1)
    )


METHOD: tuple[Mutator, ...] = (
    *(
        Mutator(f"method-{method.lower()}", "method", "replace", None, method)
        for method in ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE")
    ),
    Mutator("method-connect", "method", "replace", None, "CONNECT"),
    Mutator("method-unknown", "method", "replace", None, "FROB"),
    Mutator("method-lower-case", "method", "case", None, "lower"),
    Mutator("method-swapped", "method", "swap"),
    Mutator("method-long", "method", "replace", None, "A" * 300),
    Mutator("method-empty", "method", "remove"),
    Mutator("method-with-space", "method", "append", None, " X"),
    _header("method-override-delete", "X-HTTP-Method-Override", "DELETE"),
    _header("method-override-put", "X-HTTP-Method-Override", "PUT"),
)
"""Other methods than the one that is meant."""

MISCELLANEOUS: tuple[Mutator, ...] = (
    _header("header-unknown", "X-RegShape-Unknown", "1", TOLERATE),  # RFC 9110 section 5.1
    Mutator("header-name-lower-case", "header", "case", "User-Agent", "lower", TOLERATE),  # 5.1
    _header("header-empty-value", "X-RegShape-Empty", "", TOLERATE),
    Mutator("header-no-user-agent", "header", "remove", "User-Agent"),
    # RFC 9112 section 3.2: a server MUST answer 400 to no Host and to two. The same is demanded of
    # one that is no host name, but what that is servers see differently.
    Mutator("host-absent", "header", "remove", "Host", None, REJECT),
    Mutator("host-twice", "header", "duplicate", "Host", "other.example", REJECT),
    _header("host-invalid", "Host", "a b"),
    _header("host-other", "Host", "registry.invalid"),
    _header("host-empty", "Host", ""),
    _header("host-port", "Host", "registry.invalid:99999"),
    _header("forwarded-for", "X-Forwarded-For", "127.0.0.1"),
    _header("forwarded-host", "X-Forwarded-Host", "registry.invalid"),
    _header("forwarded-proto", "X-Forwarded-Proto", "gopher"),
    _header("forwarded", "Forwarded", 'for="[::1]";host=registry.invalid;proto=https'),
    _header("original-url", "X-Original-URL", "/v2/_catalog"),
    _header("expect-continue", "Expect", "100-continue"),
    _header("expect-other", "Expect", "200-ok"),
    _header("connection-close", "Connection", "close", TOLERATE),  # RFC 9112 section 9.6
    _header("connection-names-host", "Connection", "close, Host"),
    _header("upgrade-h2c", "Upgrade", "h2c"),
    Mutator("header-long", "header", "fill", "X-RegShape-Long", _LONG),
    Mutator("header-longest", "header", "fill", "X-RegShape-Long", _LONGEST),
    Mutator("headers-100", "header", "repeat", "X-RegShape", 100),
    Mutator("headers-500", "header", "repeat", "X-RegShape", 500),
    _header("header-latin-1", "X-RegShape-Text", "caf\xe9"),
    _header("header-utf-8", "X-RegShape-Text", "caf\xc3\xa9"),
    _header("header-control", "X-RegShape-Text", "a\x01b"),
    _header("header-nul", "X-RegShape-Text", "a\x00b"),
    _header("header-bare-cr", "X-RegShape-Text", "a\rb"),
    _header("header-bare-lf", "X-RegShape-Text", "a\nX-RegShape-Other: b"),
    _header("header-folded", "X-RegShape-Text", "a\r\n b"),
    _header("header-traversal", "X-RegShape-Text", "../../../../etc/passwd"),
    _header("header-name-invalid", "X RegShape", "1"),
    # RFC 9112 section 5.1: a server MUST answer 400 to space between name and colon.
    _header("header-space-before-colon", "X-RegShape ", "1", REJECT),
)
"""Headers that any request may carry, or should not."""

NEGOTIATION: tuple[Mutator, ...] = (
    _header("accept-any", "Accept", "*/*"),
    Mutator("accept-absent", "header", "remove", "Accept"),
    *_numbered(
        "accept",
        "Accept",
        (
            "",
            "application/*",
            "*/*;q=0",
            "application/json;q=0.1, */*;q=0.9",
            "APPLICATION/JSON",
            "application/json; charset=utf-8; version=1",
            "garbage",
            ";;;,,,",
            ", ".join(f"application/vnd.regshape.v{number}+json" for number in range(100)),
        ),
    ),
    Mutator("accept-two-lines", "header", "duplicate", "Accept", "text/plain"),
    *_numbered("accept-encoding", "Accept-Encoding", ("gzip", "identity", "*;q=0", "", "br;q=1.5")),
    *_numbered("accept-language", "Accept-Language", ("x", "tlh, *;q=0")),
)
"""What representation is wanted (RFC 9110 section 12)."""

RANGE: tuple[Mutator, ...] = (
    *_numbered(
        "range",
        "Range",
        (
            "bytes=0-0",
            "bytes=0-",
            "bytes=-1",
            "bytes=-0",
            "bytes=1-0",
            "bytes=0-0,2-2",
            "bytes=0-1,1-2",
            "bytes=0-18446744073709551616",
            "bytes=9223372036854775807-",
            "bytes=-9223372036854775808",
            "bytes=",
            "bytes=a-b",
            "bytes=0x0-0x1",
            "bytes 0-1",
            "items=0-1",
            "bytes=" + ",".join(f"{at}-{at}" for at in range(0, 1000, 2)),
        ),
    ),
    _header("range-unit-unknown", "Range", "regshape=0-1", TOLERATE),  # RFC 9110 section 14.2
    *_numbered("if-range", "If-Range", ('"none"', "Thu, 01 Jan 1970 00:00:00 GMT", "garbage")),
)
"""Parts of a representation (RFC 9110 section 14)."""

CONDITIONAL: tuple[Mutator, ...] = (
    *_numbered("if-none-match", "If-None-Match", ("*", '"none"', 'W/"none"', "garbage", "")),
    *_numbered("if-match", "If-Match", ("*", '"none"', "garbage", "")),
    *_numbered(
        "if-modified-since",
        "If-Modified-Since",
        ("Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"),
    ),
    # RFC 9110 section 13.1.3: a recipient MUST ignore it if it is no valid date.
    _header("if-modified-since-invalid", "If-Modified-Since", "yesterday", TOLERATE),
    _header("if-unmodified-since-invalid", "If-Unmodified-Since", "yesterday", TOLERATE),
    _header("if-unmodified-since-1", "If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),
)
"""Preconditions (RFC 9110 section 13)."""

ENTITY: tuple[Mutator, ...] = (
    _header("content-encoding-gzip", "Content-Encoding", "gzip"),
    _header("content-encoding-unknown", "Content-Encoding", "regshape"),
    _header("content-md5-wrong", "Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="),
    _header("content-digest-wrong", "Content-Digest", "sha-256=:AAAA:"),
    *_numbered(
        "content-range",
        "Content-Range",
        ("0-0", "bytes 0-0/*", "bytes */1", "1-0", "0-", "-1", "a-b", "0-18446744073709551616", ""),
    ),
)
"""What is said of the body (RFC 9110 section 8)."""

HEADERS: tuple[Mutator, ...] = (
    *MISCELLANEOUS,
    *NEGOTIATION,
    *RANGE,
    *CONDITIONAL,
    *ENTITY,
)
"""Everything on headers but Content-Type and the framing."""

CONTENT_TYPE: tuple[Mutator, ...] = (
    Mutator("content-type-absent", "content_type", "remove"),
    *(
        Mutator(f"content-type-{number}", "content_type", "replace", None, value)
        for number, value in enumerate(
            (
                "",
                "garbage",
                "text/plain",
                "application/octet-stream",
                "application/json",
                "multipart/form-data; boundary=x",
                "application/x-www-form-urlencoded",
                "*/*",
                "a/b/c",
                "application/json;",
            ),
            1,
        )
    ),
    Mutator("content-type-upper-case", "content_type", "case"),
    Mutator("content-type-parameter", "content_type", "append", None, "; charset=utf-8"),
    Mutator("content-type-bad-parameter", "content_type", "append", None, "; x"),
    Mutator("content-type-corrupt", "content_type", "corrupt"),
    Mutator("content-type-truncated", "content_type", "truncate"),
    Mutator("content-type-twice", "content_type", "duplicate", None, "text/plain"),
    Mutator("content-type-long", "content_type", "fill", None, _LONG),
)
"""Other media types than the content's (RFC 9110 section 8.3)."""

FRAMING: tuple[Mutator, ...] = (
    # RFC 9112 section 6.3: an invalid Content-Length, or several that differ, MUST be refused.
    Mutator("length-differs", "frame", "duplicate", None, None, REJECT),
    Mutator("length-negative", "frame", "replace", None, "-1", REJECT),
    Mutator("length-signed", "frame", "replace", None, "+3", REJECT),
    Mutator("length-hexadecimal", "frame", "replace", None, "0x3", REJECT),
    Mutator("length-fraction", "frame", "replace", None, "1.0", REJECT),
    Mutator("length-word", "frame", "replace", None, "three", REJECT),
    Mutator("length-empty", "frame", "replace", None, ""),
    Mutator("length-list", "frame", "replace", None, "0, 1", REJECT),
    Mutator("length-overflow", "frame", "replace", None, "9" * 30),
    Mutator("length-too-long", "frame", "replace", None, str(2**40)),
    Mutator("length-zero", "frame", "replace", None, "0"),
    Mutator("length-absent", "frame", "remove"),
    # RFC 9112 section 7.1: a recipient MUST be able to decode the chunked coding; but section 6.3
    # lets a server answer 411 to it, which is no fault.
    Mutator("chunked", "frame", "chunked", None, None, TOLERATE),
    Mutator("chunked-small", "frame", "chunked", None, 7, TOLERATE),
    Mutator("chunk-size-word", "frame", "corrupt", None, "xyz"),
    Mutator("chunk-size-negative", "frame", "corrupt", None, "-1"),
    Mutator("chunk-size-overflow", "frame", "corrupt", None, "f" * 17),
    Mutator("chunk-size-extension", "frame", "corrupt", None, "0;x=y"),
    Mutator("chunk-unterminated", "frame", "unterminated"),
    Mutator("length-and-chunked", "frame", "both"),
    Mutator("length-and-chunked-differ", "frame", "both", None, "3"),
    Mutator("coding-unknown", "frame", "obfuscate", None, "xchunked"),
    Mutator("coding-identity", "frame", "obfuscate", None, "identity"),
    Mutator("coding-twice", "frame", "obfuscate", None, "chunked, chunked"),
    Mutator("coding-not-last", "frame", "obfuscate", None, "chunked, identity"),
    Mutator("coding-tab", "frame", "obfuscate", None, "\tchunked"),
    Mutator("coding-vertical-tab", "frame", "obfuscate", None, "\x0bchunked"),
    Mutator("coding-upper-case", "frame", "obfuscate", None, "CHUNKED", TOLERATE),  # section 7
    Mutator("short-then-closed", "frame", "truncate"),
    Mutator("short-then-reset", "frame", "truncate", "rst"),
    Mutator("body-pipelined", "frame", "append", None, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    Mutator("body-garbage-after", "frame", "append", None, "\x00\xff\r\n"),
    Mutator("version-1.0", "frame", "version", None, "HTTP/1.0"),
    Mutator("version-9.9", "frame", "version", None, "HTTP/9.9"),
    Mutator("version-0.9", "frame", "version", None, "HTTP/0.9"),
    Mutator("version-garbage", "frame", "version", None, "HTTQ/1.1"),
    Mutator("line-bare-lf", "frame", "version", None, "HTTP/1.1\nX-RegShape-Line: a"),
    # RFC 9112 section 7.1.1: a recipient MUST ignore the chunk extensions that it does not know.
    Mutator("chunk-extension", "frame", "extension", None, None, TOLERATE),
    Mutator("chunk-extension-long", "frame", "extension", None, ";x=" + "y" * _LONG),
    Mutator("chunk-size-small", "frame", "corrupt", None, "1"),
    Mutator("chunked-trailer", "frame", "trailer"),
    Mutator("chunked-trailer-length", "frame", "trailer", None, "Content-Length: 1\r\n"),
    Mutator("body-slow", "frame", "slow"),
    Mutator("body-never", "frame", "idle"),
    Mutator("left-early", "frame", "leave"),
    Mutator("http2-preface", "frame", "preface"),
    Mutator("tls-hello", "frame", "hello"),
    Mutator("header-huge", "frame", "fill", "X-RegShape-Long", 2 * 1024 * 1024),
    Mutator("target-huge", "frame", "fill", None, 64 * 1024),
)
"""Requests whose end is not where it seems (RFC 9112 section 6), or that never come to it."""

UNEXPECTED_BODY: tuple[Mutator, ...] = (
    # RFC 9110 sections 9.3.1, 9.3.2, 9.3.5: content of GET, HEAD, DELETE has no meaning.
    Mutator("body-unexpected", "frame", "content"),
    Mutator("body-unexpected-chunked", "frame", "chunked"),
    Mutator("body-unexpected-cut", "frame", "truncate"),
)
"""Bodies of requests that have none."""

ROUTE: tuple[Mutator, ...] = (
    Mutator("route-trailing-slash", "route", "append", None, "/"),
    Mutator("route-extra-segment", "route", "append", None, "/x"),
    Mutator("route-extra-extension", "route", "append", None, ".json"),
    Mutator("route-short", "route", "remove"),
    Mutator("route-last-twice", "route", "duplicate"),
    Mutator("route-last-swapped", "route", "swap"),
    Mutator("route-upper-case", "route", "case"),
    # Servers MUST accept it (section 3.2.2), but only with the target's own scheme, unknown here.
    Mutator("route-absolute-form", "route", "absolute"),
    Mutator("route-double-slash", "route", "append", None, "//"),
    Mutator("route-dot", "route", "append", None, "/."),
    Mutator("route-parent", "route", "append", None, "/.."),
    Mutator("route-parent-escaped", "route", "append", None, "/%2e%2e"),
    Mutator("route-traversal", "route", "append", None, "/../../../../../../etc/passwd"),
    Mutator("route-escape-invalid", "route", "append", None, "%zz"),
    Mutator("route-escape-nul", "route", "append", None, "%00"),
    Mutator("route-escape-overlong", "route", "append", None, "%c0%ae"),
    Mutator("route-escape-double", "route", "append", None, "%252e"),
    Mutator("route-fragment", "route", "append", None, "#x"),
    Mutator("route-space", "route", "append", None, " x"),
    Mutator("route-control", "route", "append", None, "\x01"),
    Mutator("route-latin-1", "route", "append", None, "\xe9"),
    Mutator("route-question-mark", "route", "append", None, "?"),
    Mutator("route-unknown", "route", "replace", None, "/regshape/no/such/route"),
    Mutator("route-empty", "route", "replace", None, ""),
    Mutator("route-asterisk", "route", "replace", None, "*"),
    Mutator("route-long", "path", "fill", None, _LONG),
)
"""Other paths than the protocol's."""

AUTHORIZATION: tuple[Mutator, ...] = (
    # Whether a request without credentials may be served is the registry's to decide.
    Mutator("auth-skip", "auth", "skip"),
    Mutator("auth-corrupt", "auth", "corrupt"),
    Mutator("auth-truncated", "auth", "truncate", None, 4),
    Mutator("auth-scheme-unknown", "auth", "scheme", None, "Frob"),
    Mutator("auth-scheme-swapped", "auth", "swap"),
    Mutator("auth-scheme-upper-case", "auth", "case", None, "upper"),  # RFC 9110 section 11.1
    Mutator("auth-twice", "auth", "duplicate"),
    Mutator("auth-empty", "auth", "replace", None, ""),
)
"""Credentials that are not there or not right (RFC 9110 section 11)."""

CATALOGUE: tuple[Mutator, ...] = (
    *METHOD, *HEADERS, *CONTENT_TYPE, *FRAMING, *UNEXPECTED_BODY, *ROUTE, *AUTHORIZATION,
)  # fmt: skip
"""All of them; their names are unique."""
