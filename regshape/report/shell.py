"""Laying out shell commands in a width so that they still run when copied."""

from __future__ import annotations

import re
from collections.abc import Iterator

_WORD = re.compile(r"(?:'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\.|[^\s'\"\\])+", re.DOTALL)
_SINGLE_QUOTED = re.compile(r"'[^']*'")
_FLAG = re.compile(r"-\w")
_PLAIN_WORD = re.compile(r"[\w:/.,?&=%@+~#-]+")


def fold_command(command: str, width: int, indent: str = "  ") -> list[str]:
    """Return the command on lines of at most `width`, continued by a backslash.

    A word that is longer than a line is cut where the shell joins it again; one whose quoting
    does not allow that keeps its length.
    """
    words = _WORD.findall(command)
    if _squeezed("".join(words)) != _squeezed(command):  # quotes that never close, say
        return [command]
    lines: list[str] = []
    current = ""
    for word in _with_flags(words):
        if current and len(current) + len(word) + 1 > width - 2:
            lines.append(f"{current} \\")
            current = ""
        start = f"{current} {word}" if current else (indent if lines else "") + word
        *full, current = _cut(start, word, width)
        lines.extend(full)
    return [*lines, current]


def _with_flags(words: list[str]) -> Iterator[str]:
    """Yield the words, a short flag together with what follows it."""
    flag = ""
    for word in words:
        if _FLAG.fullmatch(word) and not flag:
            flag = word
            continue
        yield f"{flag} {word}" if flag else word
        flag = ""
    if flag:
        yield flag


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _cut(line: str, word: str, width: int) -> list[str]:
    """Cut the line's last word; the rest of a cut word must start in the first column."""
    if len(line) <= width - 2:
        return [line]
    word = _WORD.findall(word)[-1]  # without its flag
    before = line[: len(line) - len(word)]
    if _SINGLE_QUOTED.fullmatch(word):
        return _cut_quoted(before, word[1:-1], width)
    if _PLAIN_WORD.fullmatch(word):
        pieces = _pieces(before + word, width - 1)
        return [*(f"{piece}\\" for piece in pieces[:-1]), pieces[-1]]
    return [line]


def _cut_quoted(before: str, inner: str, width: int) -> list[str]:
    room = width - 3
    first = inner[: room - len(before)]
    pieces = [before + "'" + first, *(f"'{piece}" for piece in _pieces(inner[len(first) :], room))]
    return [*(f"{piece}'\\" for piece in pieces[:-1]), f"{pieces[-1]}'"]


def _pieces(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]
