from __future__ import annotations

import json
from pathlib import Path

import pytest

from regshape.cli.ori.client_commands import COMMANDS, LOG_COMMANDS
from regshape.formats.archive import unpack
from regshape.protocols.ori.reference import Reference, ReferenceOptions
from tests.cli.ori.conftest import call, document, done, project, published, serving

NAME = "@acme/json"


def memory(home: Path) -> list[Path]:
    return sorted((home / ".local/state/ori").glob("*.json"))


def test_a_package_goes_from_a_project_to_a_file(registry: str, tmp_path: Path) -> None:
    ran = done("publish", project(tmp_path / "p"))
    assert ran.stdout.startswith("@acme/json@1.0.0 published: sha256:")
    assert ran.stdout.endswith("entry 0 of the log\n")
    assert "note: from now on the key of this registry's log is ori.localhost+" in ran.stderr
    ran = done("download", NAME)
    assert "note" not in ran.stderr
    assert ran.stdout.startswith("file       json-1.0.0.oripk\n")
    done("pack", tmp_path / "p", "-o", "packed")
    assert Path("json-1.0.0.oripk").read_bytes() == Path("packed").read_bytes()


def test_a_dry_run_changes_nothing(registry: str, tmp_path: Path, reference: Reference) -> None:
    ran = done("publish", "--dry-run", project(tmp_path / "p"))
    assert "would be published" in ran.stdout
    assert len(reference.log) == 0
    assert document("publish", "--dry-run", tmp_path / "p")["published"] is False


def test_lists_and_facts_are_shown_and_told_as_json(registry: str, tmp_path: Path) -> None:
    published(tmp_path, "1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1", "1.0.1")
    lines = done("versions", NAME).stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        "version",
        *("2.0.0-rc.1", "1.10.0", "1.9.0", "1.0.1", "1.0.0"),
    ]
    assert [row["version"] for row in document("versions", NAME)][1] == "1.10.0"
    assert "version      1.10.0" in done("info", NAME).stdout
    assert document("info", f"{NAME}@1.0.0")["log_index"] == 0
    assert done("owners", NAME).stdout == "alice\n"
    assert document("owners", NAME)["owners"] == ["alice"]


def test_yank_and_deprecate_show_in_versions_and_downloads(registry: str, tmp_path: Path) -> None:
    published(tmp_path, "1.0.0", "1.1.0")
    assert done("yank", f"{NAME}@1.1.0").stdout == "@acme/json@1.1.0 is yanked\n"
    assert "version      1.0.0" in done("info", NAME).stdout
    done("deprecate", f"{NAME}@1.1.0", "Use 2.x")
    assert "yanked, deprecated: Use 2.x" in done("versions", NAME).stdout
    ran = done("download", f"{NAME}@1.1.0", "-o", tmp_path)
    assert "note: @acme/json@1.1.0 is yanked, deprecated: Use 2.x" in ran.stderr
    assert (tmp_path / "json-1.1.0.oripk").is_file()
    assert document("unyank", f"{NAME}@1.1.0") == {"yanked": False}
    assert "version      1.1.0" in done("info", NAME).stdout


def test_a_transfer_is_offered_and_accepted(registry: str, tmp_path: Path) -> None:
    published(tmp_path, "1.0.0")
    assert "offered to bob" in done("transfer", NAME, "--to", "bob").stdout
    assert "offered to bob until" in done("owners", NAME).stdout
    done("transfer", NAME, "--cancel")
    done("transfer", NAME, "--to", "bob")
    assert done("transfer", NAME, "--accept", "--token", "bob").stdout == "@acme/json is yours\n"
    assert call("yank", f"{NAME}@1.0.0").exit_code == 5
    assert call("transfer", NAME).exit_code == 2


def test_search_says_what_it_found_and_whether_there_is_more(registry: str, tmp_path: Path) -> None:
    for number in range(5):
        published(tmp_path, "1.0.0", name=f"@acme/json-{number}")
    assert len(done("search", "json").stdout.splitlines()) == 6
    ran = done("search", "json", "--limit", 2)
    assert len(ran.stdout.splitlines()) == 3
    assert "there are more: add --limit 4" in ran.stderr
    assert document("search", "json", "--limit", 2)["more"] is True
    assert "nothing was found" in done("search", "xml").stderr


def test_a_lock_is_made_from_the_registry_for_what_it_lacks(registry: str, tmp_path: Path) -> None:
    published(tmp_path, "1.0.0")
    folder = project(tmp_path / "p", "@acme/app", dependencies=f'"{NAME}" = "1.0.0"')
    done("pack", folder, "-o", "one")
    done("pack", folder, "-o", "two")
    assert Path("one").read_bytes() == Path("two").read_bytes()
    lock = unpack(Path("one").read_bytes())["oripk.lock"].decode()
    checksum = document("info", f"{NAME}@1.0.0")["checksum"]
    assert lock == f'[checksums]\n"@acme/json:1.0.0" = "{checksum}"\n'
    assert not (folder / "oripk.lock").exists()
    done("publish", "one")


def test_a_lock_that_contradicts_the_registry_is_refused(registry: str, tmp_path: Path) -> None:
    published(tmp_path, "1.0.0")
    published(tmp_path, "1.0.0", name="@acme/more")
    needs = f'"{NAME}" = "1.0.0"\n"@acme/more" = "1.0.0"'
    folder = project(tmp_path / "p", "@acme/app", dependencies=needs)
    lock = f'[checksums]\n"{NAME}:1.0.0" = "sha256:{"0" * 64}"\n'
    (folder / "oripk.lock").write_text(lock)
    ran = call("pack", folder)
    assert ran.exit_code == 1
    assert "oripk.lock has sha256:000" in ran.stderr


def test_an_audit_names_what_is_affected_and_fails(registry: str, tmp_path: Path) -> None:
    lock = f'[checksums]\n"{NAME}:1.0.0" = "sha256:{"0" * 64}"\n'
    Path("oripk.lock").write_text(lock + f'"{NAME}:1.1.0" = "sha256:{"0" * 64}"\n')
    ran = call("audit")
    assert ran.exit_code == 1
    assert "@acme/json@1.0.0  ORI-2026-0  1.1.0     Reads too much" in ran.stdout
    assert "2 locked packages, 1 of them affected" in ran.stdout
    ran = call("audit", tmp_path, "--json")
    assert ran.exit_code == 1
    (hit,) = json.loads(ran.stdout)["affected"]
    assert (hit["name"], hit["version"], hit["fixed"]) == (NAME, "1.0.0", ["1.1.0"])


def test_an_audit_of_what_is_safe_is_fine(registry: str) -> None:
    Path("oripk.lock").write_text(f'[checksums]\n"{NAME}:1.1.0" = "sha256:{"0" * 64}"\n')
    assert done("audit").stdout == "1 locked packages, 0 of them affected\n"
    assert call("audit", "none").exit_code == 2
    Path("oripk.lock").write_text("[checksum]")
    assert call("audit").exit_code == 2


def test_advisories_are_listed(registry: str) -> None:
    assert len(done("advisories").stdout.splitlines()) == 3
    assert [item["id"] for item in document("advisories", "@acme/other")] == ["ORI-2026-1"]
    assert "there are none" in done("advisories", "@acme/none").stderr


def test_a_witness_keeps_what_it_saw(registry: str, tmp_path: Path) -> None:
    published(tmp_path, "1.0.0")
    assert document("log", "witness")["before"] == 1
    published(tmp_path, "1.1.0")
    seen = document("log", "witness")
    assert (seen["entries"], seen["before"]) == (2, 2)
    assert len(memory(tmp_path / "home")) == 1


def test_the_whole_log_is_verified_with_a_package_in_it(registry: str, tmp_path: Path) -> None:
    published(tmp_path, "1.0.0", "1.1.0")
    assert "entries  2" in done("log", "verify").stdout
    assert len(document("log", "verify", NAME)["versions"]) == 2
    assert f"{NAME} 1.0.0 sha256:" in done("log", "verify", f"{NAME}@1.0.0").stdout
    assert call("log", "verify", f"{NAME}@9.0.0").exit_code == 4


def test_a_forked_log_is_refused_in_one_line_with_both_checkpoints_kept(
    registry: str, reference: Reference, tmp_path: Path
) -> None:
    published(tmp_path, "1.0.0")
    reference.log.__init__(reference.log.signer, [b"@acme/json 1.0.0 sha256:" + b"0" * 64 + b"\n"])  # type: ignore[misc]
    for words in (("log", "witness"), ("log", "verify"), ("download", f"{NAME}@1.0.0")):
        ran = call(*words)
        assert ran.exit_code == 6
        assert ran.stderr.startswith("error: the log's 1 entries do not begin with the 1 seen")
        assert len(ran.stderr.splitlines()) == 1
    (evidence,) = [path for path in memory(tmp_path / "home") if "fork" in path.name]
    assert set(json.loads(evidence.read_text())) == {"kept", "seen"}
    assert not Path("json-1.0.0.oripk").exists()


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("info", "@acme/none"), 4, "PACKAGE_UNKNOWN"),
        (("info", "acme"), 2, "write @scope/name"),
        (("yank", "@acme/json"), 2, "write @scope/name@1.2.3"),
        (("owners", "@acme/none", "--token", "wrong"), 5, "401"),
        (("versions", "@acme/a", "-r", "http://127.0.0.1:1"), 3, "list versions of @acme/a"),
        (("versions", "@acme/a", "-r", "company"), 2, "ORI_REGISTRY_COMPANY_URL"),
        (("versions", "@acme/a", "--log-key", "x"), 2, "the log's key is none"),
        (("publish", "none.oripk"), 2, "cannot be read"),
        (("advisories", "--ca-file", "none"), 2, "--ca-file"),
    ],
)
def test_errors_are_one_line_and_a_status(
    registry: str, words: tuple[str, ...], status: int, said: str
) -> None:
    ran = call(*words)
    assert ran.exit_code == status, ran.output
    assert said in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert "Traceback" not in ran.output


def test_an_archive_that_cannot_be_published_is_told_and_not_sent(registry: str) -> None:
    Path("bad.oripk").write_bytes(b"nothing")
    ran = call("publish", "bad.oripk")
    assert ran.exit_code == 2
    assert "no package that can be published: ARCHIVE_INVALID" in ran.stderr


def test_each_registry_is_sent_its_own_token_and_no_other(
    registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = Reference(ReferenceOptions(auth="required", tokens={}))
    with serving(company) as url:
        monkeypatch.setenv("ORI_REGISTRY_COMPANY_URL", url)
        ran = call("advisories", "-r", "company")
        assert (ran.exit_code, "401" in ran.stderr) == (5, True)
        ran = call("advisories", "-r", url)
        assert ran.exit_code == 5
        monkeypatch.setenv("ORI_REGISTRY_COMPANY_TOKEN", "theirs")
        assert "theirs" not in call("advisories", "-r", "company").output


@pytest.mark.parametrize(
    "words",
    [
        *((command.__name__,) for command, _ in COMMANDS),
        *(("log", name) for name, *_ in LOG_COMMANDS),
    ],
)
def test_every_command_shows_an_example_in_80_columns(words: tuple[str, ...]) -> None:
    ran = done(*words, "--help")
    assert "Example: regshape ori" in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 80
