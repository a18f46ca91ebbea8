"""The API as a whole: support, endpoints, errors, warnings, extensions (oci.md 1.6)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from regshape.model import Call, Exchange, Fault, Requirement
from regshape.protocols.judging import answered, json_of, judged, media_type, must_be, rejecting
from regshape.protocols.oci.facts import Facts, ListFacts
from regshape.protocols.oci.requirements.table import MAY, MUST, SHOULD, error_codes, row

OK, TOO_MANY, NOT_IMPLEMENTED = 200, 429, 501
CODE = re.compile(r"[A-Z_]+")
CODES = frozenset(
    {
        "BLOB_UNKNOWN",
        "BLOB_UPLOAD_INVALID",
        "BLOB_UPLOAD_UNKNOWN",
        "DIGEST_INVALID",
        "MANIFEST_BLOB_UNKNOWN",
        "MANIFEST_INVALID",
        "MANIFEST_UNKNOWN",
        "NAME_INVALID",
        "NAME_UNKNOWN",
        "SIZE_INVALID",
        "UNAUTHORIZED",
        "DENIED",
        "UNSUPPORTED",
        "TOOMANYREQUESTS",
    }
)
LEGACY = frozenset({"TAG_INVALID", "MANIFEST_UNVERIFIED"})
SUCCESSES: Mapping[str, frozenset[int]] = {
    "end-1": frozenset({200}),
    "end-2": frozenset({200, 206}),
    "end-3": frozenset({200, 206}),
    "end-4a": frozenset({202}),
    "end-4b": frozenset({201, 202}),
    "end-4c": frozenset({201, 202}),
    "end-5": frozenset({202}),
    "end-6": frozenset({201}),
    "end-7a": frozenset({201}),
    "end-7b": frozenset({201}),
    "end-8a": frozenset({200}),
    "end-8b": frozenset({200}),
    "end-9": frozenset({202}),
    "end-10": frozenset({202}),
    "end-11": frozenset({201, 202}),
    "end-12a": frozenset({200}),
    "end-12b": frozenset({200}),
    "end-13": frozenset({204}),
}
"""The success column of the table of endpoints; 206 is that of RFC 9110 for a Range.

The 204 of end-14 is left to OCI-CAN-01: where the text speaks of it, it is only recommended.
"""
_ONE_WARNING = r'299 - "(?:[^"\\]|\\.)*"'
WARNING = re.compile(rf"{_ONE_WARNING}(?:[ \t]*,[ \t]*{_ONE_WARNING})*")
"""One or more warnings in one field line (RFC 7234, section 5.5)."""
MOST_WARNING = 4096
EXTENSION = re.compile(r"_?[a-z0-9]+([._-][a-z0-9]+)*")
LEAK = re.compile(
    r"goroutine \d+|Traceback \(most recent|\bat [\w.$]+\([\w.]+:\d+\)|SELECT .+ FROM "
)


def supported(call: Call, exchange: Exchange) -> Fault | bool:
    """GET /v2/: 200."""
    if not judged(call, exchange) or call.mutators:
        return False
    return must_be(exchange, "GET /v2/", OK)


def endpoint_status(call: Call, exchange: Exchange) -> Fault | bool:
    """A success has the status that the table of endpoints gives it."""
    facts: Facts = call.facts
    successes = SUCCESSES.get(facts.endpoint)
    status = exchange.status or 0
    if successes is None or not judged(call, exchange):
        return False
    if status in successes or not 200 <= status < 300:  # noqa: PLR2004 - the class of success
        return True
    wanted = " or ".join(map(str, sorted(successes)))
    return Fault(f"status {status}", f"{call.operation} was answered with {status}, not {wanted}")


def other_methods(call: Call, exchange: Exchange) -> Fault | bool:
    """A method that the resource does not have is refused."""
    if not answered(exchange) or not rejecting(call, "method"):
        return False
    status = exchange.status or 0
    if 400 <= status < 500 or status == NOT_IMPLEMENTED:  # noqa: PLR2004 - client errors
        return True
    return Fault(f"status {status}", f"{exchange.method} was answered with {status}")


def is_json_error(exchange: Exchange) -> bool:
    """Return whether the exchange is a 4xx of the API whose body claims to be JSON.

    What is not under /v2/ may be answered by something else on the same host.
    """
    status = exchange.status or 0
    if exchange.failure is not None or not 400 <= status < 500:  # noqa: PLR2004
        return False
    if not exchange.answer or exchange.method == "HEAD" or "/v2/" not in exchange.target:
        return False
    kind = media_type(exchange)
    return kind == "application/json" or kind.endswith("+json")


def _told_by_table(call: Call, exchange: Exchange) -> bool:
    """Return whether an error is one of the document's own endpoints: others have their own."""
    facts: Facts = call.facts
    return facts.endpoint != "ext" and is_json_error(exchange)


def envelope(call: Call, exchange: Exchange) -> Fault | bool:
    """A JSON body of a 4xx is `{"errors": [{"code", "message"?, "detail"?}]}`."""
    if not _told_by_table(call, exchange):
        return False
    document = json_of(exchange)
    errors = document.get("errors") if isinstance(document, dict) else None
    if not isinstance(errors, list):
        return Fault("no errors", _no_envelope(exchange), wide=True)
    if all(isinstance(item, dict) and isinstance(item.get("code"), str) for item in errors):
        return True
    return Fault("no code", f"an error of a {exchange.status} has no code", wide=True)


def _no_envelope(exchange: Exchange) -> str:
    text = exchange.answer[:60].decode("utf-8", "replace")
    try:
        json.loads(exchange.answer)
    except ValueError as error:
        return f"the body of a {exchange.status} is no JSON document ({error}): {text!r}"
    return f"a {exchange.status} in JSON has no errors array: {text!r}"


def code_grammar(call: Call, exchange: Exchange) -> Fault | bool:
    """A code has upper-case letters and underscores only."""
    codes = _codes(call, exchange)
    wrong = [code for code in codes if not CODE.fullmatch(code)]
    if wrong:
        return Fault(
            f"code {wrong[0]}", f"the error code {wrong[0]!r} is not in the grammar", wide=True
        )
    return bool(codes)


def _codes(call: Call, exchange: Exchange) -> list[str]:
    if not _told_by_table(call, exchange):
        return []
    return [code for code in error_codes(exchange) if isinstance(code, str)]


def code_known(call: Call, exchange: Exchange) -> Fault | bool:
    """A code is one of the table."""
    codes = _codes(call, exchange)
    wrong = [code for code in codes if code not in CODES and code not in LEGACY]
    if wrong:
        return Fault(
            f"code {wrong[0]}", f"the error code {wrong[0]!r} is not in the table", wide=True
        )
    return bool(codes)


def message_text(_call: Call, exchange: Exchange) -> Fault | bool:
    """A message is text, and gives nothing of the inside away."""
    if not is_json_error(exchange):
        return False
    document = json_of(exchange)
    errors = document.get("errors") if isinstance(document, dict) else None
    for item in errors if isinstance(errors, list) else ():
        message = item.get("message", "") if isinstance(item, dict) else ""
        if not isinstance(message, str):
            return Fault("no text", f"the message {str(message)[:40]} is no string", wide=True)
    if LEAK.search(exchange.answer.decode("utf-8", "replace")):
        return Fault("inside", "an error shows a stack trace or a query of the server", wide=True)
    return True


def retry_after(_call: Call, exchange: Exchange) -> Fault | bool:
    """A 429 has Retry-After."""
    if exchange.status != TOO_MANY:
        return False
    if exchange.header("retry-after"):
        return True
    return Fault("no Retry-After", "a 429 came without Retry-After", wide=True)


def warning_form(_call: Call, exchange: Exchange) -> Fault | bool:
    """A Warning has the code 299, the agent `-`, and no date."""
    values = exchange.header_values("warning")
    wrong = [value for value in values if not WARNING.fullmatch(value.strip())]
    if wrong:
        return Fault("other Warning", f"a Warning is {wrong[0][:60]!r}", wide=True)
    return bool(values)


def warning_size(_call: Call, exchange: Exchange) -> Fault | bool:
    """Warnings have at most 4096 bytes together."""
    values = exchange.header_values("warning")
    size = sum(len(value) for value in values)
    if size > MOST_WARNING:
        return Fault("too long", f"the Warning headers have {size} bytes", wide=True)
    return bool(values)


def extension_names(call: Call, exchange: Exchange) -> Fault | bool:
    """The names of extensions match their grammar."""
    listed = _extensions(call, exchange)
    if listed is None:
        return False
    for item in listed:
        name = item.get("name")
        if not isinstance(name, str) or not EXTENSION.fullmatch(name):
            return Fault("name", f"an extension has the name {name!r}")
    return bool(listed)


def _extensions(call: Call, exchange: Exchange) -> list[dict[str, object]] | None:
    facts: ListFacts = call.facts
    if facts.kind != "extensions" or not judged(call, exchange) or exchange.status != OK:
        return None
    document = json_of(exchange)
    listed = document.get("extensions") if isinstance(document, dict) else None
    if isinstance(listed, list) and all(isinstance(item, dict) for item in listed):
        return listed
    return None


def discovery(call: Call, exchange: Exchange) -> Fault | bool:
    """Discovery lists extensions with name, url and endpoints, or is refused."""
    facts: ListFacts = call.facts
    if facts.kind != "extensions" or not judged(call, exchange) or exchange.status != OK:
        return False
    listed = _extensions(call, exchange)
    if listed is None:
        return Fault("no extensions", "a 200 to discovery has no array of extensions")
    for item in listed:
        lacking = {"name", "url", "endpoints"} - set(item)
        if lacking:
            return Fault("fields", f"an extension lacks {sorted(lacking)}")
    return True


def unknown_extension(call: Call, exchange: Exchange) -> Fault | bool:
    """A route of an extension that is not there is refused."""
    if [mutator.name for mutator in call.mutators] != ["route-extension"]:
        return False
    if not answered(exchange):
        return False
    status = exchange.status or 0
    if 400 <= status < 500:  # noqa: PLR2004 - the class of client errors
        return True
    return Fault(f"status {status}", f"an unknown extension was answered with {status}")


API, ERRORS, WARNINGS = "API", "Error Codes", "Warnings"

ANSWERING: tuple[Requirement, ...] = (
    row("OCI-API-03", MUST, "Determining Support",
        "GET /v2/ is answered with 200.", supported, ("ping",)),
    row("OCI-API-04", MUST, "Endpoints",
        "A success has the status that the table of endpoints gives it.", endpoint_status),
    row("OCI-API-01", SHOULD, API,
        "A method that a resource does not have is refused (RFC 9110 §15.5.6).",
        other_methods, dev=True),
    row("OCI-API-02", MAY, API,
        "A request may be answered with a redirect.", dev=True,
        waiver="a freedom of the registry: what is behind a redirect is not judged"),
    row("OCI-ERR-01", MUST, ERRORS,
        "A 4xx with a JSON body has an array of errors, each with a code.", envelope),
    row("OCI-ERR-02", MUST, ERRORS,
        "An error code has upper-case letters and underscores only.", code_grammar),
    row("OCI-ERR-03", MUST, ERRORS,
        "An error code is one of the table.", code_known),
    row("OCI-ERR-04", MAY, ERRORS,
        "An error's message is human readable, and tells nothing of the inside.", message_text),
    row("OCI-ERR-05", SHOULD, ERRORS,
        "A 429 has Retry-After.", retry_after, dev=True),
    row("OCI-WRN-01", MUST, WARNINGS,
        "A Warning has code 299, agent - and no date.", warning_form),
    row("OCI-WRN-02", MUST, WARNINGS,
        "Warnings have at most 4096 bytes in all.", warning_size),
    row("OCI-EXT-01", MUST, "Extensions",
        "Names of extensions match their grammar.", extension_names, ("discover-extensions",),
        needs="extensions"),
    row("OCI-EXT-02", MUST, "Extensions",
        "Discovery lists each extension with name, url and endpoints.", discovery,
        ("discover-extensions",), needs="extensions"),
    row("OCI-EXT-03", MAY, "Extensions",
        "A route of an unknown extension is refused.", unknown_extension),
    row("OCI-PRX-01", SHOULD, "Registry Proxying",
        "A registry that uses ns answers with OCI-Namespace.", dev=True,
        waiver="needs a registry that is configured as a proxy"),
    row("OCI-SCOPE-01", MUST, "Requirements",
        "All APIs of Pull are supported.",
        waiver="a roll-up: the rows PULL, BLOB and HEAD judge it"),
    row("OCI-SCOPE-02", SHOULD, "Requirements",
        "Push, Content Discovery and Content Management are supported.",
        waiver="a roll-up: what is absent shows as skip"),
    row("OCI-SCOPE-03", MUST, "Requirements",
        "A category that is claimed is implemented whole.",
        waiver="a registry does not say what it claims"),
)  # fmt: skip
