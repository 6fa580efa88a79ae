"""Areas, provinces, cities and districts of China: reading them in addresses, region cells and firms' names.

The table is data/divisions.csv (docs/decisions/0005-divisions.md says where it is from).
"""

import csv
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast

Level = Literal["area", "province", "city", "district"]
Status = Literal["current", "former", "zone"]

_TABLE = Path(__file__).parent / "data" / "divisions.csv"
MUNICIPALITIES = frozenset({"110000", "120000", "310000", "500000"})
_PROVINCE_ENDING = re.compile("(?:(?:维吾尔|壮族|回族)?自治区|特别行政区|省)$")
_PEOPLES = """
    蒙古 藏 羌 彝 苗 侗 壮 傣 景颇 傈僳 白 哈尼 朝鲜 土家 布依 回 哈萨克 柯尔克孜 维吾尔 黎 瑶 畲 满 纳西 佤
    拉祜 土 撒拉 仫佬 毛南 达斡尔 锡伯 裕固 保安 东乡 仡佬 水 普米 怒 独龙 鄂伦春 鄂温克 塔吉克 各 布朗
"""
_AUTONOMOUS = re.compile(rf"(?:(?:{'|'.join(_PEOPLES.split())})族?)*自治[州县旗]$")
_PLAIN_ENDING = re.compile("(?:地区|林区|新区|市|盟|县|区|旗)$")
# A short name in front of one of these is a street or a building: 北京路, 和平大街.
_STREET = re.compile(
    "[东南西北中]?[一二三四五六七八九十]?(?:路|街|大街|大道|道|巷|弄|胡同|里|桥|村|镇|乡|广场|大厦|公园|花园|站|小区)"
)
_SEPARATORS = re.compile(r"[\s/\\\-—–_,，、>·|]+")
_BROKEN = re.compile("[\ud800-\udfff]")  # halves of characters: no text can hold them, the converter fails on them
_LONGEST_NAME = 16
_REMEMBERED = 4_000
_ALIASES = {"台北": "710000", "台北市": "710000", "高雄": "710000", "九龙": "810000", "新界": "810000"}


@dataclass(frozen=True, slots=True)
class Division:
    """One row: `code` is the six-digit GB/T 2260 code (a word for the eight areas), `parent` a code or ""."""

    code: str
    name: str
    parent: str
    level: Level
    status: Status


@dataclass(frozen=True, slots=True)
class Place:
    """What an address begins with, as codes ("" where it does not say), and the `rest`: street and number.

    In the four municipalities `city` is the code of the municipality itself.
    """

    area: str
    province: str
    city: str
    district: str
    rest: str

    @property
    def region(self) -> str:
        """The code to store as a customer's region: the city, or the province when no city is known."""
        return self.city or self.province

    @property
    def province_name(self) -> str:
        """The full name of the province or ""."""
        return name_of(self.province)

    @property
    def city_name(self) -> str:
        """The full name of the city or ""."""
        return name_of(self.city)

    @property
    def district_name(self) -> str:
        """The full name of the district or ""."""
        return name_of(self.district)


@lru_cache(maxsize=1)
def load() -> MappingProxyType[str, Division]:
    """Return every division by its code, areas first. The file is read once."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = [
            Division(row["code"], row["name"], row["parent"], cast(Level, row["level"]), cast(Status, row["status"]))
            for row in csv.DictReader(file)
        ]
    return MappingProxyType({row.code: row for row in rows})


def name_of(code: str) -> str:
    """Return the name of a division, "" for "" and for a code that is not in the table."""
    found = load().get(code)
    return found.name if found else ""


def full_name(code: str) -> str:
    """Return the name with the province and city in front: "广东省深圳市"; an area's name stands alone."""
    return "".join(name_of(step) for step in lineage(code)[1:]) or name_of(code)


def lineage(code: str) -> tuple[str, ...]:
    """Return the codes from the area down to `code` itself; () for a code that is not in the table."""
    found = load().get(code)
    if found is None:
        return ()
    return (*lineage(found.parent), code) if found.parent else (code,)


def short_name(name: str) -> str:
    """Return a division's name without 省, 市, 自治区 and the like: 广西壮族自治区 gives 广西, 海淀区 gives 海淀."""
    if len(name) <= 2:
        return name
    for pattern in (_PROVINCE_ENDING, _AUTONOMOUS, _PLAIN_ENDING):
        shorter = pattern.sub("", name)
        if len(shorter) >= 2 and shorter != name:
            return shorter
    return name


@dataclass(slots=True)
class _Names:
    """Every way to write a division's name, by level, with the codes it may mean."""

    areas: dict[str, str] = field(default_factory=dict)
    provinces: dict[str, str] = field(default_factory=dict)
    cities: dict[str, list[str]] = field(default_factory=dict)
    districts: dict[str, list[str]] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)


@lru_cache(maxsize=1)
def _names() -> _Names:
    names = _Names()
    for row in load().values():
        if row.level == "area":
            names.areas |= {row.name + ending: row.code for ending in ("", "区", "地区", "大区")}
        elif row.level == "province":
            _add_province(names, row)
        elif row.level == "city":
            _add_city(names, row)
        else:
            names.districts.setdefault(row.name, []).append(row.code)
            short = short_name(row.name)
            if short != row.name and row.status != "zone":
                names.districts.setdefault(short, []).append(row.code)
    names.heads["中国"] = "中国"
    return names


def _add_province(names: _Names, row: Division) -> None:
    short = short_name(row.name)
    for written in (row.name, short):
        names.provinces[written] = row.code
        names.heads[written] = short


def _add_city(names: _Names, row: Division) -> None:
    short = short_name(row.name)
    prefecture = short + "州" if row.name.endswith("自治州") else ""
    for written in dict.fromkeys((row.name, short, prefecture)):
        if written:
            names.cities.setdefault(written, []).append(row.code)
            names.heads.setdefault(written, short)


def place_short(name: str) -> str:
    """Return the short name of a province or city written in any way ("深圳市" gives "深圳"), else ""."""
    return _names().heads.get(name, "")


def leading_place(text: str) -> tuple[str, int] | None:
    """Return the short name of the province or city that `text` begins with, and how many characters it takes."""
    found = _longest(text, _names().heads)
    return (_names().heads[found], len(found)) if found else None


def has_cities(short: str) -> bool:
    """Return whether a short name is that of a province (not a municipality) behind which a city may follow."""
    code = _names().provinces.get(short, "")
    return bool(code) and code not in MUNICIPALITIES


@lru_cache(maxsize=_REMEMBERED)
def find(text: str) -> str | None:
    """Return the code that a region cell names: 广东省深圳市, 深圳, 江苏, 北京市, 华东; a district gives its city.

    None when the cell is empty, holds more than a region, or the name belongs to several places (朝阳区).
    """
    plain = _SEPARATORS.sub("", _plain(text))
    names = _names()
    known = names.areas.get(plain) or names.provinces.get(plain) or _ALIASES.get(plain)
    if known:
        return known
    cities = names.cities.get(plain, [])
    if cities:
        rival = any(load()[code].parent in MUNICIPALITIES for code in names.districts.get(plain, []))
        return cities[0] if len(cities) == 1 and not rival else None
    if plain in names.districts:
        lifted = {_region_of(code) for code in names.districts[plain]}
        return lifted.pop() if len(lifted) == 1 else None
    place = parse(plain)
    return place.region if place and not place.rest else None


def _region_of(code: str) -> str:
    return load()[code].parent


@lru_cache(maxsize=_REMEMBERED)
def parse(text: str) -> Place | None:
    """Read province, city and district off the front of an address; None when it begins with none of them.

    A missing level is filled in where the others leave no doubt: 余杭区文一西路 gives 浙江省 杭州市 余杭区.
    """
    plain = _plain(text).removeprefix("中国")
    province, rest = _take_province(plain)
    city = province if province in MUNICIPALITIES else ""
    if city:
        rest = re.sub("^(?:市辖区|县(?!城))", "", rest.removeprefix(name_of(city)))
    else:
        city, rest = _take_city(rest, province)
    district, rest = _take_district(rest, province, city)
    if city and not district:
        # 苏州工业园区 is the name of the district: the city in front of it belongs to the name.
        district, rest = _take_named_after_city(rest, province, city)
    if district:
        city = city or load()[district].parent
    if not (province or city):
        return None
    province = city if city in MUNICIPALITIES else province or load()[city].parent
    return Place(load()[province].parent, province, city, district, rest)


def _take_province(plain: str) -> tuple[str, str]:
    names = _names()
    found = _longest(plain, names.provinces)
    city = _longest(plain, names.cities)
    # 吉林市 and 海南州 begin like a province but name a city.
    if not found or (len(city) > len(found) and city.endswith(("市", "州", "盟", "地区"))):
        return "", plain
    rest = plain[len(found) :]
    code = names.provinces[found]
    return code, rest if found == name_of(code) else rest.removeprefix("省").removeprefix("市")


def _take_city(plain: str, province: str) -> tuple[str, str]:
    names = _names()
    found = _longest(plain, names.cities)
    district = _longest(plain, names.districts)
    # 朝阳区 in front is a district, not the city 朝阳.
    longer = len(district) > len(found) and district.endswith(("区", "县", "旗", "市"))
    if not found or (not province and longer):
        return "", plain
    codes = [code for code in names.cities[found] if not province or load()[code].parent == province]
    if not codes:
        return "", plain
    rest = plain[len(found) :]
    return codes[0], rest if found == name_of(codes[0]) else rest.removeprefix("市")


def _take_district(plain: str, province: str, city: str) -> tuple[str, str]:
    names = _names()
    found = _longest(plain, names.districts)
    codes = [code for code in names.districts.get(found, []) if _lies_in(code, province, city)]
    if not codes or (not city and len({load()[code].parent for code in codes}) > 1):
        return "", plain
    best = next((code for code in codes if load()[code].name == found), codes[0])
    return best, plain[len(found) :]


def _take_named_after_city(plain: str, province: str, city: str) -> tuple[str, str]:
    short = short_name(name_of(city))
    district, rest = _take_district(short + plain, province, city)
    return (district, rest) if len(rest) < len(plain) else ("", plain)


def _lies_in(code: str, province: str, city: str) -> bool:
    parents = lineage(code)
    return (not province or province in parents) and (not city or city in parents)


def _longest(plain: str, table: Iterable[str]) -> str:
    """Return the longest name of `table` in front of `plain`, "" when none is, or when it begins a street's name."""
    for length in range(min(_LONGEST_NAME, len(plain)), 1, -1):
        name = plain[:length]
        if name in table and not (_is_short(name) and _STREET.match(plain, length)):
            return name
    return ""


def _is_short(name: str) -> bool:
    return not name.endswith(("省", "市", "区", "县", "州", "盟", "旗"))


def _plain(text: str) -> str:
    plain = _BROKEN.sub("", "".join(unicodedata.normalize("NFKC", text).split()))
    return plain if plain.isascii() else _simplify()(plain)


@lru_cache(maxsize=1)
def _simplify() -> Callable[[str], str]:
    from opencc import OpenCC  # imported where used: the sign-in page does not need it

    return cast(Callable[[str], str], OpenCC("t2s").convert)
