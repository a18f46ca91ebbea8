"""Media types without their parameters."""

from __future__ import annotations

import pytest

from regshape.formats.media_type import bare_type, without_parameters


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("Text/HTML", "Text/HTML"),
        ("Text/HTML;charset=utf-8", "Text/HTML"),
        (" text/html ; a=b; c=d", "text/html"),
        ("", ""),
        (";charset=utf-8", ""),
    ],
)
def test_parameters_are_left_out_and_the_case_is_kept_or_not(value: str, written: str) -> None:
    assert without_parameters(value) == written
    assert bare_type(value) == written.lower()
