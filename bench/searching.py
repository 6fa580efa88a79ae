"""Search through the service, as a rep: against the bare SQL of the same method, and its answers against LIKE."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from bench import base
from bench.measure import Line, bounded, compared, pairwise, quantile
from bench.rows import Invented
from cim import normalize, search_text, service
from cim.access import Actor
from cim.models.listing import CustomerFilter

EACH = 25
"""Queries of one class."""

SIZE, CANDIDATES = 50, 3000
_SHOWN = "id, code, name, kind, grade, owner_id, phone, region_code, last_contact_at, next_due_at"
_SCOPE = "c.deleted_at IS NULL AND (c.owner_id = :me OR c.owner_id IS NULL)"
_VERIFIED = (
    "SELECT c.id FROM customer_search d JOIN customer c ON c.id = d.customer_id"
    f" WHERE c.id IN (SELECT value FROM json_each(:ids)) AND {_SCOPE} AND d.document LIKE :like ESCAPE '\\'"
    " ORDER BY c.id DESC LIMIT 50"
)
_WALKED = (
    f"SELECT c.id FROM customer c JOIN customer_search d ON c.id = d.customer_id WHERE {_SCOPE}"
    " AND d.document LIKE :like ESCAPE '\\' ORDER BY c.id DESC LIMIT 50"
)
_KEYED = (
    "SELECT c.id FROM customer c WHERE c.id IN (SELECT customer_id FROM lookup_key WHERE digest = :digest)"
    f" AND {_SCOPE} ORDER BY c.id DESC LIMIT 50"
)
_ROWS = f"SELECT {_SHOWN} FROM customer WHERE id IN (SELECT value FROM json_each(:ids))"


@dataclass(frozen=True)
class Asked:
    """A query of a class, and what it reads as."""

    kind: str
    text: str
    read: search_text.Query


def lines(invented: Sequence[Invented]) -> list[Line]:
    """A line for every class of query, one for the processor time of all, and one for the answers."""
    ann = base.actor("ann")
    queries = _queries(invented)
    found: list[Line] = []
    spent: list[float] = []
    with base.raw() as bare:
        for kind in dict.fromkeys(asked.kind for asked in queries):
            of_kind = [asked for asked in queries if asked.kind == kind]
            ours = [partial(_search, ann, asked.text) for asked in of_kind]
            theirs = [partial(_bare, bare, ann, asked) for asked in of_kind]
            mine, other = pairwise(ours, theirs)
            spent += mine.cpu
            facts = {"cpu_p95": mine.cpu_p95, "p50": mine.p50}
            found.append(
                compared(f"search: {kind}", mine.cpu_p50, other.cpu_p50, 3, against="bare hybrid SQL, CPU", facts=facts)
            )
        differing = _differences(ann, bare, invented, queries)
    found.append(bounded("search: CPU p95 of all classes", quantile(spent, 0.95), _most(len(invented))))
    told = {"of": len(queries)} | ({"first": repr(differing[0])} if differing else {})
    found.append(bounded("search: answers that differ from LIKE", len(differing), 0, unit="queries", facts=told))
    return found


def _most(customers: int) -> int:
    return 20 if customers <= 100_000 else 50


def _search(me: Actor, text: str) -> None:
    service.customers.search(me, CustomerFilter(q=text))


def _queries(invented: Sequence[Invented]) -> list[Asked]:
    """Pieces of what is stored, most of them of customers in the reach of ann."""
    chance = Random(3)
    reached = [one for one in invented if one.owner in (0, None)]

    def piece(length: int) -> str:
        name = chance.choice(chance.choice((reached, reached, invented))).name
        start = chance.randrange(max(1, len(name) - length + 1))
        return name[start : start + length]

    def syllables() -> list[str]:
        return list(normalize.pinyin(piece(3)))

    makers: dict[str, Callable[[], str]] = {
        "1 character": lambda: piece(1),
        "2 characters": lambda: piece(2),
        "3 characters": lambda: piece(3),
        "4 characters": lambda: piece(4),
        "pinyin": lambda: "".join(syllables()),
        "initials": lambda: "".join(syllable[0] for syllable in syllables()),
        "last 4 of the phone": lambda: chance.choice(reached).phone[-4:],
        "full phone": lambda: chance.choice(reached).phone,
        "e-mail": lambda: chance.choice([one for one in reached[:500] if one.email]).email,
    }
    made = [(kind, make()) for kind, make in makers.items() for _again in range(EACH)]
    return [Asked(kind, text, search_text.query(text)) for kind, text in made]


def _bare(connection: sqlite3.Connection, me: Actor, asked: Asked) -> None:
    """The method of cim/service/search.py as bare SQL: one page of columns, neither opened, ranked, counted nor checked."""
    from cim import crypto

    for term in asked.read.terms:
        digest = crypto.keys().blind(f"find.{term.field}", term.value)
        ids = connection.execute(_KEYED, {"digest": digest, "me": me.user_id}).fetchall()
        connection.execute(_ROWS, {"ids": _json(ids)}).fetchall()
    if not (grams := search_text.lookup(asked.read.words)):
        return
    words = " ".join(f'"{gram}"' for gram in grams)
    match = "SELECT rowid FROM customer_fts WHERE customer_fts MATCH ? ORDER BY rowid DESC LIMIT ?"
    candidates = connection.execute(match, (words, CANDIDATES)).fetchall()
    like = {"like": search_text.pattern(asked.read.words[0]), "me": me.user_id}
    frequent = len(candidates) >= CANDIDATES
    ids = connection.execute(_WALKED if frequent else _VERIFIED, like | {"ids": _json(candidates)}).fetchall()
    connection.execute(_ROWS, {"ids": _json(ids)}).fetchall()


def _json(ids: Sequence[tuple[int]]) -> str:
    return f"[{','.join(str(row[0]) for row in ids)}]"


def _differences(
    me: Actor, connection: sqlite3.Connection, invented: Sequence[Invented], queries: Sequence[Asked]
) -> list[str]:
    """The queries whose answer is not what LIKE over every document, and equality over every clear value, give."""
    scope = {row[0] for row in connection.execute(f"SELECT c.id FROM customer c WHERE {_SCOPE}", {"me": me.user_id})}
    documents = connection.execute("SELECT customer_id, document FROM customer_search").fetchall()
    texts = {number: text for number, text in documents if number in scope}
    values: dict[str, set[int]] = {}
    for one in invented:
        for value in (one.phone, one.phone[-4:], one.email):
            if value and one.number in scope:
                values.setdefault(value, set()).add(one.number)
    wrong = []
    for asked in queries:
        exact = values.get(asked.text, set()) if asked.read.terms else set()
        like = {number for number, text in texts.items() if all(word in text for word in asked.read.words)}
        answer = service.customers.search(me, CustomerFilter(q=asked.text), size=200)
        ids = [row.id for row in answer.rows]
        expected = exact | like
        newest = sorted(exact, reverse=True) + sorted(like - exact, reverse=True)
        if answer.more:
            fits = ids == newest[: len(ids)] and len(ids) == min(200, len(expected))
        else:
            fits = answer.total == len(expected) and set(ids) <= expected and len(set(ids)) == min(200, len(expected))
        if not fits:
            wrong.append(asked.text)
    return wrong
