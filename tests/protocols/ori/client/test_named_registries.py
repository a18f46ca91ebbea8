from __future__ import annotations

from pathlib import Path

import pytest

from regshape.errors import UsageError
from regshape.protocols.ori.client.named_registries import Surroundings, checked, choose, mangled

FILE = """
[registries.default]
url = "https://ori.example"

[registries.my-company]
url = "https://company.example/ori/"
log-key = "company+00000000+AQ=="
"""


def around(home: Path, file: str = FILE, **environment: str) -> Surroundings:
    found = Surroundings(environment, home)
    found.file.parent.mkdir(parents=True, exist_ok=True)
    found.file.write_text(file)
    return found


def test_the_default_registry_is_sent_the_default_token(tmp_path: Path) -> None:
    chosen = choose(None, None, around(tmp_path, ORI_REGISTRY_TOKEN="t"))  # noqa: S106
    assert (chosen.url, chosen.token) == ("https://ori.example", "t")


@pytest.mark.parametrize("wanted", ["my-company", "https://company.example/ori"])
def test_a_named_registry_is_never_sent_the_default_token(tmp_path: Path, wanted: str) -> None:
    chosen = choose(wanted, None, around(tmp_path, ORI_REGISTRY_TOKEN="t"))  # noqa: S106
    assert (chosen.url, chosen.token) == ("https://company.example/ori", None)


@pytest.mark.parametrize("wanted", ["my-company", "https://COMPANY.example:443/ori"])
def test_a_named_registry_is_sent_its_own_token(tmp_path: Path, wanted: str) -> None:
    tokens = {"ORI_REGISTRY_MY_COMPANY_TOKEN": "mine", "ORI_REGISTRY_TOKEN": "t"}
    chosen = choose(wanted, None, around(tmp_path, **tokens))
    assert (chosen.token, chosen.log_key) == ("mine", "company+00000000+AQ==")


def test_a_url_that_nobody_named_is_sent_no_token(tmp_path: Path) -> None:
    tokens = {"ORI_REGISTRY_TOKEN": "t", "ORI_REGISTRY_DEFAULT_TOKEN": "t"}
    assert choose("https://other.example", None, around(tmp_path, **tokens)).token is None


def test_the_default_registry_goes_by_its_own_variable_first(tmp_path: Path) -> None:
    tokens = {"ORI_REGISTRY_TOKEN": "t", "ORI_REGISTRY_DEFAULT_TOKEN": "mine"}
    assert choose(None, None, around(tmp_path, **tokens)).token == "mine"  # noqa: S105


def test_the_command_line_goes_before_all_variables(tmp_path: Path) -> None:
    given = around(tmp_path, ORI_REGISTRY_MY_COMPANY_TOKEN="mine")  # noqa: S106
    assert choose("my-company", "given", given).token == "given"  # noqa: S105


def test_the_environment_names_registries_too(tmp_path: Path) -> None:
    given = around(
        tmp_path,
        ORI_REGISTRY_URL="https://one.example",
        ORI_REGISTRY_MY_COMPANY_URL="https://two.example",
        ORI_REGISTRY_THIRD_URL="https://three.example",
    )
    names = (None, "my-company", "third")
    assert [choose(name, None, given).url for name in names] == [
        "https://one.example",
        "https://two.example",
        "https://three.example",
    ]


def test_an_unknown_name_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="set ORI_REGISTRY_A_B_URL, or add it to"):
        choose("a.b", None, around(tmp_path))
    with pytest.raises(UsageError, match="set ORI_REGISTRY_URL"):
        choose(None, None, around(tmp_path, file=""))


def test_names_are_mangled_as_variables_have_them() -> None:
    assert mangled("my-company.v2") == "MY_COMPANY_V2"


def test_two_names_for_one_variable_are_refused(tmp_path: Path) -> None:
    entries = '[registries.a-b]\nurl = "https://a"\n[registries.a_b]\nurl = "https://b"\n'
    with pytest.raises(UsageError, match="two names stand for one variable"):
        choose("a-b", None, around(tmp_path, file=entries))


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("not toml", "cannot be read"),
        ("[registries.a]\n", "registries.a.url"),
        ('[registries.a]\nurl = "https://a"\ntoken = "secret"\n', "registries.a.token: Extra"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_without_its_values(
    tmp_path: Path, file: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        choose("a", None, around(tmp_path, file=file))
    assert "secret" not in str(refused.value)


def test_plain_http_to_another_machine_must_be_meant() -> None:
    assert checked("http://127.0.0.1:8000", insecure=False)
    assert checked("http://ori.example", insecure=True)
    with pytest.raises(UsageError, match="add --insecure"):
        checked("http://ori.example", insecure=False)


@pytest.mark.parametrize(
    "url", ["ftp://a", "https://", "https://a?b", "https://u:p@a", "https://a:b"]
)
def test_what_is_no_url_of_a_registry_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        checked(url, insecure=True)


def test_each_registry_has_a_memory_of_its_own(tmp_path: Path) -> None:
    urls = ("https://a", "https://a:444", "http://a", "https://a/b")
    assert len({around(tmp_path).memory_of(url) for url in urls}) == len(urls)
    assert around(tmp_path).memory_of("https://a/") == around(tmp_path).memory_of("https://a")
