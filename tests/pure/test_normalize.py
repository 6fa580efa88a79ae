"""Canonical forms: what people type, what a spreadsheet makes of it, and what is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from cim import normalize
from cim.normalize import Bad

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("  甲 \t 公司\n", "甲 公司"),
        ("丙\u200b公司\ufeff", "丙公司"),
        ("Cafe\u0301", "Café"),
        ("全角，保留", "全角，保留"),
        ("", ""),
    ],
)
def test_text_is_stored_clean(raw: str, expected: str) -> None:
    assert normalize.text(raw, limit=20) == expected


@pytest.mark.parametrize("raw", ["有\x00NUL", "\x1b[31m", "乙\u202e司公", "a\u200fb", "a\u2066b", "\ud800"])
def test_text_refuses_control_and_direction_characters(raw: str) -> None:
    with pytest.raises(Bad) as refusal:
        normalize.text(raw, limit=20)
    assert str(refusal.value.params["code"]).startswith("U+")


def test_text_counts_the_characters_that_stay() -> None:
    assert normalize.text("ab  cd", limit=5) == "ab cd"
    with pytest.raises(Bad, match="6 characters, 5 are allowed"):
        normalize.text("ab  cde", limit=5)


def test_multiline_keeps_the_lines_and_nothing_else() -> None:
    assert normalize.multiline("\n 一 \r\n二\r\n\r\n三\u2028四 \n", limit=50) == "一\n二\n\n三\n四"
    with pytest.raises(Bad):
        normalize.multiline("一\u202e二", limit=50)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("13800138000", "+8613800138000"),
        ("１３８００１３８００３", "+8613800138003"),
        ("+86 138 0013 8002", "+8613800138002"),
        ("008613800138000", "+8613800138000"),
        ("86-138-0013-8000", "+8613800138000"),
        ("(0571)38662495", "+8657138662495"),
        ("0571-38662495转8", "+8657138662495;ext=8"),
        ("0571-38662495 分机 801", "+8657138662495;ext=801"),
        ("0571-38662495-801", "+8657138662495;ext=801"),
        ("138-0013-8000", "+8613800138000"),
        ("400-820-8820", "+864008208820"),
        ("852-23456789", "+85223456789"),
        ("+1 650 253 0000", "+16502530000"),
        ("13800138000.0", "+8613800138000"),
        ("1.3800138000E+10", "+8613800138000"),
        ("手机：13800138000（王经理）", "+8613800138000"),
        ("\u202d13800138000\u202c", "+8613800138000"),
        ("", ""),
    ],
)
def test_phone_is_e164(raw: str, expected: str) -> None:
    assert normalize.phone(raw) == expected
    assert normalize.phone(normalize.phone(raw)) == expected
    assert normalize.phone(normalize.phone_display(expected)) == expected


@pytest.mark.parametrize("raw", ["12345", "1.38E+10", "38662495", "abc", "138001380001", "1" * 400])
def test_phone_refuses_what_is_none(raw: str) -> None:
    with pytest.raises(Bad):
        normalize.phone(raw)


def test_phone_says_when_the_spreadsheet_damaged_it() -> None:
    with pytest.raises(Bad, match="format the column as text"):
        normalize.phone("1.38E+10")


def test_phones_of_one_cell() -> None:
    expected = ["+8613800138000", "+8657138662495;ext=8"]
    assert normalize.phones("13800138000 / 0571-38662495转8、13800138000") == expected
    assert normalize.phones("13800138000 13900139000") == ["+8613800138000", "+8613900139000"]
    with pytest.raises(Bad, match="several phone numbers"):
        normalize.phone("13800138000;13900139000")
    with pytest.raises(Bad, match="123"):
        normalize.phones("13800138000;123")


def test_phone_is_shown_as_chinese_users_write_it_and_masked() -> None:
    assert normalize.phone_display("+8613800138000") == "13800138000"
    assert normalize.phone_display("+8657138662495;ext=8") == "0571-38662495-8"
    assert normalize.phone_display("+861062345678") == "010-62345678"
    assert normalize.phone_display("+85223456789;ext=8") == "+852 2345 6789 ext. 8"
    assert normalize.phone_masked("+8613800138000") == "138****8000"
    assert normalize.phone_masked("+8657138662495;ext=8") == "0571-****2495"
    assert normalize.phone_masked("+85223456789") == "+852 ****6789"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("ｄ@d.cn", "d@d.cn"),
        (" Zhang.San@QQ.com ", "zhang.san@qq.com"),
        ("张三 <zs@qq.com>", "zs@qq.com"),
        ("mailto:a@b.com", "a@b.com"),
        ("zs@qq。com", "zs@qq.com"),
        ("张三@公司.中国", "张三@公司.中国"),
        ("", ""),
    ],
)
def test_email(raw: str, expected: str) -> None:
    assert normalize.email(raw) == expected


@pytest.mark.parametrize(
    "raw", ["not-an-email", "a@b", "a@@b.cn", "a b@c.cn", "a..b@c.cn", "@c.cn", "a@-c.cn", "a" * 65 + "@c.cn"]
)
def test_email_refuses(raw: str) -> None:
    with pytest.raises(Bad):
        normalize.email(raw)


def test_identity_number() -> None:
    assert normalize.id_number(" 110101 19900307 7758 ") == "110101199003077758"
    assert normalize.id_number("11010519491231002x") == "11010519491231002X"
    assert normalize.id_birthday("110101199003077758") == date(1990, 3, 7)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("1.10101E+17", "damaged"),
        ("110101199003077000", "rounded"),
        ("110101199003077759", "check digit"),
        ("12345", "18 characters"),
        ("110101199013077751", "does not exist"),
    ],
)
def test_identity_number_names_the_damage(raw: str, said: str) -> None:
    with pytest.raises(Bad, match=said):
        normalize.id_number(raw)


def test_credit_code() -> None:
    assert normalize.uscc("91110000600037341l".replace("l", "L")) == "91110000600037341L"
    assert normalize.uscc("9144 0300-708461136t") == "91440300708461136T"
    for raw in ("91110108XXXXXXXXXX", "9111", "91440300708461136U"):
        with pytest.raises(Bad):
            normalize.uscc(raw)


def test_wechat() -> None:
    assert normalize.wechat("微信：WX_9703045") == "wx_9703045"
    with pytest.raises(Bad):
        normalize.wechat("有 空格")


@pytest.mark.parametrize(
    "raw",
    [
        "1990-03-07",
        "1990/3/7",
        "19900307",
        "1990.3.7",
        "1990年3月7日",
        "32939",
        "32939.9",
        "1990-03-07 00:00:00",
        "19900307.0",
    ],
)
def test_birthday_never_shifts(raw: str) -> None:
    assert normalize.birthday(raw) == date(1990, 3, 7)


@pytest.mark.parametrize(
    "raw", ["1990-13-45", "昨天", "", "90-3-7", "7/3/1990", "1850-01-01", "1990-03-077", "1990-3/7", "³"]
)
def test_birthday_refuses_what_is_not_clear(raw: str) -> None:
    with pytest.raises(Bad):
        normalize.birthday(raw)


def test_birthday_is_not_in_the_future() -> None:
    with pytest.raises(Bad):
        normalize.birthday("2026-01-06", latest=date(2026, 1, 5))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2026-03-30 08:09", datetime(2026, 3, 30, 0, 9, tzinfo=UTC)),
        ("2026年1月5日", datetime(2026, 1, 4, 16, tzinfo=UTC)),
        ("2026年1月5日 下午3点05分", datetime(2026, 1, 5, 7, 5, tzinfo=UTC)),
        ("2026/1/5 12:30 PM", datetime(2026, 1, 5, 4, 30, tzinfo=UTC)),
        ("46023", datetime(2025, 12, 31, 16, tzinfo=UTC)),
        ("46023.5", datetime(2026, 1, 1, 4, tzinfo=UTC)),
        ("2026-03-30T08:09:00Z", datetime(2026, 3, 30, 8, 9, tzinfo=UTC)),
        ("2026-03-30T08:09:00.123-05:00", datetime(2026, 3, 30, 13, 9, tzinfo=UTC)),
    ],
)
def test_moment_is_utc(raw: str, expected: datetime) -> None:
    assert normalize.moment(raw, zone=SHANGHAI) == expected


@pytest.mark.parametrize(
    "raw", ["昨天", "2026-01-05 25:00", "2026-01-05 8", "2026-01-05 morning", "2026-02-30", "0000-01-01", "0001-01-01"]
)
def test_moment_refuses(raw: str) -> None:
    with pytest.raises(Bad):
        normalize.moment(raw, zone=SHANGHAI)


def test_small_vocabularies() -> None:
    assert [normalize.gender(raw) for raw in ("男", "女士", "F", "保密", "")] == ["male", "female", "female", "", ""]
    assert [normalize.kind(raw) for raw in ("公司", "个人", "Company", "")] == ["company", "person", "company", ""]
    assert [normalize.grade(raw) for raw in ("a", "Ｂ", "C级", "")] == ["A", "B", "C", ""]
    assert normalize.tags("账期长;技术型；VIP、vip|老 客户,,") == ["账期长", "技术型", "VIP", "老 客户"]
    for refuse, raw in (
        (normalize.gender, "x"),
        (normalize.kind, "x"),
        (normalize.grade, "E"),
        (normalize.tags, "a" * 41),
    ):
        with pytest.raises(Bad):
            refuse(raw)


def test_kind_is_guessed_from_the_name() -> None:
    people = ["张", "欧阳·娜娜", "阿卜杜拉·买买提", "单伟", "欧阳娜娜", "John Smith", "贾先生"]
    firms = [
        "甲公司",
        "𠮷野家",
        "汇通服饰",
        "Acme Trading Co., Ltd.",
        "国泰生物科技工作室",
        "单县人民医院",
        "上海市泰和投资管理",
    ]
    assert {normalize.kind_guess(name) for name in people} == {"person"}
    assert {normalize.kind_guess(name) for name in firms} == {"company"}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("1,234.50", "1234.50"),
        ("￥1234", "1234"),
        ("(1,234)", "-1234"),
        ("-12.5元", "-12.5"),
        ("1.2万", "12000"),
        ("１２", "12"),
        (".5", "0.5"),
    ],
)
def test_decimal(raw: str, expected: str) -> None:
    assert normalize.decimal(raw) == Decimal(expected)


@pytest.mark.parametrize("raw", ["", "1,23", "1.2E+05", "NaN", "Infinity", "12%", "十二", "1" * 16, "--1", "1.2.3"])
def test_decimal_refuses(raw: str) -> None:
    with pytest.raises(Bad):
        normalize.decimal(raw)


def test_masks_hide_the_middle() -> None:
    assert normalize.email_masked("zhangsan@qq.com") == "z***@qq.com"
    assert normalize.id_number_masked("110101199003074518") == "110101********4518"
    assert normalize.wechat_masked("wx_9703045") == "wx****45"
    assert normalize.address_masked("广东省深圳市") == "广东省深圳市****"
    assert normalize.birthday_masked(date(1990, 3, 7)) == "1990-**-**"
    assert normalize.name_masked("欧阳娜娜") == "欧**"


@pytest.mark.parametrize(
    ("name", "core", "place", "form"),
    [
        ("信诺美佳环保科技（成都）有限公司", "信诺美佳环保科技", "成都", "有限公司"),
        ("成都市信诺美佳环保科技有限责任公司", "信诺美佳环保科技", "成都", "有限责任公司"),
        ("安康信息技术有限公司", "安康信息技术", "", "有限公司"),
        ("东方软件（深圳）有限公司", "东方软件", "深圳", "有限公司"),
        ("广东省深圳市华为技术有限公司", "华为技术", "深圳", "有限公司"),
        ("內蒙古伊利實業集團股份有限公司", "伊利实业", "内蒙古", "集团股份有限公司"),
        ("深圳同创装饰(集团)有限公司", "同创装饰", "深圳", "集团有限公司"),
        ("Acme Trading Co., Ltd.", "acmetrading", "", "coltd"),
        ("公司", "公司", "", ""),
        ("", "", "", ""),
    ],
)
def test_company_name_is_parted(name: str, core: str, place: str, form: str) -> None:
    assert normalize.company(name) == normalize.CompanyName(core, place, form)


def test_person_name_is_plain() -> None:
    assert normalize.person("歐陽·娜娜 女士") == normalize.person("欧阳 娜娜") == "欧阳娜娜"
    assert normalize.person("先生") == "先生"


def test_one_address_has_one_key() -> None:
    spellings = [
        "陕西省西安市雁塔区建设路659号30栋1391室",
        "西安雁塔区建设路６５９号30栋1391",
        "陝西省 西安雁塔區建設路659號30棟1391室",
    ]
    assert {normalize.address_key(raw) for raw in spellings} == {"西安雁塔区建设路659号30栋1391"}
    assert normalize.address_key("") == ""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("曾立兰", "zeng li lan"),
        ("欧阳·娜娜", "ou yang na na"),
        ("𠮷野家", "ji ye jia"),
        ("阿卜杜拉·买买提", "a bu du la mai mai ti"),
        ("重庆银行", "chong qing yin hang"),
        ("吕布", "lv bu"),
        ("John Smith", "john smith"),
        ("尉迟恭", "yu chi gong"),
    ],
)
def test_pinyin(name: str, expected: str) -> None:
    assert " ".join(normalize.pinyin(name)) == expected


def test_both_readings_of_a_surname() -> None:
    assert normalize.pinyin_readings("单伟") == [["shan", "wei"], ["dan", "wei"]]
    assert ["qin", "le"] in normalize.pinyin_readings("覃乐")
    assert ["tan", "yue"] in normalize.pinyin_readings("覃乐")
    assert normalize.pinyin_readings("·") == []
    assert normalize.initials(["ou", "yang", "360"]) == "oy360"
