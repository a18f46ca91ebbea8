from __future__ import annotations

from dataclasses import replace

import pytest

from regshape.engine.record import Recorder, Store
from regshape.errors import UsageError
from tests.engine.record.recorded import CAMPAIGN, fail_on_broken, make_finding


def test_a_finding_is_found_by_the_beginning_of_its_id_with_its_campaign(
    recorder: Recorder, store: Store
) -> None:
    recorder.finding(make_finding("abc1"))
    recorder.finding(make_finding("abd2"))
    assert store.finding("abc") == make_finding("abc1")
    assert store.found("abd")[0].target == CAMPAIGN.target


def test_the_whole_id_wins_over_a_longer_one(recorder: Recorder, store: Store) -> None:
    recorder.finding(make_finding("ab"))
    recorder.finding(make_finding("abc"))
    assert store.finding("ab").id == "ab"


def test_the_newest_campaign_s_finding_is_taken(recorder: Recorder, store: Store) -> None:
    recorder.finding(make_finding("f1"))
    again = Recorder(store, fail_on_broken)
    again.started(replace(CAMPAIGN, id="c9", target="http://127.0.0.1:6000"))
    again.finding(make_finding("f1"))
    assert store.found("f1")[0].id == "c9"
    assert [info.id for info in store.campaigns()] == ["c9", "c1a2"]
    assert [info.id for info in store.campaigns(1)] == ["c9"]


def test_an_unknown_or_ambiguous_id_says_what_there_is(recorder: Recorder, store: Store) -> None:
    with pytest.raises(UsageError, match="it has no findings yet"):
        store.finding("a")
    for name in ("a1", "a2"):
        recorder.finding(make_finding(name))
    with pytest.raises(UsageError, match="several findings begin with 'a': a2, a1"):
        store.finding("a")
    with pytest.raises(UsageError, match=r"no finding of .*sqlite begins with '%'; it has a2, a1"):
        store.finding("%")
    with pytest.raises(UsageError, match=r"no campaign of .* begins with 'x'; it has c1a2"):
        store.result("x")


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("latest", "c3"),
        ("latest~1", "c2"),
        ("latest~2", "c1"),
        ("c1", "c1"),
        ("http://a", "c3"),
        ("http://a~1", "c1"),
        ("http://a@1.1", "c1"),
        ("http://a@dev", "c3"),
        ("zot/2.1", "c2"),
        ("zot/2.1@1.1", "c2"),
        ("latest@1.1", "c2"),
        ("latest@1.1~1", "c1"),
    ],
)
def test_campaigns_go_by_age_target_implementation_and_version(
    store: Store, name: str, id_: str
) -> None:
    for each, target, implementation, spec in (
        ("c1", "http://a", None, "1.1"),
        ("c2", "http://b", "zot/2.1", "1.1"),
        ("c3", "http://a", None, "dev"),
    ):
        info = replace(CAMPAIGN, id=each, target=target, implementation=implementation, spec=spec)
        Recorder(store, fail_on_broken).started(info)
    assert store.named(name).id == id_


def test_a_name_that_goes_back_too_far_is_said(recorder: Recorder, store: Store) -> None:
    with pytest.raises(UsageError, match=r"'latest~1' goes back too far: .* has 1 such campaigns"):
        store.named("latest~1")
