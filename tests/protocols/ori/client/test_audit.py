from __future__ import annotations

from typing import Any

import pytest

from regshape.errors import RegistryError
from regshape.protocols.ori.client.audit import audited, is_affected
from regshape.protocols.ori.models import Advisory, Affected
from regshape.protocols.ori.toml_files import Lock

PACKAGE = {"ecosystem": "Ori", "name": "@acme/json"}


def affected(
    *events: dict[str, str], kind: str = "SEMVER", versions: tuple[str, ...] = ()
) -> Affected:
    spans = [{"type": kind, "events": list(events)}] if events else []
    return Affected.model_validate({"package": PACKAGE, "ranges": spans, "versions": versions})


def advisory(*about: Affected, **more: Any) -> Advisory:
    named = {"id": "ORI-2026-1", "modified": "2026-01-01T00:00:00Z"}
    items = [item.model_dump() for item in about]
    return Advisory.model_validate({**named, "affected": items, **more})


def locked(*names: str) -> Lock:
    return Lock(checksums=dict.fromkeys(names, f"sha256:{'0' * 64}"))


@pytest.mark.parametrize(
    ("events", "inside", "outside"),
    [
        ([{"introduced": "0"}], ["0.0.1-0", "9.0.0"], []),
        ([{"introduced": "1.0.0"}], ["1.0.0", "2.0.0"], ["0.9.0", "1.0.0-rc.1"]),
        ([{"introduced": "0"}, {"fixed": "1.2.0"}], ["1.1.9", "1.2.0-rc.1"], ["1.2.0", "3.0.0"]),
        ([{"introduced": "0"}, {"last_affected": "1.2.0"}], ["1.2.0"], ["1.2.1"]),
        ([{"introduced": "1.0.0"}, {"last_affected": "1.0.0"}], ["1.0.0"], ["1.0.1", "0.9.0"]),
        (
            [
                {"fixed": "1.1.0"},
                {"introduced": "2.0.0"},
                {"introduced": "1.0.0"},
                {"fixed": "2.1.0"},
            ],
            ["1.0.5", "2.0.0"],
            ["0.1.0", "1.1.0", "1.9.0", "2.1.0"],
        ),
        ([{"introduced": "0"}, {"fixed": "1.0.0"}, {"introduced": "1.0.0"}], ["1.0.0"], []),
        ([{"introduced": "0"}, {"limit": "2.0.0"}], ["1.9.9"], ["2.0.0"]),
        ([{"introduced": "0"}, {"limit": "*"}], ["99.0.0"], []),
    ],
)
@pytest.mark.parametrize("kind", ["SEMVER", "ECOSYSTEM"])
def test_a_version_is_in_a_range_by_the_events(
    events: list[dict[str, str]], inside: list[str], outside: list[str], kind: str
) -> None:
    about = affected(*events, kind=kind)
    assert [version for version in inside if not is_affected(version, about)] == []
    assert [version for version in outside if is_affected(version, about)] == []


def test_a_listed_version_is_affected_and_ranges_of_commits_say_nothing() -> None:
    assert is_affected("1.0.0", affected(versions=("1.0.0",)))
    assert not is_affected("1.0.1", affected(versions=("1.0.0",)))
    assert not is_affected("1.0.0", affected({"introduced": "0"}, kind="GIT"))


def test_a_hit_names_the_fixes_that_are_newer() -> None:
    about = affected(
        {"introduced": "0"},
        {"fixed": "1.2.0"},
        {"introduced": "2.0.0"},
        {"fixed": "2.10.0"},
        {"fixed": "2.9.0"},
    )
    (hit,) = audited(locked("@acme/json:2.0.0", "@acme/other:1.0.0"), [advisory(about)])
    assert (hit.package, hit.version, hit.fixed) == ("@acme/json", "2.0.0", ["2.9.0", "2.10.0"])


def test_withdrawn_advisories_and_those_of_other_ecosystems_say_nothing() -> None:
    about = affected({"introduced": "0"})
    other = Affected.model_validate(
        {"package": PACKAGE | {"ecosystem": "npm"}, "versions": ["no version of ours"]}
    )
    withdrawn = advisory(about, withdrawn="2026-01-02T00:00:00Z")
    assert audited(locked("@acme/json:1.0.0"), [withdrawn, advisory(other)]) == []


def test_an_advisory_that_cannot_be_read_is_not_passed_over() -> None:
    with pytest.raises(RegistryError, match="ORI-2026-1 cannot be read"):
        audited(locked("@acme/json:1.0.0"), [advisory(affected({"introduced": "one"}))])
