"""Custom fields of opportunities, orders, contracts, products and tickets: values, history, masks, undo, merge, renaming."""

from __future__ import annotations

from typing import Any

import pytest

from cim import db, service
from cim.errors import Invalid
from cim.models import CustomValue, metadata
from cim.models.custom import CustomFieldDraft, Noun
from cim.service import custom_types
from tests.factories import Personas, history, recorded
from tests.service.record_makers import CHANGE, LISTED, OWNED, READ, firm, make

custom = service.custom
TITLES = {
    Noun.OPPORTUNITY: "name",
    Noun.ORDER: "notes",
    Noun.CONTRACT: "title",
    Noun.PRODUCT: "name",
    Noun.TICKET: "subject",
}


def field(people: Personas, noun: Noun, key: str, **values: Any) -> int:
    return custom.define(people.root, CustomFieldDraft(**{"noun": noun, "key": key, "label": f"字段{key}"} | values))


def say(noun: Noun, me: Any, number: int, **values: Any) -> bool:
    """Change custom values by the noun's own form."""
    view = READ[noun](me, number)
    told = getattr(view, TITLES[noun])
    draft_type = next(iter(service.record_edit.VERBS[noun].draft.__mro__))
    draft = draft_type.model_validate({TITLES[noun]: told, "custom": values})
    return CHANGE[noun](me, number, draft, version=view.version)


@pytest.mark.parametrize("noun", LISTED)
def test_values_are_kept_with_their_history(people: Personas, noun: Noun) -> None:
    field(people, noun, "size", type="number")
    field(people, noun, "level", type="choices", options=["大", "小"], required_at=["*"])
    customer = firm(people.ann)
    with pytest.raises(Invalid) as refused:
        make(noun, people.root, customer, "甲", custom={"size": "1"})
    assert refused.value.field == "custom.level"
    number = make(noun, people.root, customer, "甲", custom={"size": "12.50", "level": "大；小"})
    assert READ[noun](people.ann, number).custom == {"size": "12.5", "level": ["大", "小"]}
    assert not say(noun, people.root, number, size="12.5")
    with recorded(f"{service.record_edit.VERBS[noun].update.__module__.rsplit('.', 1)[-1]}.update", by=people.root):
        assert say(noun, people.root, number, size="13")
    [entry] = [e for e in service.audit.entries(people.root) if "custom.size" in e.changes][:1]
    assert entry.changes["custom.size"] == ("12.5", "13")
    for wrong in ({"size": "x"}, {"level": "中"}, {"none": "1"}, {"level": ""}):
        with pytest.raises(Invalid):
            say(noun, people.root, number, **wrong)
    assert READ[noun](people.ann, number).custom["size"] == "13"


@pytest.mark.parametrize("noun", OWNED)
def test_personal_values_are_sealed_and_masked(people: Personas, noun: Noun) -> None:
    field(people, noun, "secret", personal=True)
    number = make(noun, people.root, firm(people.ann), "甲", custom={"secret": "张三 13800138000"})
    assert READ[noun](people.ann, number).custom == {"secret": "张三 13800138000"}
    for masked in (people.kai, people.audrey, people.root):
        assert READ[noun](masked, number).custom == {"secret": custom_types.MASK}
    with db.session(writing=False) as session:
        [stored] = session.query(CustomValue).all()
        assert stored.text is None
        assert b"13800138000" not in bytes(stored.sealed or b"")
    assert all("13800138000" not in str(entry.changes) for entry in service.audit.entries(people.audrey))
    assert service.records.find(people.ann, "13800138000") == []
    with pytest.raises(Invalid):
        say(noun, people.root, number, secret=f"x{custom_types.MASK}")
    with pytest.raises(Invalid):
        service.records.search(people.ann, noun, service.records.RecordFilter(custom={"secret": "张"}))


def test_a_product_holds_no_personal_data(people: Personas) -> None:
    with pytest.raises(Invalid) as refused:
        field(people, Noun.PRODUCT, "secret", personal=True)
    assert refused.value.field == "personal"


@pytest.mark.parametrize("noun", OWNED)
def test_a_merge_takes_personal_values_along_and_back_to_the_byte(people: Personas, noun: Noun) -> None:
    field(people, noun, "secret", personal=True)
    field(people, noun, "size")
    one, two = firm(people.ann), firm(people.ann, "信诺环保（南京）")
    number = make(noun, people.ann, two, "甲", custom={"secret": "老家在徐州", "size": "大"})

    def stored() -> list[Any]:
        with db.session(writing=False) as session:
            return sorted(map(tuple, session.execute(metadata.tables["custom_value"].select())))

    before = stored()
    service.customers.merge(people.ann, one, [two], reason="同一家")
    view = READ[noun](people.ann, number)
    assert (view.customer_id, view.custom) == (one, {"secret": "老家在徐州", "size": "大"})
    assert stored() != before
    service.customers.unmerge(people.ann, two)
    view = READ[noun](people.ann, number)
    assert (view.customer_id, view.custom) == (two, {"secret": "老家在徐州", "size": "大"})
    assert stored() == before


@pytest.mark.parametrize("noun", OWNED)
def test_a_change_is_taken_back(people: Personas, noun: Noun) -> None:
    field(people, noun, "secret", personal=True)
    field(people, noun, "size", type="money")
    number = make(noun, people.ann, firm(people.ann), "甲", custom={"secret": "一", "size": "1"})
    say(noun, people.ann, number, secret="二", size="2")
    changed = history(10_000)[-1].change_set_id
    assert service.undo.change_set(people.ann, changed or 0).undone == 1
    assert READ[noun](people.ann, number).custom == {"secret": "一", "size": "1.00"}


@pytest.mark.parametrize("noun", LISTED)
def test_values_follow_the_new_name_of_a_choice(people: Personas, noun: Noun) -> None:
    number = field(people, noun, "level", type="choice", options=["大", "小"])
    record = make(noun, people.root, firm(people.ann), "甲", custom={"level": "大"})
    known = custom.fields(people.root, noun, counted=True)[0]
    assert known.used == 1
    draft = CustomFieldDraft(noun=noun, label=known.label, type="choice", options=["特大", "小"])
    assert custom.change(people.root, number, draft, version=known.version, renamed={"大": "特大"})
    assert READ[noun](people.ann, record).custom == {"level": "特大"}
    custom.retire(people.root, number)
    assert READ[noun](people.ann, record).custom == {}


@pytest.mark.parametrize(("noun", "taken"), [(Noun.ORDER, "币种"), (Noun.TICKET, "满意度"), (Noun.PRODUCT, "单价")])
def test_names_of_built_in_columns_are_taken(people: Personas, noun: Noun, taken: str) -> None:
    with pytest.raises(Invalid):
        field(people, noun, "x", label=taken)
    with pytest.raises(Invalid):
        field(people, noun, "currency" if noun is not Noun.TICKET else "priority")


def test_the_same_key_of_two_nouns_is_two_fields(people: Personas) -> None:
    for noun in (Noun.ORDER, Noun.TICKET):
        field(people, noun, "size")
    customer = firm(people.ann)
    order = make(Noun.ORDER, people.ann, customer, "1", custom={"size": "单"})
    ticket = make(Noun.TICKET, people.ann, customer, "漏水", custom={"size": "票"})
    assert READ[Noun.ORDER](people.ann, order).custom == {"size": "单"}
    assert READ[Noun.TICKET](people.ann, ticket).custom == {"size": "票"}
