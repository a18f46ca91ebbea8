"""Notes and checkpoints, with the examples that C2SP and Go's sumdb/note print."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regshape.formats.notes import (
    Checkpoint,
    NoteError,
    Signer,
    Verifier,
    new_signer,
    open_note,
    parse_checkpoint,
    parse_verifier,
    sign,
)

# golang.org/x/mod/sumdb/note, the package's documentation.
KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpR"
    "Zb6KE6RyyBwJnAM=\n"
)
# C2SP signed-note and tlog-checkpoint, the notes at their beginning.
QUASIMODO = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
    "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQ"
    "U0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
)
SOFA = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2"
    "q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)

SIGNER = Signer("log.example/a", bytes(range(32)))
OTHER = Signer("log.example/b", bytes(32))


def test_the_note_of_the_go_documentation_is_signed_by_its_key() -> None:
    verifier = parse_verifier(KEY)
    assert str(verifier) == KEY
    assert open_note(NOTE, [verifier]) == NOTE.rpartition("\n\n")[0] + "\n"


def test_that_note_is_refused_when_a_letter_of_it_is_another() -> None:
    with pytest.raises(NoteError, match="is not of this text"):
        open_note(NOTE.replace("think", "thing"), [parse_verifier(KEY)])


@pytest.mark.parametrize("note", [QUASIMODO, SOFA])
def test_the_notes_of_the_documents_are_notes_though_their_keys_are_not_printed(note: str) -> None:
    with pytest.raises(NoteError, match="nobody who is trusted"):
        open_note(note, [SIGNER.verifier])


def test_the_checkpoint_of_the_document_says_what_it_says() -> None:
    found = parse_checkpoint(SOFA.rpartition("\n\n")[0] + "\n")
    root = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
    assert found == Checkpoint("example.com/behind-the-sofa", 20852163, root)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=60))
def test_what_was_signed_is_opened(line: str) -> None:
    text = f"{line}\n"
    note = sign(text, OTHER, SIGNER)
    assert open_note(note, [SIGNER.verifier]) == text
    assert open_note(note, [OTHER.verifier, SIGNER.verifier]) == text


def test_the_last_empty_line_ends_the_text() -> None:
    text = "a\n\nb\n"
    assert open_note(sign(text, SIGNER), [SIGNER.verifier]) == text


def test_a_key_of_the_same_name_does_not_verify() -> None:
    namesake = Signer(SIGNER.name, bytes(32))
    with pytest.raises(NoteError, match="nobody who is trusted"):
        open_note(sign("a\n", namesake), [SIGNER.verifier])


def test_a_false_signature_of_a_trusted_key_spoils_a_note_that_another_signed() -> None:
    note = sign("a\n", SIGNER) + sign("b\n", OTHER).rpartition("\n\n")[2]
    with pytest.raises(NoteError, match=r"log\.example/b is not of this text"):
        open_note(note, [SIGNER.verifier, OTHER.verifier])


@pytest.mark.parametrize(
    "note",
    [
        "", "a\n", "a\n\n", "a\n\n— x y\n", "a\n\n- x AAAAAAA=\n", "a\n\n— x AAAA\n",
        "a\n\n— x AAAAAAAA", "a\tb\n\n— x AAAAAAAA\n", "a\n\n— x+y AAAAAAAA\n",
        "a\n\n—  AAAAAAAA\n",
        "a\n\n— x\N{NO-BREAK SPACE}y AAAAAAAA\n", "a\n\n" + "— x AAAAAAAA\n" * 101,
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(NoteError):
        open_note(note, [SIGNER.verifier])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        "a\n01\nAA==\n",
        "a\n-1\nAA==\n",
        "a\n1\nAA==\n",
        "\n1\nAA==\n",
        "a\n\u0663\nA\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse_checkpoint(text)


def test_a_checkpoint_is_read_as_it_was_written_and_may_say_more() -> None:
    checkpoint = Checkpoint("log.example/a", 7, bytes(range(32)))
    assert parse_checkpoint(checkpoint.text()) == checkpoint
    assert parse_checkpoint(f"{checkpoint.text()}more\n") == checkpoint


def test_a_new_key_signs_and_is_read_back() -> None:
    signer = new_signer("log.example/c")
    assert parse_verifier(str(signer.verifier)) == signer.verifier
    assert open_note(sign("a\n", signer), [signer.verifier]) == "a\n"
    assert signer != new_signer("log.example/c")


@pytest.mark.parametrize("text", ["x", "x+00000000+AA==", str(SIGNER.verifier).replace("a+", "z+")])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse_verifier(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b"])
def test_no_key_has_such_a_name(name: str) -> None:
    with pytest.raises(NoteError, match="no spaces and no plus"):
        new_signer(name)


def test_a_text_without_a_newline_at_its_end_is_not_signed() -> None:
    with pytest.raises(NoteError, match="ends with a newline"):
        sign("a", SIGNER)


def test_an_id_is_of_the_name_too() -> None:
    assert Verifier("a", bytes(32)).id != Verifier("b", bytes(32)).id
