"""`undo` as a person types it: JSON with the three buckets, exit codes, and one line for what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cim import service
from cim.cli import main
from cim.models.customer import CustomerDraft
from tests.factories import Personas, history, recorded

ROWS = "客户编号,客户名称,手机\nA1,南京信诺环保科技有限公司,13800138000\nA2,成都远山食品有限公司,13800138002\n"


@pytest.fixture
def batch(people: Personas, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    made = tmp_path / "customers.csv"
    made.write_text(ROWS, "gb18030")
    assert main(["import", "customers", str(made), "--as", "ann", "--json"]) == 0
    return str(json.loads(capsys.readouterr().out)["batch"])


def test_an_import_is_taken_back(people: Personas, batch: str, capsys: pytest.CaptureFixture[str]) -> None:
    with recorded("undo.batch", by=people.ann):
        assert main(["undo", batch, "--as", "ann", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["undone"], told["kept"], told["failed"]) == (2, 0, 0)
    assert {detail["name"] for detail in told["details"]} == {"南京信诺环保科技有限公司", "成都远山食品有限公司"}
    assert {detail["bucket"] for detail in told["details"]} == {"undone"}
    assert service.customers.search(people.ann).total == 0
    assert history()[-1].source == "cli"


def test_what_was_kept_is_told_with_the_reason(
    people: Personas, batch: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first = service.customers.by_code(people.ann, "A1")
    service.customers.update(people.ann, first.id, CustomerDraft(name=first.name, grade="A"), version=first.version)
    assert main(["undo", batch, "--as", "ann"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "1" in lines[0]
    assert "安晓然" in lines[1]


def test_any_change_by_its_number(people: Personas, batch: str, capsys: pytest.CaptureFixture[str]) -> None:
    number = str(history()[-1].change_set_id)
    assert main(["undo", "--change", number, "--as", "ann", "--json"]) == 0
    again = str(json.loads(capsys.readouterr().out)["change_set"])
    assert main(["undo", "--change", again, "--as", "ann", "--json"]) == 0
    assert service.customers.search(people.ann).total == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["1", "--as", "bo"], 1),
        (["1", "--as", "audrey"], 1),
        (["99", "--as", "ann"], 1),
        (["--as", "ann"], 1),
        (["1", "--change", "1", "--as", "ann"], 1),
        (["1"], 2),
        (["x", "--as", "ann"], 2),
    ],
)
def test_refusals(
    people: Personas, batch: str, arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert batch == "1"
    assert main(["undo", *arguments]) == code
    said = capsys.readouterr()
    assert not said.out
    assert "Traceback" not in said.err
    assert service.customers.search(people.ann).total == 2


def test_twice_is_refused(people: Personas, batch: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["undo", batch, "--as", "ann"]) == 0
    assert main(["undo", batch, "--as", "ann"]) == 1
    assert "安晓然" in capsys.readouterr().err
