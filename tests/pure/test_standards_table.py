"""What is stored of what people type, as one table to read: field, typed, and what is stored or why it is refused.

A reason is a part of the English sentence, marked by "!". The values go through the standards of a customer, so that
the table holds for the form, the import and the command line alike.
"""

from __future__ import annotations

import pytest
from stdnum.cn import ric, uscc

from cim.errors import Invalid
from cim.models.customer import CustomerDraft
from cim.service import standards

TABLE = """
phone      | 13800138000                        | +8613800138000
phone      | １３８００１３８０００             | +8613800138000
phone      | 138 0013 8000                      | +8613800138000
phone      | 138-0013-8000                      | +8613800138000
phone      | +86 138 0013 8000                  | +8613800138000
phone      | 0086-13800138000                   | +8613800138000
phone      | 手机：13800138000（王经理）        | +8613800138000
phone      | 13800138000.0                      | +8613800138000
phone      | 1.3800138000E+10                   | +8613800138000
phone      | 19912345678                        | +8619912345678
phone      | 0571-38662495                      | +8657138662495
phone      | (010) 6552 9988                    | +861065529988
phone      | 0571-38662495转8                   | +8657138662495;ext=8
phone      | 0571-38662495 分机 801             | +8657138662495;ext=801
phone      | 0571-38662495-801                  | +8657138662495;ext=801
phone      | 400-820-8820                       | +864008208820
phone      | 95588                              | !not valid
phone      | 852-23456789                       | +85223456789
phone      | +852 9123 4567                     | +85291234567
phone      | +853 2871 8888                     | +85328718888
phone      | 886-2-27208889                     | +886227208889
phone      | +886 912 345 678                   | +886912345678
phone      | +1 650 253 0000                    | +16502530000
phone      | 13800138000 / 13900139000          | +8613800138000
phone2     | 13800138000 / 13900139000          | !several phone numbers
phone      | 1380013800                         | !not valid
phone      | 138001380001                       | !not valid
phone      | 12800138000                        | !not valid
phone      | 38662495                           | !not valid
phone      | 1.38E+10                           | !damaged
phone      | 没有                               | !not valid
email      | Zhang.San@QQ.com                   | zhang.san@qq.com
email      | 张三 <zhang@example.com>           | zhang@example.com
email      | mailto:a@b.cn                      | a@b.cn
email      | ａ＠ｂ．ｃｏｍ                     | a@b.com
email      | a @ b . com                        | a@b.com
email      | 李雷@例子.中国                     | 李雷@例子.中国
email      | a@b                                | !not valid
email      | a@@b.com                           | !not valid
email      | a.b.com                            | !not valid
email      | a@b.com;c@d.com                    | !not valid
uscc       | 91350100M000100Y43                 | 91350100M000100Y43
uscc       | 91350100m000100y43                 | 91350100M000100Y43
uscc       | 9135 0100 M000 100Y 43             | 91350100M000100Y43
uscc       | ９１３５０１００Ｍ０００１００Ｙ４３ | 91350100M000100Y43
uscc       | 91350100M000100Y44                 | !not valid
uscc       | 91350100M000100I43                 | !not valid
uscc       | 91350100M000100Y4                  | !needs 18 characters, this one has 17
uscc       | 110000000012345                    | !needs 18 characters, this one has 15
id_number  | 11010519491231002X                 | 11010519491231002X
id_number  | 11010519491231002x                 | 11010519491231002X
id_number  | 110105 19491231 002X               | 11010519491231002X
id_number  | 110105194912310021                 | !check digit
id_number  | 110105491231002                    | !18 characters
id_number  | 110105194912310000                 | !rounded
id_number  | 1.10105194912310E+17               | !damaged
wechat     | 微信号：Zhang_San88                | zhang_san88
wechat     | WeChat: zs-2026                    | zs-2026
wechat     | 13800138000                        | 13800138000
wechat     | 张三                               | !not valid
wechat     | abcd                               | !not valid
name       | 　南京  信诺环保科技有限公司　     | 南京 信诺环保科技有限公司
name       | 信诺（南京）有限公司               | 信诺（南京）有限公司
name       | 　                                 | !Enter the name
region     | 江苏省南京市                       | 320100
region     | 南京                               | 320100
region     | 江苏-南京                          | 320100
region     | 昆山                               | 320500
region     | 臺北市                             | 710000
region     | 香港                               | 810000
region     | 澳门                               | 820000
region     | 华东                               | east
region     | 朝阳区                             | !not known
region     | 火星                               | !not known
address    | 南京市江宁区迎宾路892号            | 320100
address    | 江苏省苏州工业园区星湖街1号        | 320500
address    | 余杭区文一西路969号                | 330100
address    | 廣東省深圳市南山區科技路1號        | 440300
address    | 内蒙古自治区呼和浩特市新城区       | 150100
address    | 上海市浦东新区世纪大道1号          | 310000
address    | 迎宾路892号                        | (nothing)
"""
"""For `address` the column after it is the region code that is read from it."""

ROWS = [tuple(part.strip(" ") for part in line.split("|")) for line in TABLE.strip().splitlines()]


def stored(field: str, typed: str) -> str:
    """What the service would keep of a value typed into a field."""
    draft = CustomerDraft.model_validate({"name": "甲公司", field: typed})
    made = standards.customer(draft)
    values = made.plain | made.sealed
    return str(values["region_code" if field in ("region", "address") else field] or "")


@pytest.mark.parametrize(("field", "typed", "expected"), ROWS, ids=[f"{row[0]}-{row[1]}" for row in ROWS])
def test_row(field: str, typed: str, expected: str) -> None:
    if not expected.startswith("!"):
        assert (stored(field, typed) or "(nothing)") == expected
        return
    with pytest.raises(Invalid) as refused:
        stored(field, typed)
    assert refused.value.field == field
    assert expected[1:] in str(refused.value)


def test_the_table_is_long_enough_and_has_both_sides() -> None:
    assert len(ROWS) >= 60
    refused = {field for field, _typed, expected in ROWS if expected.startswith("!")}
    assert refused == {"phone", "phone2", "email", "uscc", "id_number", "wechat", "name", "region"}


def test_what_is_stored_stays_when_it_is_typed_again() -> None:
    for field, typed, expected in ROWS:
        if not expected.startswith(("!", "(")) and field not in ("region", "address"):
            assert stored(field, expected) == expected, (field, typed)


def test_every_single_wrong_check_digit_is_found() -> None:
    code, card = "91350100M000100Y43", "11010519491231002X"
    assert uscc.is_valid(code)
    for digit in set("0123456789ABCDEFGHJKLMNPQRTUWXY") - {code[-1]}:
        with pytest.raises(Invalid):
            stored("uscc", code[:-1] + digit)
    assert ric.calc_check_digit(card) == "X"
    for digit in "0123456789":
        with pytest.raises(Invalid):
            stored("id_number", card[:-1] + digit)
