"""Every command once with `--json`, and once as a person reads it, on the reference registry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.oci.conftest import (
    LAYER,
    call,
    digest_of,
    document,
    done,
    manifest_of,
    pushed,
)

IMAGE = "application/vnd.oci.image.manifest.v1+json"


def test_ping(registry: str) -> None:
    found = document("ping", registry)
    assert found["registry"] == registry
    assert found["seconds"] > 0
    assert done("--registry", registry, "ping").stdout.startswith(f"{registry} answers")


def test_a_manifest_is_put_and_got_byte_for_byte(registry: str, repo: str, tmp_path: Path) -> None:
    digest = pushed(registry, repo)
    content = manifest_of(LAYER)
    image = f"{registry}/{repo}:v1"
    found = document("manifest", "get", image)
    assert found["manifest"] == json.loads(content)
    assert (found["digest"], found["mediaType"], found["size"]) == (digest, IMAGE, len(content))
    assert done("manifest", "get", image, "--raw").stdout_bytes == content
    done("manifest", "get", f"{registry}/{repo}@{digest}", "--output", "m.json")
    assert (tmp_path / "m.json").read_bytes() == content
    assert document("manifest", "get", image, "-o", "n.json")["digest"] == digest
    assert (tmp_path / "n.json").read_bytes() == content


def test_a_manifest_is_shown_as_what_it_is_made_of(registry: str, repo: str) -> None:
    digest = pushed(registry, repo)
    shown = done("manifest", "get", f"{registry}/{repo}:v1").stdout
    assert f"digest     {digest}\n" in shown
    assert digest_of(LAYER) in shown
    assert "5000" in shown


def test_manifest_head(registry: str, repo: str) -> None:
    digest = pushed(registry, repo)
    found = document("manifest", "head", f"{registry}/{repo}:v1")
    assert found == {
        "name": repo,
        "digest": digest,
        "mediaType": IMAGE,
        "size": len(manifest_of(LAYER)),
    }
    assert digest in done("manifest", "head", f"{registry}/{repo}:v1").stdout


def test_manifest_put_says_the_digest_last(registry: str, repo: str, tmp_path: Path) -> None:
    pushed(registry, repo)
    content = manifest_of(LAYER, annotations={"a": "b"})
    (tmp_path / "m.json").write_bytes(content)
    ran = done("manifest", "put", f"{registry}/{repo}:v2", "--file", "m.json")
    assert ran.stdout == digest_of(content) + "\n"
    found = document("manifest", "put", f"{registry}/{repo}:v3", stdin=content)
    assert (found["digest"], found["mediaType"]) == (digest_of(content), IMAGE)


def test_manifest_delete_by_tag_and_by_digest(registry: str, repo: str) -> None:
    digest = pushed(registry, repo, "v1", "v2")
    found = document("manifest", "delete", f"{registry}/{repo}:v1")
    assert found == {"name": repo, "deleted": "v1"}
    assert document("tag", "list", "-r", registry, repo)["tags"] == ["v2"]
    shown = done("manifest", "delete", f"{registry}/{repo}@{digest}").stdout
    assert shown == f"deleted {digest} of {repo}\n"
    assert call("manifest", "head", f"{registry}/{repo}@{digest}").exit_code == 4


def test_a_manifest_is_deleted_only_if_it_is_said_which(registry: str, repo: str) -> None:
    ran = call("manifest", "delete", f"{registry}/{repo}")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "which one?" in ran.stderr


@pytest.mark.parametrize("how", [[], ["--chunked"], ["--chunked", "--chunk-size", "3000"]])
def test_a_blob_is_uploaded_and_got(
    registry: str, repo: str, tmp_path: Path, how: list[str]
) -> None:
    content = bytes(range(256)) * 40 + repr(how).encode()
    (tmp_path / "blob").write_bytes(content)
    digest = digest_of(content)
    assert done("blob", "upload", "-r", registry, repo, "blob", *how).stdout == f"{digest}\n"
    found = document("blob", "upload", "-r", registry, repo, "-", *how, stdin=content)
    assert found == {"name": repo, "digest": digest, "size": len(content)}
    assert done("blob", "get", "-r", registry, repo, digest).stdout_bytes == content
    found = document("blob", "get", "-r", registry, repo, digest, "--output", "again")
    assert found == {"name": repo, "digest": digest, "size": len(content), "output": "again"}
    assert (tmp_path / "again").read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "blob"]


def test_blob_head_and_delete(registry: str, repo: str) -> None:
    pushed(registry, repo)
    digest = digest_of(LAYER)
    found = document("blob", "head", "-r", registry, repo, digest)
    assert (found["digest"], found["size"]) == (digest, len(LAYER))
    assert "5000" in done("blob", "head", "-r", registry, repo, digest).stdout
    found = document("blob", "delete", "-r", registry, repo, digest)
    assert found == {"name": repo, "deleted": digest}
    assert call("blob", "head", "-r", registry, repo, digest).exit_code == 4


def test_blob_mount(registry: str, repo: str) -> None:
    pushed(registry, repo)
    digest = digest_of(LAYER)
    words = ("blob", "mount", "-r", registry, f"{repo}-other", digest, "--from", repo)
    assert document(*words)["mounted"] is True
    assert done(*words).stdout == f"{digest}\n"
    assert document("blob", "head", "-r", registry, f"{repo}-other", digest)["size"] == 5000


def test_tags_are_listed_whole_or_by_pages(registry: str, repo: str) -> None:
    pushed(registry, repo, "a", "b", "c")
    words = ("tag", "list", "-r", registry, repo)
    assert document(*words) == {"name": repo, "tags": ["a", "b", "c"], "more": False}
    assert document(*words, "--limit", "2") == {"name": repo, "tags": ["a", "b"], "more": True}
    assert document(*words, "--last", "b")["tags"] == ["c"]
    assert document(*words, "--all", "--limit", "1")["tags"] == ["a", "b", "c"]
    ran = done(*words, "-n", "2")
    assert (ran.stdout, ran.stderr) == ("a\nb\n", "note: there are more: add --all, or --last b\n")


def test_tag_delete(registry: str, repo: str) -> None:
    digest = pushed(registry, repo, "a", "b")
    assert document("tag", "delete", "-r", registry, repo, "a") == {"name": repo, "deleted": "a"}
    assert document("tag", "list", "-r", registry, repo)["tags"] == ["b"]
    refused = call("tag", "delete", "-r", registry, repo, digest)
    assert refused.exit_code == 2
    assert "manifest delete" in refused.stderr


def test_the_catalog_is_listed_with_and_without_its_name(registry: str, repo: str) -> None:
    pushed(registry, repo)
    for words in (["catalog"], ["catalog", "list"]):
        assert repo in document(*words, "-r", registry, "--all")["repositories"]
    page = document("catalog", "--limit", "1", "-r", registry, "--last", repo[:-1])
    assert page["repositories"] == [repo]
    assert repo in done("-r", registry, "catalog", "--all", "-n", "1").stdout.splitlines()


def test_referrers_are_listed(registry: str, repo: str) -> None:
    subject = pushed(registry, repo)
    words = ("referrer", "list", "-r", registry, repo, subject)
    assert document(*words)["manifests"] == []
    assert done(*words).stdout == ""
    pointer = {"mediaType": IMAGE, "digest": subject, "size": len(manifest_of(LAYER))}
    about = {"subject": pointer, "artifactType": "application/x-sbom"}
    digest = pushed(registry, repo, "sbom", **about)
    (found,) = document(*words)["manifests"]
    assert (found["digest"], found["artifactType"]) == (digest, "application/x-sbom")
    assert len(document(*words, "--type", "application/x-sbom")["manifests"]) == 1
    assert document(*words, "--type", "application/x-other")["manifests"] == []
    assert digest in done(*words).stdout
