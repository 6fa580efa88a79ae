"""Saved views: shipped, own and shared ones; who may change them; what opens first."""

from __future__ import annotations

import pytest

from cim import service
from cim.access import Actor
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.models.listing import CustomerFilter
from cim.models.saved_view import SavedViewDraft, SavedViewView
from tests.factories import Personas, queries, recorded

views = service.saved_views


def named(me: Actor, key: str) -> SavedViewView | None:
    return next((view for view in views.everything(me).views if view.key == key), None)


def draft(name: str = "华东 A 级", **more: object) -> SavedViewDraft:
    return SavedViewDraft(name=name, filter={"region": "320000", "grade": "A"}, **more)  # type: ignore[arg-type]


def test_everybody_has_the_shipped_views_that_mean_something_to_him(people: Personas) -> None:
    keys = {who.username: [view.key for view in views.everything(who).views] for who in people}
    assert keys["mei"] == list(views.SHIPPED)
    assert "team" not in keys["ann"]
    assert "mine" in keys["ann"]
    assert {"mine", "team"}.isdisjoint(keys["kai"] + keys["audrey"] + keys["root"])
    work = named(people.ann, "overdue"), named(people.mei, "overdue"), named(people.root, "overdue")
    assert [view and view.filter for view in work] == [
        {"overdue": True, "mine": True},
        {"overdue": True, "team": True},
        {"overdue": True},
    ]
    for view in views.everything(people.mei).views:
        service.customers.search(people.mei, CustomerFilter.model_validate(view.filter))


def test_a_view_is_kept_as_it_was_made(people: Personas) -> None:
    with recorded("saved_views.save", by=people.ann, times=1):
        made = views.save(people.ann, draft(columns=["name", "grade", "custom.size"], order="grade"))
    with queries(4):
        found = named(people.ann, str(made))
    assert found is not None
    assert (found.name, found.filter) == ("华东 A 级", {"region": "320000", "grade": "A"})
    assert (found.columns, found.order) == (["name", "grade", "custom.size"], "grade")
    assert found.mine
    assert not found.shared


def test_private_views_of_others_do_not_exist(people: Personas) -> None:
    made = views.save(people.ann, draft())
    for other in (people.bo, people.mei, people.root):
        assert named(other, str(made)) is None
        for attempt in (
            lambda who=other: views.change(who, made, draft("别的"), version=1),
            lambda who=other: views.share(who, made),
            lambda who=other: views.remove(who, made, version=1),
            lambda who=other: views.make_default(who, str(made)),
        ):
            with pytest.raises(NotFound):
                attempt()


def test_a_shared_view_is_used_by_all_and_changed_by_its_owner_or_an_administrator(people: Personas) -> None:
    made = views.save(people.ann, draft())
    with recorded("saved_views.share", by=people.ann, times=1):
        assert views.share(people.ann, made)
    assert not views.share(people.ann, made)
    seen = named(people.bo, str(made))
    assert seen is not None
    assert (seen.owner, seen.mine, seen.shared) == (people.ann.name, False, True)
    with pytest.raises(Denied):
        views.change(people.bo, made, draft("我的"), version=seen.version)
    with pytest.raises(Denied):
        views.remove(people.mei, made, version=seen.version)
    assert views.change(people.root, made, draft("大家的", shared=True), version=seen.version)
    with pytest.raises(Conflict):
        views.change(people.ann, made, draft("旧的"), version=seen.version)
    views.share(people.ann, made, on=False)
    assert named(people.bo, str(made)) is None


def test_an_unchanged_view_leaves_no_history(people: Personas) -> None:
    made = views.save(people.ann, draft())
    with recorded("saved_views.change", by=people.ann, times=0):
        assert not views.change(people.ann, made, draft(), version=1)


@pytest.mark.parametrize(
    ("wrong", "at"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"filter": {"colour": "red"}}, "filter"),
        ({"filter": {"grade": "Z"}}, "filter"),
        ({"filter": {"q": "13800138000"}}, "filter"),
        ({"filter": {"q": "li@example.cn"}}, "filter"),
        ({"columns": ["name", "drop table"]}, "columns"),
        ({"order": "luck"}, "order"),
    ],
)
def test_what_a_view_may_not_hold(people: Personas, wrong: dict[str, object], at: str) -> None:
    with pytest.raises(Invalid) as refused:
        views.save(people.ann, SavedViewDraft.model_validate({"name": "场景"} | wrong))
    assert refused.value.field == at
    assert len(views.everything(people.ann).views) == len(views.SHIPPED) - 1


def test_a_name_is_used_once_by_each(people: Personas) -> None:
    views.save(people.ann, draft())
    with pytest.raises(Invalid):
        views.save(people.ann, draft())
    views.save(people.bo, draft())


def test_the_view_that_opens_first(people: Personas) -> None:
    made = views.save(people.ann, draft())
    for key in ("mine", str(made)):
        views.make_default(people.ann, key)
        assert [view.key for view in views.everything(people.ann).views if view.default] == [key]
    assert not any(view.default for view in views.everything(people.bo).views)
    views.remove(people.ann, made, version=1)
    assert not any(view.default for view in views.everything(people.ann).views)
    with pytest.raises(NotFound):
        views.make_default(people.ann, "nothing")


def test_columns_and_page_size_are_a_persons_own(people: Personas) -> None:
    views.prefer(people.ann, columns=["name", "phone", "name"])
    views.prefer(people.ann, size=100)
    shelf = views.everything(people.ann)
    assert (shelf.columns, shelf.size) == (["name", "phone"], 100)
    assert views.everything(people.bo).size == 50
    for wrong in ({"size": 7}, {"columns": ["; --"]}):
        with pytest.raises(Invalid):
            views.prefer(people.ann, **wrong)
