"""What a case of the OCI distribution protocol is made of: moves, and programs for the sweep."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from regshape.model import Case, Expectation, Mutator, Step
from regshape.protocols.oci.breaks import BREAKS
from regshape.strategies.common import Breaks, Move, programs
from regshape.strategies.intruders import INTRUDER_MOVES
from regshape.strategies.oci_races import with_races
from regshape.strategies.oci_tours import TOGETHER

SBOM = "application/vnd.example.sbom.v1"
IMAGE = "application/vnd.oci.image.manifest.v1+json"
TEN_TAGS = [f"t{number}" for number in range(10)]


def _m(
    operation: str, *needs: str, refers: bool = False, search: bool = True, **arguments: object
) -> Move:
    return Move(operation, arguments, refers, needs, search)


MOVES: Sequence[Move] = (
    # The first move is where shrinking leads: it needs nothing and changes nothing.
    _m("ping"),
    _m("open-upload"),
    _m("push-manifest"),
    _m("finish-upload"),
    _m("get-manifest", refers=True),
    _m("get-blob", refers=True),
    _m("head-manifest", refers=True),
    _m("head-blob", refers=True),
    _m("list-tags"),
    _m("send-chunk", refers=True),
    _m("upload-status", refers=True),
    _m("post-blob"),
    _m("delete-tag", refers=True),
    _m("delete-manifest", refers=True),
    _m("delete-blob", refers=True),
    _m("cancel-upload", refers=True),
    _m("mount-blob", refers=True),
    _m("list-referrers", refers=True),
    # pull
    _m("get-manifest", by="digest", refers=True),
    _m("get-manifest", want="missing"),
    _m("get-manifest", want="missing", by="digest"),
    _m("get-manifest", "sha512", want="missing", by="digest", algorithm="sha512"),
    _m("get-manifest", repo="absent"),
    _m("get-manifest", repo="absent", by="digest"),
    _m("get-manifest", twin=True, refers=True),
    _m("get-manifest", repo=1),
    _m("get-manifest", want="blob", by="digest", refers=True),
    _m("get-manifest", want="deleted", refers=True),
    _m("get-manifest", want="deleted", by="digest", refers=True),
    _m("head-manifest", by="digest", refers=True),
    _m("head-manifest", want="missing"),
    _m("head-manifest", want="missing", by="digest"),
    _m("get-blob", want="missing"),
    _m("get-blob", "sha512", want="missing", algorithm="sha512"),
    _m("get-blob", repo="absent"),
    _m("get-blob", size=0),
    _m("get-blob", repo=1),
    _m("get-blob", want="elsewhere", refers=True),
    _m("get-blob", want="deleted", refers=True),
    _m("head-blob", want="missing"),
    *(
        _m("get-blob", range=value, refers=True)
        for value in (
            "bytes=0-0",
            "bytes=5-9",
            "bytes=10-",
            "bytes=-7",
            "bytes=0-{size}",
            "bytes={last}-",
            "bytes={size}-",
            "bytes=9999-",
            "bytes=-0",
            "bytes=9-5",
            "items=0-4",
            "bytes=x",
        )
    ),
    _m("head-blob", range="bytes=5-9", refers=True),
    # uploads
    _m("open-upload", "sha512", algorithm="sha512"),
    _m("open-upload", algorithm="foo"),
    _m("post-blob", size=0),
    _m("post-blob", size=1),
    _m("post-blob", size=70_000),
    _m("post-blob", "sha512", algorithm="sha512"),
    _m("send-chunk", chunks=1, refers=True),
    _m("send-chunk", order="ahead", refers=True),
    _m("send-chunk", order="repeat", refers=True),
    _m("send-chunk", order="overlap", refers=True),
    _m("send-chunk", order="unranged", refers=True),
    _m("send-chunk", size=1, refers=True),
    _m("send-chunk", size=0, refers=True),
    _m("send-chunk", size=70_000, refers=True),
    _m("finish-upload", size=0, refers=True),
    _m("finish-upload", size=1, refers=True),
    _m("finish-upload", size=70_000),
    _m("finish-upload", chunks=1, size=0),
    _m("finish-upload", chunks=1, size=1),
    _m("finish-upload", chunks=1, size=16),
    _m("finish-upload", chunks=1, size=16, order="next"),
    _m("finish-upload", chunks=2, size=0),
    _m("finish-upload", size=16, order="next", refers=True),
    _m("finish-upload", size=16, order="ahead", refers=True),
    _m("finish-upload", chunks=1, size=16, order="ahead"),
    _m("finish-upload", chunks=1, size=16, order="repeat"),
    _m("finish-upload", ended="finish"),
    _m("finish-upload", "cancel", ended="cancel"),
    _m("finish-upload", "sha512", algorithm="sha512"),
    _m("finish-upload", location="oldest", refers=True),
    _m("finish-upload", repo=1),
    _m("finish-upload", "sha512", repo=1, algorithm="sha512"),
    _m("send-chunk", ended="finish"),
    _m("send-chunk", "cancel", ended="cancel"),
    _m("upload-status", chunks=1, refers=True),
    _m("upload-status", location="oldest", refers=True),
    _m("upload-status", chunks=1, location="oldest", refers=True),
    _m("upload-status", ended="finish"),
    _m("upload-status", "cancel", ended="cancel"),
    _m("cancel-upload", ended="finish"),
    _m("cancel-upload", "cancel", ended="cancel"),
    _m("upload-status", foreign=True),
    _m("send-chunk", foreign=True),
    _m("finish-upload", foreign=True),
    _m("cancel-upload", "cancel", foreign=True),
    _m("post-blob", want="deleted"),
    _m("mount-blob", want="missing"),
    Move("mount-blob", {"from": "none"}, refers=True),
    Move("mount-blob", {"from": "absent"}),
    Move("mount-blob", {"from": "garbage"}),
    # manifests
    _m("push-manifest", by="digest"),
    _m("push-manifest", tag="v2"),
    _m("push-manifest", tag="V1"),
    _m("push-manifest", tag="t" * 128),
    _m("push-manifest", tag="_0.-"),
    _m("push-manifest", shape="odd"),
    _m("push-manifest", shape="odd", by="digest"),
    _m("push-manifest", shape="typeless"),
    _m("push-manifest", shape="image"),
    _m("push-manifest", shape="image-layer"),
    _m("push-manifest", shape="image-data"),
    _m("push-manifest", shape="image-missing"),
    _m("push-manifest", shape="index-missing"),
    _m("push-manifest", shape="index-child", refers=True),
    _m("push-manifest", shape="again", refers=True),
    _m("push-manifest", shape="again", tag="v2", refers=True),
    _m("push-manifest", shape="again", tag="a1", refers=True),
    _m("push-manifest", shape="big", search=False),
    _m("push-manifest", shape="huge", search=False),
    _m("push-manifest", shape="referrer"),
    _m("push-manifest", shape="referrer", subject="present", tag="r1", refers=True),
    _m("push-manifest", shape="referrer", subject="present", by="digest", refers=True),
    _m("push-manifest", shape="referrer", subject="present", by="digest", artifact="", refers=True),
    _m("push-manifest", shape="referrer-image", by="digest"),
    _m("push-manifest", shape="referrer-image", by="digest", artifact=""),
    _m("push-manifest", by="digest", tags=["p1"]),
    _m("push-manifest", by="digest", tags=["p1", "p2"]),
    _m("push-manifest", by="digest", tags=TEN_TAGS),
    _m("push-manifest", "sha512", by="digest", algorithm="sha512"),
    _m("push-manifest", repo=1),
    _m("push-manifest", shape="image-foreign"),
    _m("push-manifest", shape="referrer", subject="elsewhere", repo=1, by="digest", refers=True),
    # lists
    _m("list-tags", repo="absent"),
    _m("list-tags", tags=2),
    _m("list-tags", tags=2, n=1),
    _m("list-tags", n=0),
    _m("list-tags", n=1),
    _m("list-tags", n="count"),
    _m("list-tags", tags=2, n="count"),
    _m("list-tags", n="more"),
    _m("list-tags", tags=2, n="fewer"),
    _m("list-tags", tags=2, last="first"),
    _m("list-tags", tags=2, n=1, last="first"),
    _m("list-tags", tags=2, last="between"),
    _m("list-tags", last="end"),
    _m("list-tags", last="beyond"),
    _m("list-tags", n=1, walk=True),
    _m("list-tags", tags=2, n=1, walk=True),
    _m("list-tags", tags=4, n=2, walk=True),
    _m("list-tags", tags=4),
    _m("list-referrers", subject="manifest", refers=True),
    _m("list-referrers", subject="unknown"),
    _m("list-referrers", subject="unknown", repo="absent"),
    _m("list-referrers", filter=SBOM, refers=True),
    _m("list-referrers", filter="application/x+none", refers=True),
    _m("list-catalog"),
    _m("list-catalog", n=1),
    _m("discover-extensions"),
    _m("discover-extensions", level="repository"),
    # deletes
    _m("delete-tag", sibling=True),
    _m("delete-tag", want="missing"),
    _m("delete-tag", repo="absent"),
    _m("delete-manifest", want="missing"),
    _m("delete-manifest", repo="absent"),
    _m("delete-blob", repo=1, refers=True),
    _m("delete-blob", want="missing"),
    _m("delete-blob", repo="absent"),
    *INTRUDER_MOVES,
)  # fmt: skip


DIGEST_WRONG = Mutator("digest-wrong", "digest", "corrupt", expect=Expectation.REJECT)
DIGEST_UNKNOWN = Mutator(
    "digest-unknown-algorithm", "digest", "replace", "algorithm", "foo", Expectation.REJECT
)
DIGEST_MISSING = Mutator("digest-missing", "query", "remove", "digest", None, Expectation.REJECT)
CUT_SHORT = Mutator("short-then-closed", "frame", "truncate")
RANGE_WITH_UNIT = Mutator(
    "content-range-unit-and-size",
    "header",
    "replace",
    "Content-Range",
    "bytes 0-23/24",
    Expectation.REJECT,
)
RANGE_TOO_LONG = Mutator(
    "content-range-longer-than-body",
    "header",
    "replace",
    "Content-Range",
    "0-4095",
    Expectation.REJECT,
)
TYPE_OF_IMAGE = Mutator("content-type-image", "content_type", "replace", None, IMAGE)
BODY_EXTENDED = Mutator("body-extended", "body", "append", None, " ", Expectation.REJECT)
BY_DIGEST: dict[str, object] = {"by": "digest"}


def _broken(operation: str, arguments: dict[str, object], *mutators: Mutator) -> Case:
    return Case("oci", (Step(operation, arguments, mutators),))


def _program(*steps: tuple[str, dict[str, object]] | str) -> Case:
    return Case(
        "oci",
        tuple(Step(item) if isinstance(item, str) else Step(*item) for item in steps),
    )


REFERRER: tuple[str, dict[str, object]] = ("push-manifest", {"shape": "referrer", "by": "digest"})
IMAGE_REFERRER: tuple[str, dict[str, object]] = (
    "push-manifest",
    {"shape": "referrer-image", "by": "digest", "artifact": ""},
)
BARE_REFERRER: tuple[str, dict[str, object]] = (
    "push-manifest",
    {"shape": "referrer", "by": "digest", "artifact": ""},
)
ELSEWHERE_REFERRER: tuple[str, dict[str, object]] = (
    "push-manifest",
    {"shape": "referrer", "subject": "elsewhere", "repo": 1, "by": "digest"},
)
OF_PRESENT: dict[str, object] = {"shape": "referrer", "subject": "present", "by": "digest"}
NAME_UPPER_CASE = Mutator("name-upper-case", "name", "append", None, "/Upper", Expectation.REJECT)
SHORT_DIGEST = Mutator(
    "reference-short-digest", "reference", "replace", None, "sha256:0123abcd", Expectation.REJECT
)
WITH_TAG: dict[str, object] = {"by": "digest", "tags": ["p1"]}

# Endpoints that differ by a parameter alone (spec.md, table of endpoints): their own failures.
BROKEN_VARIANTS: Sequence[Case] = (
    _broken("open-upload", {"algorithm": "sha512"}, NAME_UPPER_CASE),
    _broken("push-manifest", WITH_TAG, NAME_UPPER_CASE),
    _program(("push-manifest", {**WITH_TAG, "shape": "huge"})),
    _program(("list-tags", {"repo": "absent", "n": 1})),
    _broken("list-referrers", {"filter": SBOM}, NAME_UPPER_CASE),
    _broken("list-referrers", {"filter": SBOM}, SHORT_DIGEST),
)

PROGRAMS: Sequence[Case] = (
    _broken("push-manifest", BY_DIGEST, DIGEST_WRONG),
    _broken("push-manifest", BY_DIGEST, BODY_EXTENDED),
    _broken("push-manifest", BY_DIGEST, DIGEST_UNKNOWN),
    _broken("push-manifest", {}, TYPE_OF_IMAGE),
    _broken("finish-upload", {}, DIGEST_MISSING),
    _broken("post-blob", {}, CUT_SHORT),
    _broken("send-chunk", {}, RANGE_WITH_UNIT),
    _broken("send-chunk", {}, RANGE_TOO_LONG),
    _program("push-manifest", ("push-manifest", {"shape": "image-missing"})),
    _program("open-upload", "open-upload"),
    _program("finish-upload", ("list-tags", {"tags": 0})),
    _program("post-blob", ("get-manifest", {"want": "missing"})),
    _program("post-blob", ("get-manifest", {"want": "missing", "by": "digest"})),
    _program("post-blob", ("head-manifest", {"want": "missing"})),
    _program("finish-upload", "get-blob"),
    _program("finish-upload", ("get-blob", {"want": "missing"})),
    _program("finish-upload", ("head-blob", {"want": "missing"})),
    _program("finish-upload", ("delete-blob", {"want": "missing"})),
    _program("finish-upload", ("delete-manifest", {"want": "missing"})),
    _program("push-manifest", ("get-manifest", {"want": "missing"})),
    _program("push-manifest", ("get-manifest", {"want": "missing", "by": "digest"})),
    _program("push-manifest", ("head-manifest", {"want": "missing"})),
    _program("push-manifest", "push-manifest", ("get-manifest", {"by": "digest", "which": 1})),
    _program(
        "push-manifest", ("push-manifest", {"shape": "again", "tag": "v2"}), "delete-manifest"
    ),
    _program("delete-manifest", "delete-manifest"),
    _program("delete-blob", "delete-blob"),
    _program("delete-tag", "list-tags"),
    _program("push-manifest", "delete-manifest", ("push-manifest", {"shape": "index"})),
    _program(("finish-upload", {"repo": 1, "algorithm": "sha512"}), "mount-blob"),
    _program("mount-blob", "delete-blob"),
    _program("mount-blob", "delete-blob", ("get-blob", {"repo": 1})),
    _program("send-chunk", "send-chunk"),
    _program("send-chunk", ("send-chunk", {"order": "unranged"}), ("finish-upload", {"size": 0})),
    _program("send-chunk", ("upload-status", {"location": "oldest"})),
    _program("send-chunk", "send-chunk", ("finish-upload", {"size": 0})),
    _program("send-chunk", "cancel-upload"),
    _program("send-chunk", ("send-chunk", {"order": "ahead"}), ("finish-upload", {"size": 0})),
    _program("open-upload", "open-upload", "send-chunk", ("send-chunk", {"which": 1})),
    _program(REFERRER, "list-referrers"),
    _program(BARE_REFERRER, "list-referrers"),
    _program(IMAGE_REFERRER, "list-referrers"),
    _program(REFERRER, ("list-referrers", {"filter": SBOM})),
    _program(REFERRER, ("list-referrers", {"filter": "application/x+none"})),
    _program(REFERRER, "delete-manifest", "list-referrers"),
    _program("push-manifest", ("list-referrers", {"subject": "manifest"})),
    _program("push-manifest", ("list-referrers", {"subject": "unknown"})),
    _program(("push-manifest", {"tag": "V1"}), ("get-manifest", {"twin": True})),
    _program("finish-upload", ("get-blob", {"range": "bytes=5-9"}), ("get-blob", {})),
    _program(("finish-upload", {"size": 0}), ("get-blob", {"range": "bytes=0-0"})),
    _program(
        "finish-upload",
        ("push-manifest", {"repo": 1}),
        ("get-blob", {"repo": 1, "want": "missing"}),
    ),
    _program("push-manifest", ("get-blob", {"want": "elsewhere"})),
    _program("push-manifest", "push-manifest", "get-manifest"),
    _program(("push-manifest", BY_DIGEST), ("list-tags", {"tags": 0})),
    _program(("list-tags", {"tags": 2}), "delete-tag"),
    _program("push-manifest", ("push-manifest", {"tag": "v2"}), "delete-manifest", "list-tags"),
    _program("get-manifest", "delete-tag", ("get-manifest", {"want": "deleted"})),
    _program("get-manifest", "delete-manifest", ("get-manifest", {"want": "deleted"})),
    _program(
        "push-manifest", "delete-manifest", "push-manifest",
        ("get-manifest", {"want": "deleted", "by": "digest"}),
    ),
    _program(("finish-upload", {"size": 0}), "delete-blob"),
    _program("mount-blob", ("delete-blob", {"repo": 1})),
    _program("mount-blob", "delete-blob", ("get-blob", {"want": "deleted"})),
    _program("delete-blob", "post-blob", ("get-blob", {"want": "deleted"})),
    _program(ELSEWHERE_REFERRER, ("list-referrers", {"subject": "manifest"})),
    _program(
        "push-manifest", ("push-manifest", OF_PRESENT),
        ("push-manifest", {**OF_PRESENT, "which": 1}), "list-referrers",
    ),
    _program(("get-manifest", {"repo": "absent"}), ("list-tags", {"repo": "absent"})),
    _program("push-manifest", "ping"),
    _program("get-manifest", ("read-as", {"who": "anonymous"})),
    *BROKEN_VARIANTS,
)  # fmt: skip

EACH_ALONE: Breaks = {
    operation: tuple((mutator,) for mutator in group) for operation, group in BREAKS.items()
}


def cases(moves: Sequence[Move] = MOVES, breaks: Breaks | None = None) -> st.SearchStrategy[Case]:
    """Return the strategy of the random search: programs over the moves, and races.

    Without `breaks` a step is broken by any one mutator of its operation.
    """
    drawn = programs("oci", moves, EACH_ALONE if breaks is None else breaks, TOGETHER)
    return with_races(drawn, moves)
