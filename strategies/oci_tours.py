"""Tours: what a campaign tries first, eight steps at most that share what they need.

Their order is that of the bugs that registries had: each step asks something new for a request or
two. Steps of a tour may hide something from each other; the sweep tries each alone later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from regshape.model import Case, Step
from regshape.protocols.oci.breaks import BREAKS

Stop: TypeAlias = str | tuple[str, Mapping[str, Any]] | tuple[str, str]
"""An operation, one with arguments, or one with the name of what breaks it."""
SBOM = "application/vnd.example.sbom.v1"


def _step(stop: Stop) -> Step:
    if isinstance(stop, str):
        return Step(stop)
    operation, how = stop
    if isinstance(how, str):
        return Step(operation, {}, tuple(m for m in BREAKS[operation] if m.name == how))
    return Step(operation, how)


def _tour(*stops: Stop) -> Case:
    return Case("oci", tuple(_step(stop) for stop in stops))


MISSING: Mapping[str, Any] = {"want": "missing"}
ABSENT: Mapping[str, Any] = {"repo": "absent"}
ANYBODY: Mapping[str, Any] = {"who": "anonymous"}
BY_DIGEST: Mapping[str, Any] = {"by": "digest"}
REFERRER: Mapping[str, Any] = {"shape": "referrer", "by": "digest"}
OF_PRESENT: Mapping[str, Any] = {"shape": "referrer", "subject": "present", "by": "digest"}
ELSEWHERE: Mapping[str, Any] = {**OF_PRESENT, "subject": "elsewhere", "repo": 1}

TOURS: Sequence[Case] = (
    # What is not there, and what is no request.
    _tour(
        ("get-manifest", MISSING),
        ("head-blob", MISSING),
        "list-referrers",
        "list-catalog",
        "discover-extensions",
        ("ping", "route-extension"),
        ("ping", "method-options"),
        "ping",
    ),
    # A manifest and its tag.
    _tour(
        "push-manifest",
        ("get-manifest", MISSING),
        "get-manifest",
        "head-manifest",
        ("list-tags", {"n": 0}),
        ("list-tags", {"last": "first"}),
        "delete-tag",
    ),
    # A blob, in one piece and in chunks.
    _tour(
        "finish-upload",
        "get-blob",
        "head-blob",
        ("get-blob", {"range": "bytes=-7"}),
        ("get-blob", MISSING),
        "delete-blob",
    ),
    _tour(
        "open-upload",
        "open-upload",
        "upload-status",
        "send-chunk",
        ("send-chunk", {"order": "ahead"}),
        "send-chunk",
        ("upload-status", {"location": "oldest"}),
        ("finish-upload", {"size": 0}),
    ),
    # Who may not; left out where nothing is kept from anybody.
    _tour(
        "mount-as",
        ("read-as", {"what": "blob"}),
        ("read-as", {"what": "catalog"}),
        "session-as",
        ("session-as", {"how": "chunk", "at": "own"}),
        ("exceed-scope", {"what": "manifest"}),
    ),
    _tour(
        ("read-as", {**ANYBODY, "what": "manifest", "head": True}),
        ("read-as", {**ANYBODY, "what": "referrers"}),
        ("read-as", {"what": "manifest", "scope": "own"}),
        ("read-as", {"what": "manifest", "scope": "both"}),
        ("write-as", {**ANYBODY, "what": "delete-tag"}),
    ),
    # What must be refused.
    _tour(
        ("open-upload", "name-upper-case"),
        ("open-upload", "name-two-underscores"),
        ("open-upload", "name-long-256"),
        ("open-upload", {"algorithm": "foo"}),
        ("get-manifest", "reference-garbage-digest"),
        ("list-referrers", "reference-short-digest"),
        ("list-catalog", "n-negative"),
        ("discover-extensions", "method-post"),
    ),
    # Referrers.
    _tour(
        ("push-manifest", REFERRER),
        ("list-referrers", {"filter": SBOM}),
        ("list-referrers", {"filter": "application/x+none"}),
        "list-referrers",
        "delete-manifest",
        "list-referrers",
        ("list-referrers", {"subject": "unknown"}),
    ),
    # A repository that is not there.
    _tour(
        ("get-manifest", ABSENT),
        ("list-tags", ABSENT),
        ("delete-manifest", ABSENT),
        ("get-blob", ABSENT),
        ("delete-tag", ABSENT),
        ("list-referrers", ABSENT),
    ),
    # Manifests that must be refused, and some that need not.
    _tour(
        ("push-manifest", "json-text"),
        ("push-manifest", "tag-129-characters"),
        ("push-manifest", "content-type-parameters"),
        ("push-manifest", "reference-garbage-digest"),
    ),
    _tour(
        ("push-manifest", "json-deep"),
        ("push-manifest", "json-descriptor-empty"),
        ("push-manifest", "content-type-image"),
        ("push-manifest", "json-manifests-of-scalars"),
    ),
    # Where one repository ends, and what stays when something goes.
    _tour(
        "mount-blob",
        ("mount-blob", MISSING),
        ("mount-blob", {"from": "none"}),
        "delete-blob",
        ("get-blob", {"want": "deleted"}),
        ("delete-blob", MISSING),
    ),
    _tour(
        ("delete-tag", {"sibling": True}),
        ("delete-tag", MISSING),
        "delete-manifest",
        ("delete-manifest", MISSING),
        ("get-manifest", {"want": "deleted"}),
        ("get-manifest", {"want": "deleted", "by": "digest"}),
        "list-tags",
    ),
    _tour(
        "finish-upload",
        ("get-blob", {"want": "elsewhere"}),
        ("delete-blob", MISSING),
        ("get-blob", {"size": 0}),
        "head-blob",
    ),
    # Lists, page by page.
    _tour(
        ("list-tags", {"tags": 2, "n": 1}),
        ("list-tags", {"n": 1, "walk": True}),
        ("list-tags", {"last": "between"}),
        ("list-tags", "n-letters"),
        ("list-tags", {"n": "count"}),
        "delete-tag",
        "list-tags",
    ),
    # Uploads that go wrong, and what is left of them.
    _tour(
        ("post-blob", "digest-wrong"),
        ("post-blob", "digest-upper-case"),
        "post-blob",
        ("post-blob", {"size": 0}),
        ("finish-upload", "digest-missing"),
        ("finish-upload", "digest-wrong"),
        ("post-blob", "digest-unknown-algorithm"),
    ),
    _tour(
        ("send-chunk", "content-range-unit-and-size"),
        ("send-chunk", "content-range-longer-than-body"),
        ("finish-upload", {"chunks": 1, "size": 16, "order": "ahead"}),
        "finish-upload",
    ),
    _tour(
        "cancel-upload",
        ("upload-status", {"ended": "finish"}),
        ("send-chunk", {"ended": "cancel"}),
        ("finish-upload", {"size": 0}),
        ("get-blob", {"size": 0}),
        "delete-blob",
    ),
    _tour(
        "open-upload",
        "open-upload",
        "send-chunk",
        ("send-chunk", {"which": 1}),
        ("finish-upload", {"chunks": 1, "size": 1}),
    ),
    # A tag that moves, and a manifest by its digest.
    _tour(
        "push-manifest",
        "push-manifest",
        ("get-manifest", {"by": "digest", "which": 1}),
        "get-manifest",
        ("push-manifest", {"shape": "image-missing"}),
        "head-manifest",
        ("get-manifest", {"by": "digest"}),
    ),
    _tour(
        ("push-manifest", BY_DIGEST),
        ("list-tags", {"tags": 0}),
        ("list-referrers", {"subject": "manifest"}),
        ("push-manifest", {"shape": "odd"}),
        ("push-manifest", {"by": "digest", "tags": [f"t{number}" for number in range(10)]}),
        ("push-manifest", {"by": "digest", "algorithm": "sha512"}),
    ),
    _tour(
        ("get-manifest", "accept-absent"),
        ("get-manifest", "accept-all"),
        ("get-manifest", "accept-other"),
        ("get-manifest", "reference-escaped-nul"),
        ("get-manifest", {"want": "blob", "by": "digest"}),
        ("head-manifest", {"by": "digest"}),
    ),
    _tour(
        ("push-manifest", {"tag": "V1"}),
        ("get-manifest", {"twin": True}),
        "get-manifest",
        "delete-tag",
        ("get-manifest", {"want": "deleted"}),
    ),
    _tour(
        "push-manifest",
        ("push-manifest", OF_PRESENT),
        ("push-manifest", {**OF_PRESENT, "which": 1}),
        ("push-manifest", ELSEWHERE),
        "list-referrers",
        ("list-referrers", {"subject": "manifest"}),
    ),
    _tour(
        ("push-manifest", {"shape": "referrer-image", "by": "digest", "artifact": ""}),
        "list-referrers",
        ("push-manifest", {**REFERRER, "artifact": ""}),
        "list-referrers",
    ),
    _tour(("push-manifest", {"shape": "big"}), ("push-manifest", {"shape": "huge"})),
    _tour(("get-blob", {"size": 0})),
    # Ranges, and the same blob again.
    _tour(
        "finish-upload",
        "get-blob",
        "get-blob",
        ("get-blob", {"range": "bytes=5-9"}),
        ("head-blob", {"range": "bytes=5-9"}),
        ("get-blob", {"range": "bytes={size}-"}),
        ("get-blob", {"range": "bytes=0-0"}),
    ),
    # Deletes that must not reach further, or not less far.
    _tour(
        "push-manifest",
        ("push-manifest", {"shape": "again", "tag": "v2"}),
        "delete-manifest",
        "list-tags",
    ),
    _tour("delete-blob", "post-blob", ("get-blob", {"want": "deleted"})),
    _tour("delete-blob", ("post-blob", {"want": "deleted"}), "get-blob"),
    _tour(("upload-status", {"foreign": True}), ("finish-upload", {"foreign": True})),
    _tour("mount-blob", ("delete-blob", {"repo": 1}), "get-blob"),
    _tour(
        ("post-blob", "short-then-closed"),
        ("finish-upload", "short-then-closed"),
        ("post-blob", "chunked"),
        ("push-manifest", "short-then-closed"),
    ),
    _tour("push-manifest", "delete-manifest", "push-manifest", "ping"),
)


def _pair(*stops: Stop) -> tuple[Step, ...]:
    return tuple(_step(stop) for stop in stops)


DELETED: Mapping[str, Any] = {"want": "deleted"}
AGAIN: Mapping[str, Any] = {"shape": "again", "tag": "v2"}
TOGETHER: Sequence[tuple[Step, ...]] = (
    # A session and what is sent to it.
    _pair("send-chunk", "send-chunk"),
    _pair("send-chunk", "send-chunk", ("finish-upload", {"size": 0})),
    _pair("send-chunk", ("send-chunk", {"order": "ahead"}), ("finish-upload", {"size": 0})),
    _pair("send-chunk", ("upload-status", {"location": "oldest"})),
    _pair("open-upload", "open-upload"),
    _pair("send-chunk", "open-upload", ("send-chunk", {"which": 1})),
    _pair("send-chunk", "cancel-upload"),
    # A blob, read, mounted, deleted, pushed again.
    _pair("finish-upload", "get-blob", "get-blob"),
    _pair("get-blob", "delete-blob", ("get-blob", DELETED)),
    _pair("mount-blob", "delete-blob", ("get-blob", DELETED)),
    _pair("mount-blob", ("delete-blob", {"repo": 1}), "get-blob"),
    _pair("delete-blob", "post-blob", ("get-blob", DELETED)),
    _pair("delete-blob", ("post-blob", DELETED)),
    _pair("delete-blob", "delete-blob"),
    # A tag that moves or goes, and the manifest under it.
    _pair("push-manifest", "push-manifest", "get-manifest"),
    _pair("push-manifest", "push-manifest", ("get-manifest", {"by": "digest", "which": 1})),
    _pair("push-manifest", ("push-manifest", {"shape": "image-missing"})),
    _pair("get-manifest", "delete-tag", ("get-manifest", DELETED)),
    _pair("get-manifest", "delete-manifest", ("get-manifest", DELETED)),
    _pair("push-manifest", ("push-manifest", AGAIN), "delete-manifest", "list-tags"),
    _pair("list-tags", "delete-tag", "list-tags"),
    _pair("delete-manifest", "push-manifest"),
    # What refers to another.
    _pair(("push-manifest", REFERRER), "list-referrers"),
    _pair(("push-manifest", REFERRER), "delete-manifest", "list-referrers"),
    _pair(("push-manifest", OF_PRESENT), ("push-manifest", {**OF_PRESENT, "which": 1})),
    _pair(("push-manifest", ELSEWHERE), ("list-referrers", {"subject": "manifest"})),
)
"""Steps of which the later ones ask what the earlier ones did; the search draws them as one."""
