import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regshape.formats import digest

HELLO = hashlib.sha256(b"hello").hexdigest()

ILL_FORMED = [
    "",
    ":",
    "sha256",
    "sha256:",
    ":x",
    "a:b:c",
    "SHA256:ab",
    "sha256:é",
    "a..b:c",
    "a:b\n",
]
UNREGISTERED = ["foo:bar", "md5:" + "a" * 32, "sha384:" + "a" * 96, "sha256+b64u:abc"]
WRONG_LENGTH = ["sha256:short", f"sha256:{HELLO[:-1]}", f"sha256:{HELLO}0", f"sha512:{HELLO}"]
WRONG_CASE = [f"sha256:{HELLO.upper()}"]


@pytest.mark.parametrize("text", ILL_FORMED)
def test_text_outside_the_grammar_is_no_digest(text: str) -> None:
    assert not digest.is_grammatical(text)
    assert not digest.is_valid(text)
    with pytest.raises(ValueError, match="no digest"):
        digest.parse(text)


@pytest.mark.parametrize("text", UNREGISTERED)
def test_an_algorithm_that_is_not_registered_is_grammatical_but_not_valid(text: str) -> None:
    assert digest.is_grammatical(text)
    assert not digest.is_valid(text)
    with pytest.raises(ValueError, match="no registered algorithm"):
        digest.parse(text)


@pytest.mark.parametrize("text", [*WRONG_LENGTH, *WRONG_CASE])
def test_a_registered_algorithm_needs_its_own_number_of_lower_case_digits(text: str) -> None:
    assert not digest.is_valid(text)
    with pytest.raises(ValueError, match="lower-case hex digits"):
        digest.parse(text)


def test_a_valid_digest_comes_apart_and_together() -> None:
    parsed = digest.parse(f"sha256:{HELLO}")
    assert parsed == ("sha256", HELLO)
    assert str(parsed) == f"sha256:{HELLO}"


@given(content=st.binary(max_size=64), algorithm=st.sampled_from(sorted(digest.ALGORITHMS)))
def test_a_computed_digest_is_valid_and_matches_its_content_only(
    content: bytes, algorithm: str
) -> None:
    computed = digest.compute(content, algorithm)
    assert digest.is_valid(computed)
    assert digest.matches(computed, content)
    assert not digest.matches(computed, content + b"x")


def test_no_digest_is_computed_with_an_unregistered_algorithm() -> None:
    with pytest.raises(ValueError, match="'md5' is no registered algorithm"):
        digest.compute(b"", "md5")


@given(pieces=st.lists(st.binary(max_size=8), max_size=5))
def test_pieces_verify_like_the_whole(pieces: list[bytes]) -> None:
    whole = digest.compute(b"".join(pieces), "sha512")
    verifier = digest.Verifier(whole)
    for piece in pieces:
        verifier.update(piece)
    assert verifier.digest() == whole
    assert verifier.is_met()
    verifier.update(b"x")
    assert not verifier.is_met()


def test_a_verifier_refuses_a_digest_that_is_none() -> None:
    with pytest.raises(ValueError, match="no digest"):
        digest.Verifier("sha256")
