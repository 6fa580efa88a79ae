"""Duplicates over the whole base: the scan against known answers, the queue, bulk merge, and "do we know them"."""

from __future__ import annotations

import csv
import threading
from collections import defaultdict
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from cim import matching, service
from cim.access import SYSTEM
from cim.errors import CimError, Conflict, Denied, Invalid, NotFound
from cim.models.customer import CustomerDraft
from cim.models.imports import ImportKind
from cim.models.listing import CustomerFilter
from cim.models.search import PairStatus
from cim.service import scanning
from tests.factories import Personas, history, queries, recorded

create = service.customers.create
SAMPLE = Path(__file__).parents[1] / "data" / "duplicates_zh.csv"


def firm(people: Personas, name: str, who: Any = None, **values: object) -> int:
    draft = CustomerDraft.model_validate({"name": name, **values})
    return create(who or people.ann, draft, duplicate_reason="另一家")


@pytest.fixture
def pair(people: Personas) -> tuple[int, int]:
    """One firm twice, ann's and bo's; nobody has noticed."""
    one = firm(people, "南京信诺环保科技有限公司", phone="13800138000", region="江苏省南京市", source="展会")
    two = firm(people, "信诺环保科技（南京）有限公司", people.bo, phone="13800138000")
    return one, two


@pytest.fixture
def judged(people: Personas) -> tuple[dict[frozenset[str], int], set[frozenset[str]], dict[str, dict[str, str]]]:
    """The scan of the imported sample: points by pair of codes, the true pairs, and the rows."""
    service.imports.run(SYSTEM, SAMPLE.read_bytes(), filename="duplicates_zh.csv", kind=ImportKind.CUSTOMERS)
    report = service.duplicates.scan(SYSTEM, store=False)
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        rows = {row["客户编号"]: row for row in csv.DictReader(file)}
    same: dict[str, list[str]] = defaultdict(list)
    for code, row in rows.items():
        same[row["same_as"]].append(code)
    truth = {frozenset(two) for codes in same.values() for two in combinations(codes, 2)}
    return {frozenset((p.a, p.b)): p.score for p in report.pairs}, truth, rows


def test_the_scan_finds_what_is_asked(judged: Any) -> None:
    scores, truth, rows = judged
    assert len(rows) == 300
    figures = {}
    for cut in (matching.REVIEW, matching.ALMOST_SURE):
        found = {two for two, points in scores.items() if points >= cut}
        precision, recall = len(found & truth) / len(found), len(found & truth) / len(truth)
        figures[cut] = (precision, recall, 2 * precision * recall / (precision + recall))
        print(f"from {cut} points: precision {precision:.3f}, recall {recall:.3f}, F1 {figures[cut][2]:.3f}")
    assert max(f1 for _precision, _recall, f1 in figures.values()) >= 0.94
    assert figures[matching.ALMOST_SURE][0] >= 0.99
    assert figures[matching.REVIEW][1] >= 0.95


def test_one_name_in_two_places_is_never_almost_sure(people: Personas) -> None:
    for place in ("成都", "重庆", "南京"):
        firm(people, f"{place}信诺环保科技有限公司", phone="13800138000", email="a@xinnuo.cn")
    assert [pair.score for pair in service.duplicates.scan(SYSTEM).pairs if pair.score >= matching.ALMOST_SURE] == []


def test_a_scan_puts_each_pair_up_once_and_remembers_what_was_judged(people: Personas, pair: tuple[int, int]) -> None:
    [before] = service.duplicates.queue_list(people.mei).rows  # bo was warned and saved it anyway
    service.duplicates.decide(people.mei, before.id, PairStatus.DISMISSED, reason="两家")
    three = firm(people, "另有一家贸易公司", phone="13900139000", region="江苏省南京市")
    view = service.customers.get(people.ann, three)
    firm(people, "第四家实业")
    first = service.duplicates.scan(SYSTEM)
    assert (first.found, first.new, first.dismissed) == (1, 0, 1)
    draft = CustomerDraft(name="南京信诺环保科技有限公司", phone="13800138000")
    service.customers.update(people.ann, three, draft, version=view.version)
    with recorded("duplicates.keep", by=SYSTEM, times=2):
        second = service.duplicates.scan(SYSTEM)
    assert (second.found, second.new, second.known, second.dismissed) == (3, 2, 0, 1)
    third = service.duplicates.scan(SYSTEM)
    assert (third.new, third.known) == (0, 2)
    assert service.duplicates.queue_list(people.mei).total == 2


def test_a_score_is_brought_up_to_date(people: Personas, pair: tuple[int, int]) -> None:
    [before] = service.duplicates.queue_list(people.mei).rows
    view = service.customers.get(people.bo, pair[1])
    draft = CustomerDraft(name="广州百川物流有限公司", phone="13700137000")
    service.customers.update(people.bo, pair[1], draft, version=view.version)
    service.duplicates.scan(SYSTEM)
    assert before.score >= matching.ALMOST_SURE
    assert service.duplicates.queue_list(people.mei).total == 0
    assert service.duplicates.queue_list(people.mei, least=0).rows[0].score < matching.REVIEW


def test_large_bases_are_compared_part_by_part(
    people: Personas, pair: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        firm(people, "南京信诺环保科技有限公司", phone="13800138000", contact=f"联系人{number}")
    whole = service.duplicates.scan(SYSTEM, store=False)
    monkeypatch.setattr(scanning, "PART", 2)
    parts = service.duplicates.scan(SYSTEM, store=False)
    assert len(whole.pairs) > 5
    assert parts.pairs == whole.pairs
    assert parts.candidates == whole.candidates


def test_a_scan_tells_its_progress_and_can_be_stopped(people: Personas, pair: tuple[int, int]) -> None:
    told: list[tuple[int, int]] = []
    service.duplicates.scan(SYSTEM, progress=lambda done, every: told.append((done, every)))
    assert told[0] == (0, 1)

    def stop(_done: int, _every: int) -> None:
        raise Conflict("Stopped.")

    with pytest.raises(Conflict):
        service.duplicates.scan(SYSTEM, progress=stop)


def test_scanning_is_for_who_manages_duplicates(people: Personas) -> None:
    for me in (people.ann, people.kai, people.audrey):
        with pytest.raises(Denied):
            service.duplicates.scan(me)
    assert service.duplicates.scan(people.mei).found == 0


def test_a_pair_shows_of_a_foreign_customer_only_what_may_be_told(people: Personas, pair: tuple[int, int]) -> None:
    [seen] = service.duplicates.queue_list(people.ann).rows
    assert (seen.a.id, seen.b.id, seen.b.code, seen.b.owner) == (pair[0], None, "", "薄文博")
    assert seen.b.name == "信**"
    assert seen.b.phone == "138****8000"
    assert not seen.may_decide
    assert any(points > 0 for _msgid, _params, points in seen.reasons)
    with pytest.raises(Denied):
        service.duplicates.decide(people.ann, seen.id, PairStatus.DISMISSED)
    [whole] = service.duplicates.queue_list(people.mei).rows
    assert whole.may_decide
    assert whole.b.name == "信诺环保科技（南京）有限公司"


def test_the_queue_narrows(people: Personas, pair: tuple[int, int]) -> None:
    lists = service.duplicates.queue_list
    assert lists(people.mei, owner=people.bo.user_id).total == 1
    assert lists(people.mei, owner=0).total == 0
    assert lists(people.mei, of=pair[0]).total == 1
    assert lists(people.mei, least=100).total == 0
    assert lists(people.mei, status=PairStatus.DISMISSED).total == 0
    other = firm(people, "第三家", people.mei)
    assert lists(people.mei, of=other).total == 0


def test_a_judgement_is_kept_and_can_be_taken_back(people: Personas, pair: tuple[int, int]) -> None:
    [seen] = service.duplicates.queue_list(people.mei).rows
    decide = service.duplicates.decide
    with recorded("duplicates.decide", by=people.mei, times=1):
        assert decide(people.mei, seen.id, PairStatus.DISMISSED, reason="两家分公司")
    assert not decide(people.mei, seen.id, PairStatus.DISMISSED)
    assert service.customers.get(people.mei, pair[0]).duplicates == 0
    assert service.duplicates.queue_list(people.mei, status=PairStatus.DISMISSED).total == 1
    assert decide(people.mei, seen.id, PairStatus.OPEN)
    with pytest.raises(Invalid):
        decide(people.mei, seen.id, PairStatus.MERGED)
    with pytest.raises(NotFound):
        decide(people.mei, 999, PairStatus.DISMISSED)


def test_a_bulk_merge_counts_first_and_can_be_taken_back(people: Personas, pair: tuple[int, int]) -> None:
    third = firm(people, "南京市信诺环保科技有限责任公司", people.mei, phone="13800138000")
    foreign = firm(people, "广州百川物流有限公司", people.bo, phone="13700137000")
    double = firm(people, "广州百川物流公司", people.bo, phone="13700137000")
    service.duplicates.scan(SYSTEM)
    seen = service.duplicates.accept(people.mei, least=85)
    assert (seen.groups, seen.records, seen.left, seen.dry_run) == (2, 3, 0, True)
    assert service.customers.search(people.mei).total == 5
    done = service.duplicates.accept(people.mei, least=85, dry_run=False)
    assert (done.groups, done.records) == (2, 3)
    standing = {row.id for row in service.customers.search(people.mei).rows}
    assert pair[0] in standing  # the most complete one
    assert len(standing & {foreign, double}) == 1
    assert third not in standing
    assert service.duplicates.queue_list(people.mei).total == 0
    gone = double if foreign in standing else foreign
    service.customers.unmerge(people.mei, gone)  # one group alone
    assert {row.id for row in service.customers.search(people.mei).rows} == {pair[0], foreign, double}
    service.customers.unmerge(people.mei, third)
    assert service.customers.search(people.mei).total == 5


def test_a_bulk_merge_is_one_change(people: Personas, pair: tuple[int, int]) -> None:
    firm(people, "广州百川物流有限公司", people.bo, phone="13700137000")
    firm(people, "广州百川物流公司", people.bo, phone="13700137000")
    service.duplicates.accept(people.mei, least=85, dry_run=False)
    number = history()[-1].change_set_id
    assert service.customers.search(people.mei).total == 2
    undone = service.undo.change_set(people.mei, number)
    assert (undone.undone, undone.kept, undone.failed) == (2, 0, 0)
    assert service.customers.search(people.mei).total == 4
    assert service.duplicates.queue_list(people.mei).total == 2


def test_a_bulk_merge_leaves_to_a_person_what_is_not_clear(people: Personas, pair: tuple[int, int]) -> None:
    with pytest.raises(Invalid):
        service.duplicates.accept(people.mei, least=70)
    with pytest.raises(Denied):
        service.duplicates.accept(people.ann, least=90)
    third = firm(people, "南京市信诺环保科技有限责任公司", people.mei, phone="13800138000")
    service.duplicates.scan(SYSTEM)
    apart = next(p for p in service.duplicates.queue_list(people.mei).rows if {p.a.id, p.b.id} == {pair[0], third})
    service.duplicates.decide(people.mei, apart.id, PairStatus.DISMISSED)
    found = service.duplicates.accept(people.mei, least=85, dry_run=False)
    assert (found.groups, found.left) == (0, 1)
    assert service.customers.search(people.mei).total == 3


def test_known_answers_across_scopes_and_says_little(people: Personas, pair: tuple[int, int]) -> None:
    with recorded("duplicates.known", by=people.bo, times=1):
        found = service.duplicates.known(people.bo, "南京信诺环保科技公司")
    told = {(view.id, view.name, view.owner) for view in found}
    assert told == {(None, "南**", "安晓然"), (pair[1], "信诺环保科技（南京）有限公司", "薄文博")}
    assert {view.name for view in service.duplicates.known(people.bo, "13800138000")} == {"南**", found[0].name}
    assert service.duplicates.known(people.bo, "成都信诺环保科技") == []
    assert service.duplicates.known(people.bo, "信诺环保")[0].id == pair[1]


def test_known_is_asked_in_words_not_by_leafing_through(people: Personas, pair: tuple[int, int]) -> None:
    for asked in ("信诺", "公司", "8000", ""):
        with pytest.raises(Invalid):
            service.duplicates.known(people.bo, asked)
    with pytest.raises(Invalid):
        service.duplicates.known(people.bo, "信诺环保", phone="138")
    with pytest.raises(Denied):
        service.duplicates.known(people.audrey, "信诺环保")


def test_known_keeps_no_number_in_clear(people: Personas, pair: tuple[int, int]) -> None:
    for asked in ("138 0013 8000", "zhang.san@qq.com"):
        service.duplicates.known(people.bo, asked)
    service.duplicates.known(people.bo, "信诺环保", phone="13800138000")
    kept = [bytes(row.changes or b"").decode() for row in history() if row.action == "duplicates.known"]
    assert len(kept) == 3
    assert not any(secret in row for row in kept for secret in ("13800138000", "138 0013", "zhang.san"))
    assert "信诺环保 138" in kept[2]


def test_known_is_limited_by_the_hour(people: Personas, pair: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    service.settings.change(people.root, "known.per_hour", 2)
    monkeypatch.setenv("CIM_NOW", "2026-11-22T10:00:00")
    for _again in range(2):
        service.duplicates.known(people.ann, "信诺环保")
    with pytest.raises(Denied):
        service.duplicates.known(people.ann, "信诺环保")
    assert history()[-1].result == "denied"
    service.duplicates.known(people.bo, "信诺环保")
    monkeypatch.setenv("CIM_NOW", "2026-11-22T11:00:01")
    service.duplicates.known(people.ann, "信诺环保")


@pytest.mark.parametrize("together", ["same token", "two people"])
def test_a_customer_saved_twice_at_once_is_there_once(people: Personas, together: str) -> None:
    start, outcomes = threading.Barrier(4), []
    draft = CustomerDraft(name="南京信诺环保科技有限公司", phone="13800138000")

    def save(me: Any) -> None:
        start.wait()
        try:
            outcomes.append(create(me, draft, token="once" if together == "same token" else None))
        except CimError as error:
            outcomes.append(type(error).__name__)

    who = [people.ann] * 4 if together == "same token" else [people.ann, people.bo] * 2
    threads = [threading.Thread(target=save, args=(me,)) for me in who]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert service.customers.search(people.mei, CustomerFilter(q="信诺")).total == 1
    made = {outcome for outcome in outcomes if isinstance(outcome, int)}
    assert len(made) == 1
    refused = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert refused == ([] if together == "same token" else ["PossibleDuplicate"] * 3)


def test_what_is_out_of_reach_does_not_use_a_bulk_merge_up(people: Personas) -> None:
    for number, who in (("一", people.root), ("二", people.root), ("三", people.ann)):
        for kind in ("有限公司", "有限责任公司"):
            phone = f"1370013{ord(number) % 10000:04}"
            firm(
                people,
                f"广州{number}川物流{kind}",
                who,
                phone=phone,
                email="" if who is people.ann else f"{phone}@a.cn",
            )
    service.duplicates.scan(SYSTEM)
    *others, last = service.duplicates.queue_list(people.root).rows
    assert last.a.owner == "安晓然"
    assert len(others) >= 2
    with queries(20):
        found = service.duplicates.accept(people.mei, least=85, limit=1)
    assert (found.pairs, found.groups, found.left) == (1, 1, 0)
    assert service.duplicates.accept(people.root, least=85, limit=2).groups == 2
