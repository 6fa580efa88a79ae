"""Keeps the search documents and lookup keys of customers true, in the transaction that changes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, text

from cim import crypto, db, divisions, matching, search_text
from cim.models import Contact, Customer, CustomerSearch, LookupKey
from cim.models.base import columns
from cim.models.customer import Kind
from cim.work import Work

LOOKUPS = columns(LookupKey)
DOCUMENTS = columns(CustomerSearch)
CONTACTS = columns(Contact)

_CHUNK = 500
_ADD = text("INSERT INTO customer_fts(rowid, g) VALUES (:id, :grams)")
_REMOVE = text("INSERT INTO customer_fts(customer_fts, rowid, g) VALUES ('delete', :id, :grams)")


@dataclass
class Person:
    """A contact as the index needs it, in clear."""

    name: str
    phone: str = ""
    email: str = ""
    id: int | None = None


@dataclass(frozen=True)
class Facts:
    """What a customer is found by: blinded (kind, digest, contact id), and the text that search reads."""

    lookups: list[tuple[str, bytes, int | None]]
    document: search_text.SearchDocument


@dataclass(frozen=True)
class Entry:
    """A customer to be indexed. Its facts can be prepared before a transaction is open."""

    customer_id: int
    facts: Facts


def facts(
    values: dict[str, Any],
    contacts: Sequence[Person] = (),
    *,
    keys: Sequence[tuple[str, str]] = (),
    secret: crypto.Keys | None = None,
) -> Facts:
    """What a customer is to be found by. `values` holds plain and sealed fields in clear; `keys` are its matching keys
    where they are known already; `secret` saves looking up what blinds for each of many customers."""
    return Facts(_lookups(values, contacts, keys, secret or crypto.keys()), document(values, contacts))


def write(work: Work, entries: Sequence[Entry], *, new: bool) -> None:
    """Index customers. `new` ones have no index rows yet, which saves looking for them."""
    if not entries:
        return
    ids = [e.customer_id for e in entries]
    if not new:
        drop(work, ids)
    lookups = [
        {"customer_id": e.customer_id, "contact_id": contact_id, "kind": kind, "digest": digest}
        for e in entries
        for kind, digest, contact_id in e.facts.lookups
    ]
    db.insert_many(work.session, LOOKUPS.__table__, lookups)
    documents = [(e.customer_id, e.facts.document) for e in entries]
    if db.is_sqlite(work.session):
        rows = [{"customer_id": i, "document": d.text} for i, d in documents]
        db.insert_many(work.session, DOCUMENTS.__table__, rows)
        work.session.execute(_ADD, [{"id": i, "grams": " ".join(d.grams)} for i, d in documents])
    else:
        statement = text("INSERT INTO customer_search(customer_id, document, grams) VALUES (:id, :document, :grams)")
        # PostgreSQL keeps the grams of one and two characters: with those of three, some plans are 100 times slower
        rows = [{"id": i, "document": d.text, "grams": search_text.grams(d.text, sizes=(1, 2))} for i, d in documents]
        work.session.execute(statement, rows)


def drop(work: Work, ids: Sequence[int]) -> None:
    """Take customers out of search and matching."""
    for start in range(0, len(ids), _CHUNK):
        part = ids[start : start + _CHUNK]
        if db.is_sqlite(work.session):
            held = select(DOCUMENTS.customer_id, DOCUMENTS.document).where(DOCUMENTS.customer_id.in_(part))
            old = [
                {"id": number, "grams": " ".join(search_text.grams(document))}
                for number, document in work.session.execute(held)
            ]
            if old:
                work.session.execute(_REMOVE, old)
        work.session.execute(delete(CustomerSearch).where(DOCUMENTS.customer_id.in_(part)))
        work.session.execute(delete(LookupKey).where(LOOKUPS.customer_id.in_(part)))


def party(kind: Kind | str, values: dict[str, Any]) -> matching.Party:
    """A customer in the comparable form of cim/matching."""
    return matching.prepare(
        "company" if kind == Kind.COMPANY else "person",
        values["name"],
        phones=[values.get("phone") or "", values.get("phone2") or ""],
        emails=[values.get("email") or ""],
        uscc=values.get("uscc") or "",
        address=values.get("address") or "",
        contact=values.get("contact") or "",
    )


def document(values: dict[str, Any], contacts: Sequence[Person] = ()) -> search_text.SearchDocument:
    """The folded text that search reads, and its grams: names, pinyin, initials, place. Never phone, e-mail, ID or street."""
    region = divisions.load().get(values.get("region_code") or "")
    return search_text.document(
        values["name"],
        company=values.get("kind") == Kind.COMPANY,
        contacts=[values.get("contact") or "", *(p.name for p in contacts)],
        place=region.name if region and region.level != "area" else "",
        others=values.get("custom", ()),
    )


def contacts_of(work: Work, customer_id: int, cipher: crypto.Cipher | None) -> list[Person]:
    """The customer's contacts, opened."""
    statement = select(Contact).where(CONTACTS.customer_id == customer_id, CONTACTS.deleted_at.is_(None))
    return [_person(person, cipher) for person in work.session.execute(statement).scalars()]


def contacts_of_all(work: Work, rows: Sequence[Customer]) -> dict[int, list[Person]]:
    """The contacts of many customers, opened, by customer. Their keys are loaded already."""
    subjects = {row.id: row.uid for row in rows}
    statement = select(Contact).where(CONTACTS.customer_id.in_(list(subjects)), CONTACTS.deleted_at.is_(None))
    found: dict[int, list[Person]] = {}
    for person in work.session.execute(statement).scalars():
        cipher = work.cipher(subjects[person.customer_id])
        found.setdefault(person.customer_id, []).append(_person(person, cipher))
    return found


def _person(c: Contact, cipher: crypto.Cipher | None) -> Person:
    return Person(
        c.name,
        cipher.open(bytes(c.phone), f"contact.phone.{c.uid}") if c.phone and cipher else "",
        cipher.open(bytes(c.email), f"contact.email.{c.uid}") if c.email and cipher else "",
        c.id,
    )


def _lookups(
    values: dict[str, Any], contacts: Sequence[Person], keys: Sequence[tuple[str, str]], secret: crypto.Keys
) -> list[tuple[str, bytes, int | None]]:
    named: dict[tuple[str, str, int | None], None] = {}
    numbers = [(values.get("phone"), None), (values.get("phone2"), None), *((p.phone, p.id) for p in contacts)]
    for number, contact_id in numbers:
        for term in search_text.phone_terms(number) if number else ():
            named[f"find.{term.field}", term.value, contact_id] = None
    for address, contact_id in [(values.get("email"), None), *((p.email, p.id) for p in contacts)]:
        if address:
            named["find.email", address, contact_id] = None
    for name in ("id_number", "uscc", "wechat"):
        if values.get(name):
            named[f"find.{name}", values[name], None] = None
    named["find.name", search_text.fold(values["name"]), None] = None
    for kind, value in keys or matching.keys(party(values["kind"], values)):
        named[f"match.{kind}", value, None] = None
    digests = secret.blinded((kind, value) for kind, value, _contact in named)
    return [(kind, digest, contact_id) for (kind, _value, contact_id), digest in zip(named, digests, strict=True)]
