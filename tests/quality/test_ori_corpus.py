"""Every case of Ori's corpus finds the defect that its file is named after, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import pytest

from regshape.catalog import find
from regshape.engine.runner import replay
from regshape.protocols.ori.defects import DEFECTS
from regshape.report.codec import case_from_text
from regshape.settings import Settings
from tests.quality.hunt import embedded

FOLDER = files("regshape.corpora").joinpath("ori")
NAMES = sorted(item.name for item in FOLDER.iterdir() if item.name.endswith(".json"))
ENTRY = find("ori")
SETTINGS = Settings.model_validate(
    {"target": "http://embedded", "protocol": "ori", "tokens": ENTRY.tokens}
)


async def _violated(name: str, *defects: str) -> Sequence[str]:
    case = case_from_text(FOLDER.joinpath(name).read_text(encoding="utf-8"), name)
    assert case.comment
    result = await replay(SETTINGS, ENTRY, case, inner=embedded(ENTRY, *defects))
    return [violation.requirement for violation in result.violations]


@pytest.mark.parametrize("name", NAMES)
async def test_a_case_finds_the_defect_that_it_is_named_after(name: str) -> None:
    defect = DEFECTS[name.removesuffix(".json")]
    assert defect.requirements[0] in await _violated(name, defect.name)


@pytest.mark.parametrize("name", NAMES)
async def test_a_case_is_clean_on_the_plain_reference(name: str) -> None:
    assert not await _violated(name)
