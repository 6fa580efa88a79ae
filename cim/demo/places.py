"""Where the customers of the demo company are: cities with a weight, most of them near the coast."""

from __future__ import annotations

from dataclasses import dataclass

from cim import divisions

_CITIES = """
310000 021 170|320100 025 70|320500 0512 90|320200 0510 55|320400 0519 30|320600 0513 25|330100 0571 120|330200 0574 75
330300 0577 40|330400 0573 25|330600 0575 25|330700 0579 25|340100 0551 40|340200 0553 15|350100 0591 35|350200 0592 40
350500 0595 25|360100 0791 25|370100 0531 40|370200 0532 60|370600 0535 25|370700 0536 18|110000 010 110|120000 022 45
130100 0311 22|130200 0315 14|140100 0351 16|150100 0471 10|210100 024 28|210200 0411 32|220100 0431 18|230100 0451 18
410100 0371 42|410300 0379 14|420100 027 60|420500 0717 10|430100 0731 45|430200 0731 12|440100 020 130|440300 0755 160
441900 0769 65|440600 0757 55|440400 0756 25|442000 0760 22|441300 0752 22|450100 0771 22|450300 0773 10|460100 0898 16
500000 023 50|510100 028 75|510700 0816 12|520100 0851 16|530100 0871 22|540100 0891 4|610100 029 48|620100 0931 12
630100 0971 6|640100 0951 8|650100 0991 14|810000 - 8
"""
_SHORT_NUMBERS = """
0351 0471 0553 0592 0535 0536 0756 0752 0771 0773 0816 0851 0891 0931 0971 0951 0991 0717 0315
"""
"""Area codes behind which numbers have seven digits instead of eight."""
_STREETS = """
栖云路 望潮路 青禾路 明湖大道 创新一路 创新二路 启航路 丰泽街 锦绣大道 长风路 金梭路 听涛街 融汇路 知行路 科创大道
星河路 杏林路 绿洲大道 振兴路 学苑路 临港大道 竹韵路 松涛街 云帆路 思源路 惠民街 白鹭路 春晓路
"""
_SITES = """
云栖科创园 青禾产业园 启航大厦 望潮中心 金梭智造园 星河广场 融汇国际 明湖商务中心 临港物流园 知行楼
"""

STREETS = _STREETS.split()
SITES = _SITES.split()


@dataclass(frozen=True)
class City:
    """A city: `code` as stored with a customer, `area_code` with its leading zero or "-" where there is none."""

    code: str
    name: str
    province: str
    area: str
    area_code: str
    digits: int
    weight: int
    districts: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """As an address begins: "江苏省南京市", "上海市"."""
        return self.name if self.code == self.province else f"{divisions.name_of(self.province)}{self.name}"


def cities() -> list[City]:
    """Every city with customers."""
    table = divisions.load()
    below: dict[str, list[str]] = {}
    for row in table.values():
        if row.level == "district" and row.status == "current":
            below.setdefault(row.parent, []).append(row.name)
    made = []
    for line in _CITIES.replace("\n", "|").split("|"):
        if not line.strip():
            continue
        code, area_code, weight = line.split()
        row = table[code]
        province = code if row.level == "province" else row.parent
        digits = 7 if area_code in _SHORT_NUMBERS else 8
        districts = tuple(below.get(code, ()))
        made.append(City(code, row.name, province, table[province].parent, area_code, digits, int(weight), districts))
    return made
