"""Names and addresses reduced to what tells two customers apart. For matching only: what was typed is stored."""

import re
from dataclasses import dataclass
from functools import lru_cache

from cim import divisions
from cim.normalize.texts import squeeze

# The longest first: one ending is taken off.
LEGAL_FORMS = """
    集团股份有限公司 集团有限责任公司 集团有限公司 股份有限公司 有限责任公司 有限合伙企业 普通合伙企业
    有限公司 股份公司 集团公司 总公司 分公司 子公司 公司 有限合伙 普通合伙 工作室 经营部 营业部 商行 商店 厂
    co.,ltd. co.,ltd co.ltd coltd corporation limited company corp ltd inc llc gmbh plc
"""
_QUIET = re.compile("[·・•.,，。、\"'“”‘’`\\-—–_&+/|:：;!！?？#*@]")
_BRACKETS = re.compile(r"[(\[【〔〈《<]([^()\[\]【】〔〕〈〉《》<>]*)[)\]】〕〉》>]")
_TITLES = re.compile("(?:先生|女士|小姐|太太|老师|经理|总监|总经理|董事长|同志|mr|mrs|ms)$")
_GROUP = re.compile("集团$")
# Cities whose short name is a common trade word: alone in front of a name they do not name a place.
_TRADE_WORDS = """
    安康 东方 吉安 泰安 长治 兴安 中山 三明 大同 大庆 白银 金华 来宾 黄山 新余 安庆 安顺 文昌 万宁 天门 双河
    昆玉 新星 北屯 白杨 保定 德阳 宜春 丽水 天水 永州 通化 淮安 雅安 广安 六安 吉林 海南 山南 百色 贵港 玉林
    钦州 红河 大理 中卫 固原 昌都 明珠 长春 南平 龙岩 和田 临高 乐东 定安
"""
_STREET_NOISE = re.compile("省|市|特别行政区|自治区|维吾尔|壮族|回族|[\\s,，.。、;:：#\\-—–_()\\[\\]（）]")
_ROOM = re.compile("室$")


@dataclass(frozen=True, slots=True)
class CompanyName:
    """A firm's name in three parts: what it is called, the place in it, and its legal form ("" when missing)."""

    core: str
    place: str
    form: str


@lru_cache(maxsize=20_000)
def company(name: str) -> CompanyName:
    """Part a firm's name: 信诺环保（成都）有限公司 and 成都市信诺环保有限责任公司 both give core 信诺环保, place 成都.

    The place is a province or city in brackets, in front, or (when none is there) behind the trade word.
    """
    plain = squeeze(name)
    place, plain = _place_in_brackets(plain)
    plain = _QUIET.sub("", _BRACKETS.sub(r"\1", plain))
    plain, form = _without_form(plain)
    place, plain = _place_at_start(place, plain)
    if not place:
        place, plain = _place_at_end(plain)
    return CompanyName(plain, place, form)


def person(name: str) -> str:
    """Return a person's name without spaces, middle dots, titles, traditional forms: 歐陽·娜娜女士 gives 欧阳娜娜."""
    plain = _QUIET.sub("", _BRACKETS.sub("", squeeze(name)))
    short = _TITLES.sub("", plain)
    return short or plain


def address_key(raw: str) -> str:
    """Return an address without punctuation, 省, 市 and 室, its city and district in full: one key for its spellings.

    A street without any place keeps its text; "" gives "".
    """
    plain = squeeze(raw)
    if not plain:
        return ""
    place = divisions.parse(plain)
    if place is None:
        return _street(plain)
    city = place.city_name or place.province_name
    return divisions.short_name(city) + place.district_name + _street(place.rest)


def _street(text: str) -> str:
    return _ROOM.sub("", _STREET_NOISE.sub("", text))


def _place_in_brackets(plain: str) -> tuple[str, str]:
    for found in _BRACKETS.finditer(plain):
        place = divisions.place_short(found[1])
        if place:
            return place, plain[: found.start()] + plain[found.end() :]
    return "", plain


def _without_form(plain: str) -> tuple[str, str]:
    for form in _forms():
        if plain.endswith(form) and len(plain) > len(form) + 1:
            plain = plain[: -len(form)]
            return (_GROUP.sub("", plain) if len(plain) > 4 else plain), form
    return (_GROUP.sub("", plain) if len(plain) > 4 else plain), ""


@lru_cache(maxsize=1)
def _forms() -> tuple[str, ...]:
    return tuple(dict.fromkeys(_QUIET.sub("", form) for form in LEGAL_FORMS.split()))


def _place_at_start(place: str, plain: str) -> tuple[str, str]:
    """Take province and city off the front; the city is the place when both are there."""
    found = _leading(plain)
    if not found:
        return place, plain
    short, plain = found
    following = _leading(plain) if divisions.has_cities(short) else None
    if following:
        short, plain = following
    return place or short, plain


def _leading(plain: str) -> tuple[str, str] | None:
    """Return the place in front and the rest, when a name is left behind it and it is not just a trade word."""
    found = divisions.leading_place(plain)
    if not found:
        return None
    short, length = found
    trade_word = short in _trade_words() and length == len(short)
    return None if trade_word or len(plain) <= length + 1 else (short, plain[length:])


@lru_cache(maxsize=1)
def _trade_words() -> frozenset[str]:
    return frozenset(_TRADE_WORDS.split())


def _place_at_end(plain: str) -> tuple[str, str]:
    for length in (3, 2):
        short = plain[-length:]
        if len(plain) > length + 2 and divisions.place_short(short) == short and short not in _trade_words():
            return short, plain[:-length]
    return "", plain
