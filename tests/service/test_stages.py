"""Stages of the pipeline through the service: changed without code, refused while in use, never without a last one."""

from __future__ import annotations

import pytest

from cim import service
from cim.errors import Conflict, Denied, Invalid
from cim.i18n import use
from cim.models.customer import CustomerDraft
from cim.models.opportunity import OpportunityDraft, StageDraft, StageKind
from tests.factories import Personas, history, recorded

stages = service.stages


def by_key(people: Personas) -> dict[str, int]:
    return {row.key: row.id for row in stages.everything(people.root, retired=True)}


def names(people: Personas) -> list[str]:
    return [row.name for row in stages.everything(people.ann)]


def test_shipped_stages_speak_the_language_of_whoever_asks(people: Personas) -> None:
    with use("en"):
        assert names(people) == ["Lead", "Need confirmed", "Proposal", "Negotiation", "Closed won", "Closed lost"]
    with use("zh"):
        assert "Proposal" not in names(people)
    assert stages.seed(people.root) == 0


def test_a_stage_comes_behind_the_open_ones_and_moves_among_them(people: Personas) -> None:
    with recorded("stages.add", by=people.root):
        made = stages.add(
            people.root, StageDraft(name="  样品试用 ", probability=60, days_limit=10, required=["lines"])
        )
    shown = stages.everything(people.ann)
    assert [row.kind for row in shown] == [StageKind.OPEN] * 5 + [StageKind.WON, StageKind.LOST]
    assert (shown[4].id, shown[4].name, shown[4].required) == (made, "样品试用", ["lines"])
    with recorded("stages.arrange", by=people.root):
        assert stages.arrange(people.root, [made, shown[5].id])
    assert stages.everything(people.ann)[0].id == made
    assert stages.everything(people.ann)[5].kind is StageKind.WON, "closed stages stay behind the open ones"
    before = len(history())
    assert not stages.arrange(people.root, [row.id for row in stages.everything(people.ann)])
    assert len(history()) == before


def test_changing_a_stage_keeps_a_shipped_name_until_it_is_renamed(people: Personas) -> None:
    lead = by_key(people)["lead"]
    with use("zh"):
        shown = next(row.name for row in stages.everything(people.root) if row.id == lead)
        assert stages.change(people.root, lead, StageDraft(name=shown, probability=15), version=1)
        assert not stages.change(people.root, lead, StageDraft(name=shown, probability=15), version=2)
    with use("en"):
        row = stages.everything(people.root)[0]
        assert (row.name, row.key, row.probability, row.days_limit) == ("Lead", "lead", 15, 30)
    assert stages.change(people.root, lead, StageDraft(name="线索池"), version=2)
    assert next((row.name, row.key) for row in stages.everything(people.root)) == ("线索池", "")


def test_refusals_name_the_field(people: Personas) -> None:
    lead = by_key(people)["lead"]
    taken = names(people)[1]
    for field, draft in (
        ("name", StageDraft(name=" ")),
        ("name", StageDraft(name=taken)),
        ("probability", StageDraft(name="x", probability=101)),
        ("days_limit", StageDraft(name="x", days_limit=-1)),
        ("color", StageDraft(name="x", color="url(x)")),
        ("required", StageDraft(name="x", required=["owner_id"])),
        ("kind", StageDraft(name="x", kind=StageKind.WON)),
    ):
        with pytest.raises(Invalid) as refused:
            stages.change(people.root, lead, draft, version=1)
        assert refused.value.field == field
    with pytest.raises(Conflict):
        stages.change(people.root, lead, StageDraft(name="x"), version=7)
    with pytest.raises(Denied):
        stages.add(people.mei, StageDraft(name="x"))


def test_a_stage_in_use_is_retired_not_removed_and_the_last_of_a_kind_stays(people: Personas) -> None:
    keys = by_key(people)
    firm = service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))
    deal = service.opportunities.create(people.ann, firm, OpportunityDraft(name="改造"))
    service.opportunities.advance(people.ann, deal, keys["qualified"])
    for used in ("lead", "qualified"):  # it was in one and is in the other
        with pytest.raises(Invalid) as refused:
            stages.remove(people.root, keys[used], version=1)
        assert refused.value.field == "name"
    for last in ("won", "lost"):
        for attempt in (stages.remove, stages.retire):
            with pytest.raises(Invalid) as refused:
                attempt(people.root, keys[last], version=1)
            assert refused.value.field == "kind"
    assert stages.retire(people.root, keys["qualified"], version=1)
    assert not stages.retire(people.root, keys["qualified"], version=2)
    assert keys["qualified"] not in [row.id for row in stages.everything(people.ann)]
    with pytest.raises(Invalid):
        service.opportunities.create(people.ann, firm, OpportunityDraft(name="新", stage_id=keys["qualified"]))
    column = next(c for c in service.pipeline.board(people.ann).columns if c.stage.id == keys["qualified"])
    assert [card.id for card in column.cards] == [deal], "what stands in a retired stage is not lost from sight"
    assert stages.retire(people.root, keys["qualified"], version=2, retired=False)
    with recorded("stages.remove", by=people.root):
        stages.remove(people.root, keys["proposal"], version=1)
    assert stages.used(people.root) == {keys["qualified"]: 1}


def test_changes_of_stages_can_be_taken_back_by_who_manages_them(people: Personas) -> None:
    keys = by_key(people)
    before = stages.everything(people.root)
    stages.change(people.root, keys["lead"], StageDraft(name="线索池", probability=5), version=1)
    number = history(10_000)[-1].change_set_id
    assert service.undo.change_set(people.root, number).undone == 1
    after = stages.everything(people.root)
    assert [row.model_dump(exclude={"version"}) for row in after] == [
        row.model_dump(exclude={"version"}) for row in before
    ]
