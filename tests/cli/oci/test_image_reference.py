from __future__ import annotations

import re

import pytest

from regshape.cli.oci.image_reference import (
    DEFAULT_REGISTRY,
    ImageReference,
    checked_digest,
    chosen,
    parse_image,
    parse_repository,
)
from regshape.errors import UsageError

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "registry", "found"),
    [
        ("r.example/a", None, ImageReference("r.example", "a")),
        ("r.example/a/b:v1", None, ImageReference("r.example", "a/b", "v1")),
        ("localhost/a:v1", None, ImageReference("localhost", "a", "v1")),
        ("r:5000/a", None, ImageReference("r:5000", "a")),
        (f"r:5000/a@{DIGEST}", None, ImageReference("r:5000", "a", None, DIGEST)),
        (f"r:5000/a:v1@{DIGEST}", None, ImageReference("r:5000", "a", "v1", DIGEST)),
        ("a", "r", ImageReference("r", "a")),
        ("a/b:v1", "http://r:1", ImageReference("http://r:1", "a/b", "v1")),
    ],
)
def test_a_reference_is_taken_apart(text: str, registry: str | None, found: ImageReference) -> None:
    assert parse_image(text, registry) == found


def test_the_digest_is_asked_for_before_the_tag_and_latest_without_both() -> None:
    assert parse_image(f"a:v1@{DIGEST}", "r").reference == DIGEST
    assert parse_image("a:v1", "r").reference == "v1"
    assert parse_image("a", "r").reference == "latest"


@pytest.mark.parametrize(
    ("text", "registry", "said"),
    [
        ("r.example/a", "r", "names the registry r.example, and so does --registry"),
        ("a", None, "no registry is named: write --registry HOST[:PORT], or set REGSHAPE_REGISTRY"),
        ("A", "r", "'A' is no repository's name: it has no upper-case letters"),
        ("a//b", "r", "'a//b' is no repository's name"),
        ("", "r", "'' is no repository's name"),
        ("a:", "r", "'' is no tag"),
        ("a:-x", "r", "'-x' is no tag"),
        ("a:b:c", "r", "'b:c' is no tag"),
        ("a@sha256:12", "r", "'sha256:12' needs 64 lower-case hex digits"),
        ("a@", "r", "'' is no digest"),
        ("http://r/a", None, "leave out http:// here"),
    ],
)
def test_what_is_no_reference_is_told_why(text: str, registry: str | None, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        parse_image(text, registry)


def test_a_repository_has_no_registry_in_it() -> None:
    assert parse_repository("a/b", "r") == ImageReference("r", "a/b")
    with pytest.raises(UsageError, match="write --registry r:5000 a/b"):
        parse_repository("r:5000/a/b", None)
    with pytest.raises(UsageError, match="no repository's name"):
        parse_repository("a:v1", "r")


def test_the_environment_may_name_the_registry() -> None:
    assert chosen(None, {DEFAULT_REGISTRY: "r"}) == "r"
    assert chosen("s", {DEFAULT_REGISTRY: "r"}) == "s"


def test_a_digest_alone_is_checked() -> None:
    assert checked_digest(DIGEST) == DIGEST
    with pytest.raises(UsageError, match=r"DIGEST: 'latest' is no digest"):
        checked_digest("latest")
