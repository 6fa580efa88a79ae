"""`duplicates scan` as a person types it: codes, reasons as sentences, and whose reach it has."""

from __future__ import annotations

import json

import pytest

from cim import service
from cim.cli import main
from cim.models.customer import CustomerDraft
from tests.factories import Personas, recorded


@pytest.fixture
def codes(people: Personas) -> tuple[str, str]:
    """One firm twice, ann's and bo's."""
    made = []
    for me, name in ((people.ann, "南京信诺环保科技有限公司"), (people.bo, "信诺环保科技（南京）有限公司")):
        draft = CustomerDraft(name=name, phone="13800138000")
        made.append(service.customers.get(me, service.customers.create(me, draft, duplicate_reason="另一家")).code)
    return made[0], made[1]


def test_scan_lists_pairs_by_code(
    codes: tuple[str, str], people: Personas, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["duplicates", "scan", "--json"]) == 0
    out = capsys.readouterr()
    [found] = json.loads(out.out)
    assert (found["a"], found["b"], found["score"]) == (*codes, 99)
    assert "电话相同: +45" in found["reasons"] or "手机号相同: +45" in found["reasons"] or len(found["reasons"]) > 2
    assert out.err
    monkeypatch.setenv("CIM_LANG", "en")
    assert main(["duplicates", "scan", "--json"]) == 0
    assert "Same phone number: +45" in json.loads(capsys.readouterr().out)[0]["reasons"]


def test_scan_puts_pairs_up_unless_it_only_looks(
    codes: tuple[str, str], people: Personas, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = CustomerDraft(name="南京信诺环保科技有限公司", phone="13800138000", notes="第三条")
    service.imports.run(people.mei, "客户名称,手机\n广州百川物流有限公司,13700137000\n".encode(), filename="a.csv")
    service.customers.create(people.mei, draft, duplicate_reason="另一家")
    with recorded("duplicates.keep", by=people.mei, times=0):
        assert main(["duplicates", "scan", "--as", "mei", "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("C0")


def test_scan_is_not_for_everybody(codes: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["duplicates", "scan", "--as", "ann"]) == 1
    assert main(["duplicates", "scan", "--as", "nobody"]) == 1
    assert main(["duplicates", "look"]) == 2
    assert not capsys.readouterr().out
