"""`import`, `export` and `search` as a person types them: exit codes, JSON, and one line for what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cim import service
from cim.cli import main
from tests.factories import Personas

ROWS = "客户编号,客户名称,手机\nA1,南京信诺环保科技有限公司,13800138000\nA2,乙公司,12\n"


@pytest.fixture
def file(people: Personas, tmp_path: Path) -> Path:
    made = tmp_path / "customers.csv"
    made.write_text(ROWS, "gb18030")
    return made


def said(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    out = capsys.readouterr()
    return out.out, out.err


def test_import_tells_what_the_database_holds(people: Personas, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "customers", str(file), "--as", "ann", "--dry-run", "--json"]) == 0
    assert json.loads(said(capsys)[0])["added"] == 1
    assert service.customers.search(people.ann).total == 0
    assert main(["import", "customers", str(file), "--as", "ann", "--json"]) == 0
    report = json.loads(said(capsys)[0])
    counts = {name: report[name] for name in ("batch", "rows", "added", "updated", "skipped", "failed", "duplicates")}
    assert counts == {"batch": 1, "rows": 2, "added": 1, "updated": 0, "skipped": 0, "failed": 1, "duplicates": 0}
    assert [(f["row"], f["column"], f["value"]) for f in report["failures"]] == [(3, "手机", "12")]
    assert service.customers.search(people.ann).total == 1


def test_strict_takes_none_and_says_so(people: Personas, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "customers", str(file), "--as", "ann", "--strict", "--json"]) == 1
    out, err = said(capsys)
    assert json.loads(out)["added"] == 0
    assert "1" in err.splitlines()[-1]
    assert service.customers.search(people.ann).total == 0


def test_defaults_a_sheet_and_contacts_from_repeated_rows(
    people: Personas, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["x", "y"])  # type: ignore[union-attr]
    page = book.create_sheet("名单")
    for row in (("公司名称", "联系人", "手机"), ("甲公司", "王五", "13800138000"), ("甲公司", "赵六", "13900139000")):
        page.append(row)
    file = tmp_path / "rows.xlsx"
    book.save(file)
    how = ["import", "customers", str(file), "--as", "ann", "--sheet", "名单", "--default", "source=展会", "--json"]
    assert main([*how, "--repeats-are-contacts"]) == 0
    report = json.loads(said(capsys)[0])
    assert (report["added"], report["updated"], report["contacts"]) == (1, 1, 1)
    assert service.customers.by_code(people.ann, "C000001").source == "展会"
    assert main([*how, "--default", "nonsense"]) == 1
    assert main([*how, "--default", "phone=1"]) == 1


def test_a_mapping_from_a_file(people: Personas, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows, chosen = tmp_path / "rows.csv", tmp_path / "map.json"
    rows.write_text("甲,乙\n张三丰,13800138000\n", "utf-8")
    chosen.write_text('{"甲": "name", "乙": "phone"}', "utf-8")
    assert main(["import", "customers", str(rows), "--as", "ann", "--map", str(chosen)]) == 0
    chosen.write_text("[]", "utf-8")
    assert main(["import", "customers", str(rows), "--as", "ann", "--map", str(chosen)]) == 1
    chosen.write_text("{", "utf-8")
    assert main(["import", "customers", str(rows), "--as", "ann", "--map", str(chosen)]) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["customers", "FILE", "--as", "kai"], 1),
        (["customers", "FILE", "--as", "nobody"], 1),
        (["customers", "missing.csv", "--as", "ann"], 1),
        (["unicorns", "FILE", "--as", "ann"], 2),
        (["customers", "FILE"], 2),
        (["activities", "FILE", "--as", "ann", "--mode", "update"], 1),
    ],
)
def test_refusals(file: Path, arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["import", *(str(file) if word == "FILE" else word for word in arguments)]
    assert main(given) == code
    out, err = said(capsys)
    assert not out
    assert "Traceback" not in err


def test_export_and_import_again(
    people: Personas, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", "customers", str(file), "--as", "ann"]) == 0
    for suffix in ("csv", "xlsx"):
        target = tmp_path / f"out.{suffix}"
        assert main(["export", "customers", str(target), "--as", "ann", "--reason", "盘点", "--json"]) == 0
        assert main(["import", "customers", str(target), "--as", "ann", "--mode", "upsert", "--json"]) == 0
    assert service.customers.search(people.ann).total == 1
    said(capsys)
    none = ["export", "customers", str(tmp_path / "none.csv"), "--as", "ann"]
    assert main([*none, "--reason", "x", "--where", '{"q": "没有"}', "--json"]) == 0
    assert json.loads(said(capsys)[0])["rows"] == 0
    assert main([*none, "--reason", " "]) == 1
    assert main([*none, "--reason", "x", "--where", '{"colour": 1}']) == 1
    said(capsys)
    assert main([*none, "--reason", "x", "--where", '{"grade": "Z"}']) == 1
    assert "grade" in said(capsys)[1]
    assert main(["export", "customers", str(tmp_path / "none.pdf"), "--as", "ann", "--reason", "x"]) == 1
    assert not (tmp_path / "none.pdf").exists()
    assert main(none) == 2


def test_search_answers_like_the_box(people: Personas, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "customers", str(file), "--as", "ann"]) == 0
    said(capsys)
    assert main(["search", "njxn", "--as", "ann", "--json"]) == 0
    [hit] = json.loads(said(capsys)[0])
    assert hit == {
        "code": "A1",
        "name": "南京信诺环保科技有限公司",
        "phone": "13800138000",
        "owner": "安晓然",
        "matched": hit["matched"],
    }
    assert main(["search", "8000", "--as", "audrey", "--json"]) == 0
    assert json.loads(said(capsys)[0])[0]["phone"] == "138****8000"
    assert main(["search", "8000", "--as", "bo", "--json"]) == 0
    assert json.loads(said(capsys)[0]) == []
