"""The administrator sets lists, rules, regions and numbers on one page; nobody else sees anything of it."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from cim import service
from cim.errors import Invalid
from cim.models.customer import CustomerDraft
from cim.models.option import OptionDraft
from cim.models.region import RegionDraft
from cim.models.rule import FieldRuleDraft
from cim.service import options, regions, rules, settings
from tests.factories import Personas, history, recorded
from tests.pages.conftest import OpenPage

PAGE = "pages/settings.py"
TABS = (
    *("fields", "options", "rules", "regions", "pool", "values"),
    *("stages", "worklist", "service", "working_time", "mail", "currency"),
)


def press(app: AppTest, label_or_key: str) -> AppTest:
    """Click the button of this key, or the submit button that begins with it."""
    found = [b for b in app.button if b.key and (b.key == label_or_key or b.key.startswith(label_or_key))]
    assert found, [b.key for b in app.button]
    return found[0].click().run()


def words(people: Personas, name: str = "industry") -> list[str]:
    return [o.value for o in options.of(people.root, name, retired=True)]


@pytest.mark.parametrize("who", ["ann", "mei", "kai", "audrey"])
def test_others_see_nothing_of_it(people: Personas, open_page: OpenPage, who: str) -> None:
    app = open_page(getattr(people, who), PAGE)
    assert not app.exception
    assert not app.title
    assert [b.key for b in app.button_group] == ["language-sidebar-zh"]
    assert len(app.error) == 1


@pytest.mark.parametrize("tab", [*TABS, "<b>", ""])
def test_each_tab_opens_from_the_address(people: Personas, open_page: OpenPage, tab: str) -> None:
    options.take_shipped(people.root, "industry")
    rules.add(people.root, FieldRuleDraft(field="phone", kind="person", message="请填手机"))
    app = open_page(people.root, PAGE, tab=tab)
    assert not app.exception
    assert not app.error
    assert app.title[0].value


def test_a_word_is_added_and_a_refused_one_stays_out(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.root, PAGE, tab="options")
    for typed in ("半导体", "半导体"):
        app.text_input(key="options.new.industry").input(typed)
        press(app, "FormSubmitter:options.add.industry")
    assert not app.exception
    assert len(app.error) == 1
    assert words(people) == ["半导体"]


def test_usual_words_and_words_in_use_by_one_click(people: Personas, open_page: OpenPage) -> None:
    service.customers.create(people.ann, CustomerDraft(name="甲公司", industry="游戏"))
    app = open_page(people.root, PAGE, tab="options")
    with recorded("options.adopt", by=people.root, times=1):
        press(app, "options.adopt.industry")
    press(app, "options.shipped.industry")
    assert not app.exception
    assert words(people)[:2] == ["游戏", "制造业"]


def test_order_rename_and_retire(people: Personas, open_page: OpenPage) -> None:
    made = service.customers.create(people.ann, CustomerDraft(name="甲公司", industry="零售"))
    first = options.add(people.root, OptionDraft(list="industry", value="软件"))
    second = options.add(people.root, OptionDraft(list="industry", value="零售"))
    app = open_page(people.root, PAGE, tab="options")
    press(app, f"options.{second}.1.arrow_upward")
    assert words(people) == ["零售", "软件"]

    view = next(o for o in options.of(people.root, "industry") if o.id == second)
    app = AppTest.from_function(_editor, kwargs={"option_id": second}, default_timeout=30).run()
    app.text_input(key=f"options.{second}.{view.version}.value").input("批发和零售")
    with recorded("options.change", by=people.root, times=2):
        press(app, f"FormSubmitter:options.{second}")
    assert not app.exception
    assert service.customers.get(people.ann, made).industry == "批发和零售"

    app = AppTest.from_function(_editor, kwargs={"option_id": first}, default_timeout=30).run()
    press(app, f"options.{first}.2.retire")
    assert [o.value for o in options.of(people.root, "industry")] == ["批发和零售"]


def _editor(option_id: int) -> None:
    from cim.permissions import Permission
    from cim.service import options
    from cim.ui import shell
    from cim.ui.panels import settings_options

    me = shell.open_page("Settings", Permission.SETTINGS_MANAGE)
    for option in options.of(me, "industry", retired=True, counted=True):
        if option.id == option_id:
            settings_options._editor(option, f"options.{option.id}.{option.version}")


def test_merging_states_the_number(people: Personas, open_page: OpenPage) -> None:
    made = service.customers.create(people.ann, CustomerDraft(name="甲公司", industry="制造叶"))
    options.add(people.root, OptionDraft(list="industry", value="制造业"))
    app = open_page(people.root, PAGE, tab="options")
    app.selectbox(key="options.from.industry").set_value("制造叶").run()
    app.selectbox(key="options.into.industry").set_value("制造业").run()
    assert any("1 个客户将从" in caption.value for caption in app.caption)
    with recorded("options.merge", by=people.root, times=1):
        press(app, "options.merge.industry")
    assert not app.exception
    assert service.customers.get(people.ann, made).industry == "制造业"


def test_a_rule_is_set_rested_and_deleted(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.root, PAGE, tab="rules")
    app.selectbox(key="rules.new.kind").set_value("person").run()
    app.selectbox(key="rules.new.field.customer.required").set_value("phone")
    app.text_input(key="rules.new.message").input("个人客户请填手机")
    with recorded("rules.add", by=people.root, times=1):
        press(app, "rules.add")
    assert not app.exception
    person = CustomerDraft.model_validate({"name": "李四", "kind": "person"})
    with pytest.raises(Invalid):
        service.customers.create(people.ann, person)
    [rule] = rules.everything(people.root)
    app.toggle(key=f"rules.{rule.id}.1.active").set_value(False).run()
    assert service.customers.create(people.ann, person)
    with recorded("rules.remove", by=people.root, times=1):
        press(app, f"rules.{rule.id}.2.delete")
    assert not app.exception
    assert rules.everything(people.root) == []


def test_a_rule_without_field_or_with_a_bad_pattern_says_so(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.root, PAGE, tab="rules")
    press(app, "rules.add")
    assert len(app.warning) == 1
    app.selectbox(key="rules.new.check").set_value("pattern").run()
    app.selectbox(key="rules.new.field.customer.pattern").set_value("phone")
    app.text_input(key="rules.new.parameter").input("(a+)+")
    press(app, "rules.add")
    assert not app.exception
    assert len(app.error) == 1
    assert app.text_input(key="rules.new.parameter").value == "(a+)+"
    assert rules.everything(people.root) == []


def test_regions_are_added_renamed_and_removed(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.root, PAGE, tab="regions")
    app.text_input(key="regions.new.").input("海外")
    with recorded("regions.add", by=people.root, times=1):
        press(app, "FormSubmitter:regions.add.")
    app.selectbox(key="regions.pick").set_value("X001").run()
    app.text_input(key="regions.name.X001").input("海外市场")
    press(app, "regions.rename.X001")
    assert next(r.path for r in regions.tree(people.ann) if r.code == "X001") == "海外市场"

    made = service.customers.create(people.ann, CustomerDraft(name="甲公司", region="X001"))
    app.run()
    press(app, "regions.remove.X001")
    assert len(app.error) == 1
    app.selectbox(key="regions.successor.X001").set_value("east").run()
    with recorded("regions.remove", by=people.root, times=2):
        press(app, "regions.remove.X001")
    assert not app.exception
    assert service.customers.get(people.ann, made).region_code == "east"
    assert app.selectbox(key="regions.pick").value == "east"


def test_a_region_that_has_regions_below_cannot_go(people: Personas, open_page: OpenPage) -> None:
    regions.add(people.root, RegionDraft(name="海外"))
    regions.add(people.root, RegionDraft(name="新加坡", parent_code="X001"))
    app = open_page(people.root, PAGE, tab="regions")
    app.selectbox(key="regions.pick").set_value("X001").run()
    assert "regions.remove.X001" not in [b.key for b in app.button]
    app.selectbox(key="regions.pick").set_value("X002").run()
    app.selectbox(key="regions.parent.X002").set_value("east").run()
    press(app, "regions.move.X002")
    assert next(r.path for r in regions.tree(people.ann) if r.code == "X002") == "华东 / 新加坡"


def test_numbers_are_saved_together_or_not_at_all(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.root, PAGE, tab="values")
    app.number_input(key="settings.undo.days.90").set_value(30)
    app.number_input(key="settings.files.megabytes.20").set_value(10)
    with recorded("settings.change_all", by=people.root, times=2):
        press(app, "settings.save")
    assert not app.exception
    held = {s.name: s.value for s in settings.everything(people.root)}
    assert (held["undo.days"], held["files.megabytes"]) == (30, 10)
    before = len(history())
    app.number_input(key="settings.undo.days.30").set_value(60)
    app.number_input(key="settings.quality.fresh_days.180").set_value(800)
    press(app, "settings.save")
    assert len(app.error) == 1
    assert len(history()) == before
    assert {s.name: s.value for s in settings.everything(people.root)} == held


def test_the_public_pool_has_its_own_tab(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.root, PAGE, tab="pool")
    assert {n.key.split(".")[1] for n in app.number_input if n.key} == {"pool"}
    app.number_input(key="settings.pool.days.C.0").set_value(90)
    press(app, "settings.save")
    assert next(s.value for s in settings.everything(people.root) if s.name == "pool.days.C") == 90


def test_the_form_of_a_customer_says_what_a_rule_still_wants(people: Personas, open_page: OpenPage) -> None:
    rules.add(people.root, FieldRuleDraft(field="phone", message="请填手机"))
    app = open_page(people.ann, "pages/customer_entry.py")
    app.text_input(key="customer_entry.name").input("甲公司").run()
    assert any("还需填写" in caption.value and "电话" in caption.value for caption in app.caption)
    app.text_input(key="customer_entry.phone").input("13800138000").run()
    assert not any("还需填写" in caption.value for caption in app.caption)
    assert not app.exception


def test_a_region_added_from_inside_a_form_is_chosen_there(people: Personas, open_page: OpenPage) -> None:
    def form() -> None:
        from cim.permissions import Permission
        from cim.ui import shell
        from cim.ui.panels import region_input

        region_input.draw(shell.open_page("Form", Permission.CUSTOMER_WRITE), key="form.region")

    open_page(people.root, PAGE)
    app = AppTest.from_function(form, default_timeout=30)
    app.session_state["form.region.add"] = True
    app.run()
    app.text_input(key="form.region.add.name").input("海外")
    press(app, "form.region.add.save")
    assert not app.exception
    assert app.session_state["form.region"] == "X001"
    assert "X001" in {region.code for region in regions.tree(people.ann)}
