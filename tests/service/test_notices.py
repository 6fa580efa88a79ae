"""What people are told: once, in their language, what they wish to hear; and the list of it in the app."""

from __future__ import annotations

import ast
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cim import db, i18n
from cim.access import SYSTEM, Actor
from cim.errors import Conflict, Invalid, NotFound
from cim.models import Channel, Delivery, Notice
from cim.models.customer import CustomerDraft
from cim.models.notice import ChannelType
from cim.models.notice_view import ChannelDraft, NoticeWishes
from cim.permissions import Permission
from cim.service import channels, chat, customers, notice_kinds, notices
from cim.work import Guard, Work, _run
from tests.factories import Personas, history, queries, recorded

WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
DINGTALK = "https://oapi.dingtalk.com/robot/send?access_token=0123456789abcdef0123456789abcdef"
FEISHU = "https://open.feishu.cn/open-apis/bot/v2/hook/5ebd1bcf-9c93-4d47-a0fa-1234567890ab"


def tell(*users: Actor, key: str = "k", **options: Any) -> int:
    """Tell people something, in a transaction of the server."""
    given: dict[str, Any] = {"kind": "task.due", "title": "{who} commented on {customer}", "key": key}
    given |= {"params": {"who": "安晓然", "customer": "甲公司"}} | options

    def telling(work: Work) -> int:
        return notices.tell(work, [user.user_id for user in users], **given)

    guard = Guard("notices.purge", Permission.SETTINGS_MANAGE, writing=True, recorded=False, function=telling)
    return int(_run(guard, SYSTEM, (), {}))


def planned() -> list[tuple[int | None, str]]:
    """(user of the channel, key) of the messages that were planned."""
    table: Any = Delivery
    channel: Any = Channel
    with db.session(writing=False) as session:
        found = select(channel.user_id, table.key).join(channel, channel.id == table.channel_id).order_by(table.id)
        return [tuple(row) for row in session.execute(found)]


def test_told_once_under_a_key_and_read_by_oneself_only(people: Personas) -> None:
    assert tell(people.ann, people.bo, key="a") == 2
    assert tell(people.ann, people.bo, people.mei, key="a") == 1
    assert tell(people.ann, key="b") == 1
    with i18n.use("en"):
        assert [n.text for n in notices.mine(people.ann)] == ["安晓然 commented on 甲公司"] * 2
    first, second = notices.mine(people.ann)
    assert notices.count_unread(people.ann) == 2
    assert not notices.read(people.bo, first.id)
    assert notices.read(people.ann, first.id)
    assert not notices.read(people.ann, first.id)
    assert [n.id for n in notices.mine(people.ann, unread=True)] == [second.id]
    assert notices.read_all(people.ann, until_id=second.id - 1) == 0
    assert notices.read_all(people.ann) == 1
    assert (notices.count_unread(people.ann), notices.count_unread(people.bo)) == (0, 1)
    assert not any(entry.action.startswith("notices.") for entry in history())


def test_two_servers_tell_it_once(people: Personas) -> None:
    told: list[int] = []
    threads = [threading.Thread(target=lambda: told.append(tell(people.ann, people.bo, key="a"))) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(told) == 2


def test_the_bell_costs_one_query_more_than_knowing_who_asks(people: Personas) -> None:
    for number in range(120):
        tell(people.ann, key=f"k{number}")
    with queries(2):
        assert notices.count_unread(people.ann) == notices.MOST_COUNTED
    with queries(2):
        notices.mine(people.ann)


def test_groups_and_what_is_muted(people: Personas) -> None:
    assert channels.wish(people.ann, NoticeWishes(chosen={"app": {"comment": False}, "99": {"task": False}}))
    assert channels.wishes(people.ann).chosen == {"app": {"comment": False}}, "no channel of hers"
    assert not channels.wish(people.ann, NoticeWishes(chosen={"app": {"comment": False}}))
    tell(people.ann, people.bo, key="a", kind="comment")
    tell(people.ann, key="b", kind="task.due")
    tell(people.ann, key="c", kind="nonsense.x")
    assert notices.count_unread(people.ann) == 2
    assert notices.count_unread(people.bo) == 1
    assert [n.kind for n in notices.mine(people.ann, group="comment")] == ["comment"]
    assert [n.group for n in notices.mine(people.ann, group="other")] == ["other"]
    assert len(notices.mine(people.ann)) == 3, "what is muted stays in the list"


def test_messages_are_planned_with_the_notice_for_the_channels_that_want_it(people: Personas) -> None:
    ann = channels.add(people.ann, ChannelDraft(address="ann@example.cn"))
    channels.add(people.bo, ChannelDraft(address="bo@example.cn"))
    channels.add_for_team(people.root, ChannelDraft(type=ChannelType.WECOM, address=WECOM))
    tell(people.ann, people.bo, key="a", kind="ticket.escalated")
    numbers = {n.user_id: n.id for n in rows()}
    assert planned() == [
        (people.ann.user_id, f"notice.{numbers[people.ann.user_id or 0]}"),
        (people.bo.user_id, f"notice.{numbers[people.bo.user_id or 0]}"),
        (None, "fact.a"),
    ]
    tell(people.mei, key="a", kind="ticket.escalated")  # the same fact: the team has heard of it
    tell(people.ann, key="o", kind="order.paid")  # shipped as not leaving
    assert len(planned()) == 3
    channels.wish(people.ann, NoticeWishes(chosen={str(ann): {"order": True, "task": False}}))
    tell(people.ann, key="p", kind="order.paid")
    tell(people.ann, key="t", kind="task.due")
    assert len(planned()) == 4
    channels.switch(people.ann, ann, active=False)
    tell(people.ann, key="q", kind="order.paid")
    assert len(planned()) == 4


def rows() -> list[Notice]:
    with db.session(writing=False) as session:
        return list(session.execute(select(Notice)).scalars())


def test_a_channel_is_ones_own_sealed_and_forgotten_when_removed(people: Personas) -> None:
    with recorded("channels.add", by=people.ann, times=1):
        number = channels.add(people.ann, ChannelDraft(label="公司邮箱", address=" Ann@Example.cn "), token="t")
        assert channels.add(people.ann, ChannelDraft(address="ann@example.cn"), token="t") == number
    [view] = channels.mine(people.ann)
    assert (view.shown, view.label, view.active, view.team) == ("ann@example.cn", "公司邮箱", True, False)
    with db.session(writing=False) as session:
        assert b"example" not in session.get_one(Channel, number).address
    assert not any("example" in str(entry.changes) for entry in history())
    for act in (channels.test, channels.close):
        for other in (people.bo, people.root):
            with pytest.raises(NotFound):
                act(other, number)
    with pytest.raises(Conflict):
        channels.switch(people.ann, number, active=False, version=view.version + 1)
    with recorded("channels.close", by=people.ann, times=1):
        channels.close(people.ann, number, version=view.version)
    assert channels.mine(people.ann) == []
    with pytest.raises(NotFound):
        channels.switch(people.ann, number, active=True)
    with db.session(writing=False) as session:
        assert session.get_one(Channel, number).address == b""


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        (ChannelType.WECOM, "http://127.0.0.1:8501/cgi-bin/webhook/send?key=693a91f6-7xxx"),
        (ChannelType.WECOM, WECOM.replace("https://", "http://")),
        (ChannelType.WECOM, WECOM + "@127.0.0.1/"),
        (ChannelType.WECOM, WECOM.replace("qyapi.weixin.qq.com", "qyapi.weixin.qq.com.evil.cn")),
        (ChannelType.WECOM, WECOM.replace("//qyapi", "//a@qyapi")),
        (ChannelType.WECOM, DINGTALK),
        (ChannelType.DINGTALK, DINGTALK.replace("oapi.dingtalk.com", "169.254.169.254")),
        (ChannelType.FEISHU, FEISHU + "/../../../x"),
        (ChannelType.FEISHU, FEISHU.replace("open.feishu.cn", "localhost")),
        (ChannelType.FEISHU, FEISHU + "\nx"),
        (ChannelType.EMAIL, "ann@example.cn\nBcc: x@example.cn"),
        (ChannelType.EMAIL, ""),
        (ChannelType.EMAIL, "安@例子.中国"),
    ],
)
def test_only_addresses_of_the_three_services_and_plain_mail(people: Personas, kind: ChannelType, address: str) -> None:
    with pytest.raises(Invalid) as refused:
        channels.add(people.ann, ChannelDraft(type=kind, address=address))
    assert refused.value.field == "address"
    assert channels.mine(people.ann) == []


def test_the_three_forms_are_what_apprise_understands(people: Personas) -> None:
    import apprise

    for kind, address in ((ChannelType.WECOM, WECOM), (ChannelType.DINGTALK, DINGTALK), (ChannelType.FEISHU, FEISHU)):
        parts = chat.FORMS[kind][0].fullmatch(chat.canonical(kind, f" {address} "))
        assert parts is not None
        plugin = apprise.Apprise.instantiate(chat.FORMS[kind][1].format(key=parts["key"], secret=""))
        assert plugin is not None
        assert parts["key"] in (getattr(plugin, "key", ""), getattr(plugin, "token", ""))


def test_the_team_channels_are_the_administrators(people: Personas) -> None:
    number = channels.add_for_team(people.root, ChannelDraft(type=ChannelType.FEISHU, address=FEISHU))
    [view] = channels.team(people.root)
    assert (view.team, view.shown) == (True, "…90ab")
    with pytest.raises(NotFound):
        channels.close(people.mei, number)
    channels.close(people.root, number)
    for _n in range(channels.MOST):
        channels.add_for_team(people.root, ChannelDraft(address=f"team{_n}@example.cn"))
    with pytest.raises(Conflict):
        channels.add_for_team(people.root, ChannelDraft(address="one.more@example.cn"))


def test_the_daily_message_does_not_fall_into_quiet_hours(people: Personas) -> None:
    for wrong in (
        NoticeWishes(digest_hour=6),
        NoticeWishes(digest_hour=22),
        NoticeWishes(digest_hour=13, quiet_from=12, quiet_until=14),
        NoticeWishes(quiet_from=None),
    ):
        with pytest.raises(Invalid):
            channels.wish(people.ann, wrong)
    assert channels.wish(people.ann, NoticeWishes(digest_hour=7, quiet_from=22, quiet_until=7))
    assert channels.wish(people.ann, NoticeWishes(digest_hour=3, quiet_from=None, quiet_until=None))


def test_erasing_a_customer_takes_what_was_told_about_it(people: Personas) -> None:
    number = customers.create(people.ann, CustomerDraft(name="甲公司"))
    channels.add(people.ann, ChannelDraft(address="ann@example.cn"))
    tell(people.ann, key="a", customer_id=number)
    tell(people.ann, key="b")
    guard = Guard(
        "notices.purge",
        Permission.SETTINGS_MANAGE,
        writing=True,
        recorded=False,
        function=lambda work: notices.forget(work, [number]),
    )
    assert _run(guard, SYSTEM, (), {}) == 1
    assert [n.key for n in rows()] == ["b"]
    assert len(planned()) == 1


def test_what_was_read_long_ago_goes(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2025-01-01T12:00:00+08:00")
    channels.add(people.ann, ChannelDraft(address="ann@example.cn"))
    tell(people.ann, key="read")
    tell(people.bo, key="unread")
    notices.read_all(people.ann)
    monkeypatch.setenv("CIM_NOW", "2026-11-22T12:00:00+08:00")
    tell(people.ann, key="fresh")
    assert notices.purge(SYSTEM) == 1
    assert sorted(n.key for n in rows()) == ["fresh", "unread"]
    assert len(planned()) == 1


def test_every_kind_in_the_code_has_its_group() -> None:
    """A kind that no group names can be switched by nobody but as "everything else"."""
    found = set()
    for path in Path(notices.__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("tell"):
                found |= {k.value.value for k in node.keywords if k.arg == "kind" and isinstance(k.value, ast.Constant)}
    assert len(found) > 1
    assert {kind for kind in found if kind.partition(".")[0] not in notice_kinds.GROUPS} == set()
