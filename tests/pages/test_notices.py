"""Notices as people meet them: the list, channels and wishes; and the mail server in the settings."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest

from cim.models.customer import CustomerDraft
from cim.models.notice_view import ChannelDraft
from cim.service import channels, customers, mail_server, notices
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage
from tests.service.outside import mail_sink, use_mail_server
from tests.service.test_notices import tell

PAGE = "pages/notices.py"


def button(app: AppTest, beginning: str) -> Any:
    return next(b for b in app.button if b.key and b.key.startswith(beginning))


def test_a_press_opens_what_it_is_about_and_marks_it_as_read(people: Personas, open_page: OpenPage) -> None:
    number = customers.create(people.ann, CustomerDraft(name="*甲*公司"))
    tell(people.ann, key="a", params={"who": "[x](y)", "customer": "*甲*"}, link=f"/customer?id={number}")
    tell(people.ann, key="b", link="https://evil.example.cn/customer")
    app = open_page(people.ann, PAGE)
    assert not app.exception
    elsewhere, ours = notices.mine(people.ann)
    app.button(key=f"notice.{elsewhere.id}").click().run()
    assert not app.exception
    assert notices.count_unread(people.ann) == 1
    app.button(key=f"notice.{ours.id}").click().run()
    assert not app.exception
    assert notices.count_unread(people.ann) == 0
    assert app.query_params["id"] == [str(number)] or app.query_params["id"] == str(number)


def test_everything_is_read_by_one_press_and_others_see_nothing_of_it(people: Personas, open_page: OpenPage) -> None:
    for key in "abc":
        tell(people.ann, key=key)
    assert not open_page(people.bo, PAGE).exception
    app = open_page(people.ann, PAGE, unread="true")
    app.button(key="notices.read_all").click().run()
    assert not app.exception
    assert notices.count_unread(people.ann) == 0


def test_a_channel_is_added_once_tested_and_removed(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE, tab="channels")
    app.text_input(key="channel.mine.address").input("no address")
    button(app, "channel.mine.save-").click().run()
    assert len(app.error) == 1
    assert app.text_input(key="channel.mine.address").value == "no address", "what was typed stays"
    app.text_input(key="channel.mine.address").input("ann@example.cn")
    with recorded("channels.add", by=people.ann, times=1):
        button(app, "channel.mine.save-").click().run()
    [view] = channels.mine(people.ann)
    with mail_sink() as (sink, port):
        use_mail_server(port)
        app.button(key=f"channel.{view.id}.{view.version}.test").click().run()
        assert sink.recipients == ["ann@example.cn"]
    app.button(key=f"channel.{view.id}.{view.version}.close").click().run()
    assert not app.exception
    assert channels.mine(people.ann) == []


def test_wishes_are_kept(people: Personas, open_page: OpenPage) -> None:
    number = channels.add(people.ann, ChannelDraft(address="ann@example.cn"))
    app = open_page(people.ann, PAGE, tab="wishes")
    assert not app.exception
    app.button_group(key=f"wishes.{number}").set_value(["task"])
    app.selectbox(key="wishes.digest_hour").set_value(9)
    button(app, "wishes.save").click().run()
    assert not app.exception
    wishes = channels.wishes(people.ann)
    assert wishes.digest_hour == 9
    assert wishes.chosen[str(number)]["digest"] is False
    assert "task" not in wishes.chosen[str(number)], "as it is shipped"


def test_the_administrator_sets_the_mail_server(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.root, "pages/settings.py", tab="mail")
    assert not app.exception
    app.text_input(key="mail.0.host").input("smtp.example.cn")
    app.text_input(key="mail.0.sender").input("cim@example.cn")
    app.text_input(key="mail.0.password").input("s3cret-word")
    with recorded("mail_server.save", by=people.root, times=1):
        button(app, "mail.save").click().run()
    assert not app.exception
    held = mail_server.get(people.root)
    assert held is not None
    assert (held.host, held.has_password) == ("smtp.example.cn", True)
    assert not any(field.value == "s3cret-word" for field in app.text_input)
