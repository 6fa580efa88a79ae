"""Saved views of every noun: shipped, own and shared ones, apart from those of customers."""

from __future__ import annotations

import pytest

from cim import service
from cim.errors import Invalid, NotFound
from cim.models.custom import Noun
from cim.models.saved_view import SavedViewDraft
from cim.service.listing import engine
from tests.factories import Personas, queries, recorded
from tests.service.record_makers import LISTED

views = service.saved_views


@pytest.mark.parametrize("noun", LISTED)
def test_a_noun_has_views_of_its_own(people: Personas, noun: Noun) -> None:
    draft = SavedViewDraft(name="重点", filter={"within": "this_month", "q": "水泵"}, columns=["created_at"], order="")
    with recorded("saved_views.save", by=people.ann, times=1):
        made = views.save(people.ann, draft, noun=noun)
    with queries(3):
        shelf = views.everything(people.ann, noun)
    found = next(view for view in shelf.views if view.key == str(made))
    assert (found.name, found.filter, found.mine) == ("重点", {"within": "this_month", "q": "水泵"}, True)
    others = {other for other in (*LISTED, Noun.CUSTOMER) if other is not noun}
    assert all(str(made) not in {view.key for view in views.everything(people.ann, other).views} for other in others)
    views.save(people.ann, SavedViewDraft(name="重点"), noun=next(iter(others)))
    with pytest.raises(Invalid):
        views.save(people.ann, draft, noun=noun)
    first = next(column.name for column in engine.KINDS[noun].columns if column.opens)
    views.share(people.ann, made)
    assert str(made) in {view.key for view in views.everything(people.bo, noun).views}
    assert views.change(people.ann, made, draft.model_copy(update={"order": first}), version=2)
    assert next(view for view in views.everything(people.ann, noun).views if view.id == made).order == first
    views.make_default(people.ann, str(made), noun=noun)
    assert [view.key for view in views.everything(people.ann, noun).views if view.default] == [str(made)]
    assert not any(view.default for view in views.everything(people.ann, next(iter(others))).views)
    with pytest.raises(NotFound):
        views.make_default(people.ann, str(made), noun=next(iter(others)))


def test_columns_and_page_size_are_kept_for_each_noun(people: Personas) -> None:
    views.prefer(people.ann, columns=["order_no", "custom.size"], size=20, noun=Noun.ORDER)
    shelf = views.everything(people.ann, Noun.ORDER)
    assert (shelf.columns, shelf.size) == (["order_no", "custom.size"], 20)
    for noun in (Noun.CUSTOMER, Noun.TICKET):
        other = views.everything(people.ann, noun)
        assert (other.columns, other.size) == ([], 50)


@pytest.mark.parametrize(
    "wrong",
    [
        {"filter": {"grade": "A"}},
        {"filter": {"facets": {"grade": "A"}}},
        {"filter": {"q": "13800138000"}},
        {"filter": {"within": "some_day"}},
        {"order": "newest"},
        {"columns": ["no such thing"]},
    ],
)
def test_a_view_that_means_nothing_is_refused(people: Personas, wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        views.save(people.ann, SavedViewDraft.model_validate({"name": "x"} | wrong), noun=Noun.ORDER)


def test_shipped_views_are_those_that_mean_something(people: Personas) -> None:
    keys = {
        (who.username, noun): {view.key for view in views.everything(who, noun).views}
        for who in people
        for noun in LISTED
    }
    for noun in LISTED:
        assert keys["mei", noun] <= set(engine.KINDS[noun].views)
        assert "all" in keys["audrey", noun]
    assert {"mine", "stuck", "late", "closing"} <= keys["ann", Noun.OPPORTUNITY]
    assert "team" in keys["mei", Noun.OPPORTUNITY] - keys["ann", Noun.OPPORTUNITY]
    assert "mine" in keys["kai", Noun.TICKET]
    assert "mine" not in keys["audrey", Noun.ORDER]
    with pytest.raises(Invalid):
        views.everything(people.ann, Noun.CONTACT)
