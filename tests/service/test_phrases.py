"""Phrases through the service: one's own, everybody's, shipped ones; who may keep which."""

from __future__ import annotations

import pytest

from cim import service
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.i18n import use
from cim.models.comment import PhraseDraft
from tests.factories import Personas, history, queries, recorded

add, update, remove, offered = (getattr(service.phrases, n) for n in ("add", "update", "remove", "offered"))


def texts(found: object) -> list[str]:
    return [phrase.text for phrase in found]  # type: ignore[attr-defined]


def test_own_come_first_then_shared_then_shipped_in_the_readers_language(people: Personas) -> None:
    add(people.mei, PhraseDraft(text="已寄样品", shared=True))
    with recorded("phrases.add", by=people.ann, times=1):
        add(people.ann, PhraseDraft(text="约了周五 复盘", type="call"))
    with queries(2), use("en"):
        found = offered(people.ann, "call")
    assert texts(found)[:3] == ["约了周五 复盘", "已寄样品", "No answer; try again later."]
    assert [phrase.may_edit for phrase in found[:3]] == [True, False, False]
    assert texts(offered(people.bo, "visit"))[0] == "已寄样品"
    assert "约了周五 复盘" not in texts(offered(people.bo, "call"))
    assert "约了周五 复盘" not in texts(offered(people.ann, "visit"))


def test_change_and_removal_are_ones_own(people: Personas) -> None:
    made = add(people.ann, PhraseDraft(text="已催款了"))
    before = len(history())
    assert not update(people.ann, made, PhraseDraft(text="已催款了"))
    assert len(history()) == before
    for other in (people.bo, people.mei):
        with pytest.raises(NotFound):
            update(other, made, PhraseDraft(text="改"))
    assert update(people.ann, made, PhraseDraft(text="已催款 两次", type="call"), version=1)
    with pytest.raises(Conflict):
        update(people.ann, made, PhraseDraft(text="改"), version=1)
    remove(people.ann, made)
    assert "已催款 两次" not in texts(offered(people.ann))
    with pytest.raises(NotFound):
        remove(people.ann, made)


def test_shared_ones_are_kept_by_who_leads(people: Personas) -> None:
    with pytest.raises(Denied):
        add(people.ann, PhraseDraft(text="好", shared=True))
    made = add(people.mei, PhraseDraft(text="好", shared=True))
    with pytest.raises(Denied):
        remove(people.ann, made)
    remove(people.root, made)
    with pytest.raises(Denied):
        offered(people.audrey)


@pytest.mark.parametrize(
    ("field", "values"),
    [("text", {"text": " "}), ("text", {"text": "长" * 501}), ("type", {"text": "好", "type": "fax"})],
)
def test_refused_at_the_field(people: Personas, field: str, values: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        add(people.ann, PhraseDraft.model_validate(values))
    assert refused.value.field == field


def test_the_same_twice_is_one(people: Personas) -> None:
    assert add(people.ann, PhraseDraft(text="好"), token="t") == add(people.ann, PhraseDraft(text="好"), token="t")
    with pytest.raises(Invalid):
        add(people.ann, PhraseDraft(text="好"))
