"""A ticket from an e-mail: its text, subject and sender, whatever the file claims to be. Nothing in it is run or fetched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import policy
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.utils import parseaddr
from html.parser import HTMLParser

from cim.errors import Invalid
from cim.models import Customer
from cim.models.ticket import TicketDraft, TicketSource
from cim.models.ticket_view import MailDraft
from cim.permissions import Permission
from cim.service.importing import reference
from cim.work import Work, query

MOST_BYTES = 10 * 1024 * 1024
MOST_PARTS = 200
MOST_TEXT = 5000
LONGEST_SUBJECT = 200
_HEADERS = {
    "from": re.compile(r"^(?:From|发件人|寄件人)\s*[:：]\s*(.+)$", re.IGNORECASE),
    "subject": re.compile(r"^(?:Subject|主题|主旨)\s*[:：]\s*(.+)$", re.IGNORECASE),
    "other": re.compile(
        r"^(?:Date|Sent|To|Cc|日期|时间|发送时间|发送日期|收件人|抄送|抄送人)\s*[:：].*$", re.IGNORECASE
    ),
}
_ADDRESS = re.compile(r"[\w.+\-]{1,64}@[\w\-]{1,63}(?:\.[\w\-]{1,63}){1,8}")
_REPLY = re.compile(r"^(?:\s*(?:re|fw|fwd|回复|答复|转发)\s*[:：]\s*)+", re.IGNORECASE)
_BLOCKS = {"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "table", "blockquote"}
_UNSEEN = {"script", "style", "head", "title", "template"}


@dataclass(frozen=True)
class Letter:
    """What is taken from an e-mail."""

    sender: str
    subject: str
    text: str
    attachments: int = 0


@query(Permission.TICKET_OPEN)
def from_email(work: Work, raw: bytes | str) -> MailDraft:
    """A draft of a ticket from a pasted e-mail (text) or an .eml file (bytes). The customer is the one in the actor's reach
    who has the sender's address, itself or through a contact; with none or several the user chooses. Attachments are
    counted and left out. Raises Invalid("mail") for what is too large, empty, or no e-mail."""
    letter = pasted(raw) if isinstance(raw, str) else read(raw)
    if not letter.text and not letter.subject:
        raise Invalid("mail", "There is no text in this e-mail.")
    known = reference.by_email(work, [letter.sender]).get(letter.sender, []) if letter.sender else []
    known = [one for one in known if work.owns(Permission.TICKET_OPEN, one.owner_id)]
    named = [(one.id, work.get(Customer, one.id).name) for one in known[:10]]
    first_line = letter.text.strip().splitlines()[0] if letter.text.strip() else ""
    draft = TicketDraft(
        subject=(_REPLY.sub("", letter.subject) or first_line)[:LONGEST_SUBJECT].strip(),
        content=letter.text[:MOST_TEXT],
        source=TicketSource.EMAIL,
    )
    only = named[0] if len(named) == 1 else None
    return MailDraft(
        draft=draft,
        sender=letter.sender,
        customer_id=only[0] if only else None,
        customer=only[1] if only else "",
        candidates=[] if only else named,
        attachments=letter.attachments,
        shortened=len(letter.text) > MOST_TEXT,
    )


# ---- below the doors
def read(raw: bytes) -> Letter:
    """An .eml file. Raises Invalid("mail")."""
    if len(raw) > MOST_BYTES:
        raise Invalid("mail", "This e-mail is larger than {limit} MB.", limit=MOST_BYTES // 1024 // 1024)
    try:
        message = BytesParser(policy=policy.compat32).parsebytes(raw)
        if not message.keys():
            return pasted(_decoded(raw, None))
        return Letter(_address(_header(message, "From")), _header(message, "Subject"), *_body(message))
    except Invalid:
        raise
    except (MessageError, ValueError, LookupError, RecursionError, AttributeError, TypeError, IndexError) as error:
        raise Invalid("mail", "This is no e-mail that can be read. Paste its text instead.") from error


def pasted(raw: str) -> Letter:
    """Text copied out of a mail program: the lines From and Subject on top, in either language, where there are any."""
    if len(raw) > MOST_BYTES // 4:
        raise Invalid("mail", "This e-mail is larger than {limit} MB.", limit=MOST_BYTES // 1024 // 1024)
    lines = raw.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found: dict[str, str] = {}
    rest = 0
    for number, line in enumerate(lines[:30]):
        name, value = _pasted_header(line.strip())
        if name:
            found.setdefault(name, value)
            rest = number + 1
        elif (line.strip() and rest and number >= rest) or line.strip():
            break
    text = "\n".join(lines[rest:]).strip()
    return Letter(_address(found.get("from", "")), _shown(found.get("subject", ""))[:1000], _clean(text))


def _pasted_header(line: str) -> tuple[str, str]:
    for name, pattern in _HEADERS.items():
        if hit := pattern.match(line[:1000]):
            return name, hit.group(1) if hit.groups() else ""
    return "", ""


def _body(message: Message) -> tuple[str, int]:
    """The text to be read, plain before HTML, and how many attachments were left out."""
    plain, html, attachments = "", "", 0
    for number, part in enumerate(message.walk()):
        if number >= MOST_PARTS:
            break
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        if part.get_content_disposition() == "attachment" or kind not in ("text/plain", "text/html"):
            attachments += 1
        elif kind == "text/plain" and not plain:
            plain = _text(part)
        elif kind == "text/html" and not html:
            html = _text(part)
    return _clean(plain or _without_tags(html)), attachments


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return _decoded(payload, part.get_content_charset()) if isinstance(payload, bytes) else ""


def _decoded(raw: bytes, charset: str | None) -> str:
    """Bytes as text: by the charset they claim (the Chinese ones read as their widest), else by what fits."""
    claimed = (charset or "").lower()
    widest = "gb18030" if claimed in ("gb2312", "gbk", "gb_2312-80", "cp936", "x-gbk") else claimed
    for name in (widest, "utf-8", "gb18030"):
        try:
            return raw.decode(name)
        except (LookupError, ValueError):
            continue
    return raw.decode("utf-8", "replace")


def _header(message: Message, name: str) -> str:
    raw = message.get(name)
    return _shown(str(raw))[:1000] if raw is not None else ""


def _shown(raw: str) -> str:
    """A header as people read it."""
    line, pieces = raw[:4000].replace("\n", " ").replace("\r", " "), []
    try:
        decoded = decode_header(line)
    except MessageError:  # it says it is encoded and is not: show what is there
        decoded = [(line, None)]
    for piece, charset in decoded:
        pieces.append(_decoded(piece, charset) if isinstance(piece, bytes) else piece)
    return " ".join("".join(pieces).replace("\x00", "").split())


def _address(header: str) -> str:
    """The address of a sender, without the name; "" where there is none."""
    address = parseaddr(header[:1000])[1]
    hit = _ADDRESS.fullmatch(address) or _ADDRESS.search(header[:1000])
    return hit.group(0).lower() if hit else ""


def _clean(text: str) -> str:
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Words(HTMLParser):
    """The words of an HTML text; scripts, styles and pictures leave nothing."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.pieces.append(" ".join(data.split()) + " " if data.strip() else "")


def _without_tags(html: str) -> str:
    reader = _Words()
    reader.feed(html[:1_000_000])
    return "".join(reader.pieces)
