"""Every message leaves exactly once, or is reported: real mail and chat servers on this computer, which refuse, hang up and
die in the middle."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from cim import clock, db
from cim.access import SYSTEM
from cim.errors import Invalid
from cim.models import Delivery, MailServer
from cim.models.customer import CustomerDraft
from cim.models.notice import ChannelType, DeliveryStatus, Security
from cim.models.notice_view import ChannelDraft, MailServerDraft, NoticeWishes, SentReport
from cim.models.task import TaskDraft
from cim.service import channels, customers, delivery, digest, mail_server, notices, outgoing, tasks, users
from tests.factories import Personas, history, recorded
from tests.service.outside import chat_sink, free_port, mail_sink, use_mail_server
from tests.service.test_notices import DINGTALK, FEISHU, WECOM, tell

S = DeliveryStatus


@pytest.fixture(autouse=True)
def morning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine o'clock: outside of the quiet hours."""
    at(monkeypatch, "09:00")


def at(monkeypatch: pytest.MonkeyPatch, time: str, day: str = "2026-11-23") -> None:
    monkeypatch.setenv("CIM_NOW", f"{day}T{time}:00+08:00")


def stored() -> list[Delivery]:
    table: Any = Delivery
    with db.session(writing=False) as session:
        return list(session.execute(select(Delivery).order_by(table.id)).scalars())


def states() -> list[DeliveryStatus]:
    return [row.status for row in stored()]


def send() -> SentReport:
    return delivery.send_waiting(SYSTEM)


def reach(people: Personas, *names: str) -> None:
    """Give these people an address each, without a daily message."""
    for name in names:
        channels.add(getattr(people, name), ChannelDraft(address=f"{name}@example.cn"))
        channels.wish(getattr(people, name), NoticeWishes(digest_hour=None))


def test_a_mail_arrives_once_in_the_language_of_its_reader(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_BASE_URL", "https://cim.example.cn/")
    reach(people, "ann")
    tell(people.ann, link="/customer?id=3", params={"who": "安晓然", "customer": "甲公司 13812345678"})
    assert delivery.anything_waiting(SYSTEM)
    with mail_sink() as (sink, port):
        use_mail_server(port)
        assert send() == SentReport(sent=1)
        assert send() == SentReport()
    [message] = sink.messages
    assert sink.recipients == ["ann@example.cn"]
    assert message["subject"] == "CIM: 安晓然评论了甲公司 138****5678" or "138****5678" in message["subject"]
    assert "https://cim.example.cn/customer?id=3" in sink.texts[0]
    assert "13812345678" not in sink.texts[0] + message["subject"]
    assert (message["auto-submitted"], message["from"]) == ("auto-generated", "cim@example.cn")
    assert not delivery.anything_waiting(SYSTEM)
    assert [(row.status, row.attempts) for row in stored()] == [(S.SENT, 1)]


def test_what_is_refused_for_now_is_tried_after_1_5_15_and_60_minutes_and_then_reported(
    people: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    reach(people, "ann")
    tell(people.ann)
    waits = []
    with mail_sink() as (sink, port):
        use_mail_server(port)
        sink.answers = ["451 try later"] * 5
        while stored()[0].status is S.WAITING:
            waits.append(stored()[0].next_at - clock.now())
            monkeypatch.setenv("CIM_NOW", (stored()[0].next_at - timedelta(seconds=1)).isoformat())
            assert send() == SentReport() or len(waits) == 1
            monkeypatch.setenv("CIM_NOW", stored()[0].next_at.isoformat())
            send()
    [row] = stored()
    assert (row.status, sink.messages) == (S.FAILED, [])
    [troubled] = delivery.troubled(people.root)
    assert "451 try later" in troubled.problem
    assert troubled.can_resend
    assert [n.kind for n in notices.mine(people.root)] == ["job.delivery"]


def test_back_off_is_counted_from_the_attempt(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    reach(people, "ann")
    tell(people.ann)
    use_mail_server(free_port())  # nobody listens
    seen = []
    for _n in range(5):
        monkeypatch.setenv("CIM_NOW", stored()[0].next_at.isoformat())
        send()
        seen.append((stored()[0].next_at - clock.now()).total_seconds() / 60)
    assert seen == [1, 5, 15, 60, 0]
    assert states() == [S.FAILED]


def test_what_is_refused_for_good_is_not_tried_again(people: Personas) -> None:
    reach(people, "ann", "bo")
    tell(people.ann, people.bo)
    with mail_sink() as (sink, port):
        use_mail_server(port)
        sink.answers = ["550 no such user <ann@example.cn>"]
        assert send() == SentReport(failed=1, sent=1)
    assert states() == [S.FAILED, S.SENT]
    assert "ann@example.cn" not in stored()[0].problem
    assert sink.recipients == ["bo@example.cn"]


def test_a_connection_that_breaks_before_the_answer_is_unsure_and_sent_again_only_by_a_person(
    people: Personas,
) -> None:
    reach(people, "ann")
    tell(people.ann)
    with mail_sink() as (sink, port):
        use_mail_server(port)
        sink.answers = ["250 and hang up"]
        assert send() == SentReport(unsure=1)
        assert (states(), len(sink.messages)) == ([S.UNSURE], 1), "it had arrived"
        assert send() == SentReport()
        number = stored()[0].id or 0
        with recorded("delivery.resend", by=people.root, times=1):
            assert delivery.resend(people.root, number)
        assert not delivery.resend(people.root, number)
        assert send() == SentReport(sent=1)
    assert len({message["message-id"] for message in sink.messages}) == 1, "a reader can tell that it is the same"


def test_a_server_that_died_while_sending_leaves_it_unsure_and_a_slow_one_tells_what_it_knows(
    people: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    reach(people, "ann", "bo")
    tell(people.ann, people.bo)
    dead, slow = delivery._claim(SYSTEM), delivery._claim(SYSTEM)
    assert isinstance(dead, delivery._Claimed)
    assert isinstance(slow, delivery._Claimed)
    assert delivery._claim(SYSTEM) is None
    at(monkeypatch, "09:09")
    assert send() == SentReport()
    at(monkeypatch, "09:11")
    assert send() == SentReport(unsure=2)
    assert states() == [S.UNSURE, S.UNSURE]
    assert delivery._conclude(SYSTEM, slow, S.SENT, "", for_good=False) == "sent"
    assert states() == [S.UNSURE, S.SENT]
    assert delivery.resend(people.root, dead.id)
    assert delivery._conclude(SYSTEM, dead, S.SENT, "", for_good=False) == "unsure", "it was sent anew meanwhile"
    assert states()[0] is S.WAITING
    assert delivery.counts(people.root)[S.SENT] == 1


def test_several_senders_send_each_message_once(people: Personas) -> None:
    reach(people, "ann", "bo", "mei", "kai")
    for number in range(6):
        tell(people.ann, people.bo, people.mei, people.kai, key=f"k{number}")
    with mail_sink() as (sink, port):
        use_mail_server(port)
        threads = [threading.Thread(target=send) for _n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert states() == [S.SENT] * 24
    assert len({message["message-id"] for message in sink.messages}) == len(sink.messages) == 24


def test_nothing_but_urgent_leaves_in_the_quiet_hours(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    reach(people, "ann")
    at(monkeypatch, "22:30")
    tell(people.ann, key="calm")
    tell(people.ann, key="urgent", urgent=True)
    with mail_sink() as (_sink, port):
        use_mail_server(port)
        assert send() == SentReport(sent=1, later=1)
        assert not delivery.anything_waiting(SYSTEM)
        at(monkeypatch, "06:59", "2026-11-24")
        assert send() == SentReport()
        at(monkeypatch, "07:00", "2026-11-24")
        assert send() == SentReport(sent=1)
    assert [row.sent_at is not None for row in stored()] == [True, True]


def test_closed_channels_and_people_who_left_get_nothing(people: Personas) -> None:
    reach(people, "ann", "bo")
    tell(people.ann, people.bo)
    [view] = channels.mine(people.ann)
    channels.close(people.ann, view.id)
    users.disable(people.root, people.bo.user_id or 0)
    with mail_sink() as (sink, port):
        use_mail_server(port)
        assert send() == SentReport(skipped=2)
    assert (states(), sink.messages) == ([S.SKIPPED, S.SKIPPED], [])


def test_an_administrator_takes_a_failed_message_off_the_list(people: Personas) -> None:
    reach(people, "ann")
    tell(people.ann)
    with mail_sink() as (sink, port):
        use_mail_server(port)
        sink.answers = ["550 no"]
        send()
    number = stored()[0].id or 0
    with recorded("delivery.leave", by=people.root, times=1):
        assert delivery.leave(people.root, number)
    assert not delivery.leave(people.root, number)
    assert delivery.troubled(people.root) == []


# ---- chat
@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ((200, {"errcode": 0, "errmsg": "ok"}), S.SENT),
        ((200, {"code": 0, "msg": "success"}), S.SENT),
        ((200, {"errcode": 93000, "errmsg": "invalid webhook url"}), S.FAILED),
        ((200, {"errcode": 45009, "errmsg": "api freq out of limit"}), S.WAITING),
        ((200, "what"), S.UNSURE),
        ((429, {}), S.WAITING),
        ((404, {}), S.FAILED),
        ((302, {}), S.FAILED),  # and it does not go where it is sent
        ((502, {}), S.UNSURE),
        ((0, None), S.UNSURE),
    ],
)
def test_a_chat_says_in_the_body_what_it_thinks(
    people: Personas, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, Any], state: DeliveryStatus
) -> None:
    channels.add(people.ann, ChannelDraft(type=ChannelType.WECOM, address=WECOM))
    tell(people.ann)
    with chat_sink(lambda _path, _body: answer) as (seen, relay):
        monkeypatch.setenv("CIM_CHAT_RELAY", relay)
        send()
    assert states() == [state]
    assert len(seen) == 1
    assert "693a91f6" not in stored()[0].problem


def test_each_service_gets_its_own_form(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {
        ChannelType.WECOM: WECOM,
        ChannelType.DINGTALK: f"{DINGTALK}&secret=SEC0123456789abcdef",
        ChannelType.FEISHU: FEISHU,
    }
    for kind, address in wanted.items():
        channels.add(people.ann, ChannelDraft(type=kind, address=address))
    tell(people.ann, params={"who": "安晓然", "customer": "很长" * 900})
    with chat_sink(lambda _path, _body: (200, {"errcode": 0})) as (seen, relay):
        monkeypatch.setenv("CIM_CHAT_RELAY", relay)
        assert send() == SentReport(sent=3)
    (wecom, first), (dingtalk, second), (feishu, third) = seen
    assert wecom == "/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
    assert dingtalk.startswith("/robot/send?access_token=0123456789abcdef0123456789abcdef&timestamp=")
    assert "&sign=" in dingtalk
    assert feishu.startswith("/open-apis/bot/v2/hook/5ebd1bcf-9c93-4d47-a0fa-1234567890ab")
    texts = [first["text"]["content"], second["text"]["content"], third["content"]["text"]]
    assert all(text.startswith("[CIM] 安晓然") and len(text.encode()) <= 2048 for text in texts)


# ---- the daily message
def test_the_message_of_the_day_comes_once_late_but_not_after_midnight(
    people: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIM_BASE_URL", "https://cim.example.cn")
    at(monkeypatch, "07:00")
    number = customers.create(people.ann, CustomerDraft(name="甲公司", phone="13812345678"))
    for day, title in (("2026-11-23", "送样品"), ("2026-11-24", "回电话 13912345678")):
        draft = TaskDraft(title=title, due_at=clock.now().fromisoformat(f"{day}T15:30+08:00"), customer_id=number)
        tasks.add(people.ann, draft)
    for name in ("ann", "bo"):
        channels.add(getattr(people, name), ChannelDraft(address=f"{name}@example.cn"))
    at(monkeypatch, "07:59")
    assert not digest.anything_due(SYSTEM)
    assert digest.plan(SYSTEM) == 0
    at(monkeypatch, "11:00", "2026-11-24")  # the server was down at eight
    assert digest.anything_due(SYSTEM)
    assert (digest.plan(SYSTEM), digest.plan(SYSTEM)) == (2, 0)
    assert not digest.anything_due(SYSTEM)
    with mail_sink() as (sink, port):
        use_mail_server(port)
        assert send() == SentReport(sent=1, skipped=1), "bo has nothing to do"
        at(monkeypatch, "08:30", "2026-11-24")  # the clock is set back
        assert digest.plan(SYSTEM) == 0
        at(monkeypatch, "20:59", "2026-11-25")
        assert digest.plan(SYSTEM) == 2
        at(monkeypatch, "07:10", "2026-11-26")
        assert send() == SentReport(skipped=2), "its day is over"
    [text] = sink.texts
    for told in ("送样品", "15:30", "甲公司", f"https://cim.example.cn/customer?id={number}", "139****5678"):
        assert told in text
    assert not any(secret in text for secret in ("13812345678", "13912345678"))
    assert sink.recipients == ["ann@example.cn"]


def test_who_does_not_want_it_does_not_get_it(people: Personas) -> None:
    ann = channels.add(people.ann, ChannelDraft(address="ann@example.cn"))
    channels.wish(people.ann, NoticeWishes(chosen={str(ann): {"digest": False}}))
    reach(people, "bo")
    channels.add_for_team(people.root, ChannelDraft(address="team@example.cn"))
    assert digest.plan(SYSTEM) == 0


# ---- the mail server
def test_the_mail_server_is_set_tested_and_keeps_its_password_to_itself(people: Personas) -> None:
    draft = MailServerDraft(
        host="mail.example.cn", port=587, security=Security.STARTTLS, username="cim", password="s3cret-word",
        sender="CIM@example.cn",
    )  # fmt: skip
    assert mail_server.get(people.root) is None
    with recorded("mail_server.save", by=people.root, times=1):
        assert mail_server.save(people.root, draft, version=0)
    view = mail_server.get(people.root)
    assert view is not None
    assert (view.has_password, view.sender, view.port) == (True, "cim@example.cn", 587)
    assert not mail_server.save(people.root, draft)
    assert not mail_server.save(people.root, draft.model_copy(update={"password": None}))
    with db.session(writing=False) as session:
        row = session.get_one(MailServer, 1)
        assert b"s3cret" not in bytes(row.password or b"")
    assert not any("s3cret" in str(entry.changes) for entry in history())
    assert mail_server.save(people.root, draft.model_copy(update={"password": ""}))
    kept = mail_server.get(people.root)
    assert kept is not None
    assert not kept.has_password


def test_a_test_mail_says_what_went_wrong(people: Personas) -> None:
    with pytest.raises(Invalid, match="Set the mail server"):
        mail_server.test(people.root, "root@example.cn")
    use_mail_server(free_port())
    with pytest.raises(Invalid, match="It was not sent"):
        mail_server.test(people.root, "root@example.cn")
    with mail_sink() as (sink, port):
        use_mail_server(port)
        mail_server.test(people.root, "root@example.cn")
        number = channels.add(people.ann, ChannelDraft(address="ann@example.cn"))
        channels.test(people.ann, number)
        sink.answers = ["550 no"]
        with pytest.raises(Invalid, match="It was not sent"):
            channels.test(people.ann, number)
    assert sink.recipients == ["root@example.cn", "ann@example.cn"]


@pytest.mark.parametrize(
    ("field", "draft"),
    [
        ("host", MailServerDraft(host="", sender="a@b.cn")),
        ("host", MailServerDraft(host="a b", sender="a@b.cn")),
        ("sender", MailServerDraft(host="h", sender="no")),
        ("security", MailServerDraft(host="h", sender="a@b.cn", username="u", password="p")),
    ],
)
def test_a_mail_server_that_cannot_be(people: Personas, field: str, draft: MailServerDraft) -> None:
    with pytest.raises(Invalid) as refused:
        mail_server.save(people.root, draft)
    assert refused.value.field == field


def test_numbers_of_people_stay_in_the_house_and_numbers_of_orders_leave() -> None:
    text = "回电 13812345678 或 +86 138 1234 5678, 0755-12345678, a.b@c.cn, 11010519491231002X: 订单 TK20261122001"
    assert outgoing.discreet(text).count("*") >= 5 * 3
    for secret in ("1234 5678", "12345678", "a.b@", "19491231"):
        assert secret not in outgoing.discreet(text)
    assert "TK20261122001" in outgoing.discreet(text)
