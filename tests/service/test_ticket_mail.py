"""Tickets from e-mails: whose they are, what is taken from them, and what hostile ones do not do."""

from __future__ import annotations

import base64
from contextlib import nullcontext

import pytest

from cim import service
from cim.access import Actor
from cim.errors import Invalid
from cim.models.contact import ContactDraft
from cim.models.customer import CustomerDraft
from cim.models.ticket import TicketSource
from cim.service import ticket_mail
from tests.factories import Personas


def customer(me: Actor, name: str, **values: object) -> int:
    return service.customers.create(me, CustomerDraft.model_validate({"name": name, **values}))


@pytest.fixture
def firm(people: Personas) -> int:
    return customer(people.ann, "南京信诺环保科技有限公司", email="buyer@xinnuo.cn")


MAIL = """From: =?utf-8?B?5byg5LiJ?= <Buyer@XinNuo.cn>
To: service@example.com
Subject: =?gb2312?B?u9i4tA==?=: =?utf-8?B?5YeA5rC05py65ryP5rC0?=
Content-Type: text/plain; charset=gb2312
Content-Transfer-Encoding: base64

{body}
"""


def mail(body: str = "地上都是水，請儘快處理") -> bytes:
    return MAIL.format(body=base64.b64encode(body.encode("gb18030")).decode()).encode()


def test_mail_becomes_a_draft_of_its_sender(people: Personas, firm: int) -> None:
    found = ticket_mail.from_email(people.ann, mail())
    assert (found.customer_id, found.sender, found.draft.subject) == (firm, "buyer@xinnuo.cn", "净水机漏水")
    assert (found.draft.content, found.draft.source) == ("地上都是水，請儘快處理", TicketSource.EMAIL)
    hidden = ticket_mail.from_email(people.bo, mail())
    assert (hidden.customer_id, hidden.candidates) == (None, []), "ann's customer is none of bo's"


def test_mail_of_a_contact_or_of_several(people: Personas, firm: int) -> None:
    service.contacts.add(people.ann, firm, ContactDraft(name="王五", email="wang@xinnuo.cn"))
    raw = "发件人: 王五 <wang@xinnuo.cn>\n发送时间: 2026年11月23日 9:00\n收件人: 客服\n主题: Re: 漏水\n\n已经第三次了"
    found = ticket_mail.from_email(people.ann, raw)
    assert (found.customer_id, found.draft.subject, found.draft.content) == (firm, "漏水", "已经第三次了")
    other = customer(people.ann, "苏州恒远机械有限公司", email="buyer@xinnuo.cn")
    several = ticket_mail.from_email(people.ann, mail())
    assert (several.customer_id, sorted(number for number, _ in several.candidates)) == (None, sorted([firm, other]))
    plain = ticket_mail.from_email(people.ann, "机器坏了\n第二行")
    assert (plain.sender, plain.draft.subject, plain.draft.content) == ("", "机器坏了", "机器坏了\n第二行")


HOSTILE = {
    "deep": b"Content-Type: multipart/mixed; boundary=a\n\n"
    + b"--a\nContent-Type: multipart/mixed; boundary=a\n\n" * 3000,
    "many parts": b"Subject: x\nContent-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\nx\n" * 20000,
    "bad charset": b"Subject: =?x-none?B?////?=\nContent-Type: text/plain; charset=../../etc\n\n\xff\xfe\x00abc",
    "codec": b"Subject: x\nContent-Type: text/plain; charset=zlib_codec\n\nabc",
    "bytes": bytes(range(256)) * 50,
    "null": b"Subject: \x00\x00\nFrom: \x00@\n\n\x00",
    "header": b"From: " + b"<" * 100_000 + b"\nSubject: " + b"=?utf-8?B?" * 20000 + b"\n\nabc",
    "html": b"Subject: x\nContent-Type: text/html\n\n<script>alert(1)</script><p>hello<style>a{}</style><img src=http://e/x>",
    "broken base64": b"Subject: x\nContent-Transfer-Encoding: base64\n\n!!!!",
}

UNREADABLE = {"null", "deep"}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_mail_is_read_or_refused(people: Personas, kind: str) -> None:
    refused = pytest.raises(Invalid) if kind in UNREADABLE else nullcontext()
    with refused:
        found = ticket_mail.from_email(people.kai, HOSTILE[kind])
        assert len(found.draft.content) <= 5000
        assert "alert" not in found.draft.content
        assert "\x00" not in found.draft.content + found.draft.subject


def test_mail_that_is_too_large_or_empty_is_refused(people: Personas) -> None:
    for raw in (b"x" * (ticket_mail.MOST_BYTES + 1), "x" * (ticket_mail.MOST_BYTES // 4 + 1), "", b"", "  \n"):
        with pytest.raises(Invalid) as refused:
            ticket_mail.from_email(people.kai, raw)
        assert refused.value.field == "mail"


def test_attachments_are_counted_and_left_out(people: Personas, firm: int) -> None:
    raw = (
        b"From: buyer@xinnuo.cn\nSubject: photo\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/html\n\n"
        b"<p>see the photo</p>\n--a\nContent-Type: application/x-msdownload\n"
        b"Content-Disposition: attachment; filename=../../run.exe\n\nMZ\n--a--\n"
    )
    found = ticket_mail.from_email(people.ann, raw)
    assert (found.draft.content, found.attachments) == ("see the photo", 1)
