"""What firms and people of the demo are called. Brands are invented, people are surname and given name by lot."""

from __future__ import annotations

import random
from itertools import accumulate

from cim import divisions
from cim.demo.places import City
from cim.models.customer import Gender

_SURNAMES = """
李王张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范
汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫雷龙黎史陶贺毛段郝顾龚邵万覃武钱戴严莫孔
"""
_MALE = """
立言 景行 知远 博涵 家栋 文泽 少川 明谦 启航 承宇 一鸣 振邦 国梁 建勋 志恒 海宁 伟奇 子昂 宏图 绍辉 俊逸 兆丰 世安
云帆 大勇 强 磊 峻 昊天 书豪
"""
_FEMALE = """
若溪 静怡 语桐 雅琴 思敏 婉清 佳宁 晓棠 雪芹 秋月 慧心 梦瑶 素云 玉洁 春燕 丽华 芷兰 可欣 忆南 小满 彩霞
敏 颖 婷 诗涵 采薇 安琪 月华 淑仪 文君
"""
_BRANDS_A = "澄栗屿梧岚砚禾笙霁沐鹿汀榆苇翎曜隽沅璟桐珩昱蔚弘颂逸"
_BRANDS_B = "野禾澜舟木山谷原川石峰海星帆桥泉林岸光尘洲田和成达源"
_FORMS, _FORM_WEIGHTS = ("有限公司", "股份有限公司", "有限责任公司", "集团有限公司"), (78, 9, 8, 5)
_ENGLISH = ["Blueheron", "Northlake", "Silverfern", "Oakridge", "Redmaple", "Whitecove", "Longmeadow", "Stonebay"]

TRADES: dict[str, tuple[str, ...]] = {
    "软件和信息技术": ("软件", "信息技术", "数据科技", "网络科技"),
    "电子制造": ("电子", "半导体", "光电科技", "精密电子"),
    "机械设备": ("机械设备", "自动化设备", "智能装备", "机床"),
    "医疗器械": ("医疗器械", "生物科技", "医疗科技"),
    "食品饮料": ("食品", "乳业", "饮品", "农产品加工"),
    "物流运输": ("物流", "供应链管理", "冷链运输"),
    "建筑建材": ("建材", "建筑工程", "装饰工程"),
    "零售贸易": ("贸易", "商贸", "进出口", "电子商务"),
    "新能源": ("新能源", "储能科技", "光伏科技"),
    "化工材料": ("化工", "新材料", "涂料"),
    "教育培训": ("教育科技", "教育咨询"),
    "酒店餐饮": ("餐饮管理", "酒店管理"),
    "现代农业": ("农业科技", "种业", "生态农业"),
    "文化传媒": ("文化传媒", "广告"),
}
TRADE_WEIGHTS = (16, 18, 20, 11, 10, 9, 10, 14, 12, 9, 5, 5, 6, 4)


class Names:
    """Gives every firm a name of its own."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._taken: set[str] = set()
        self._surnames = "".join(_SURNAMES.split())
        self._likely = list(accumulate(range(len(self._surnames) + 20, 20, -1)))
        self._given = {Gender.MALE: _MALE.split(), Gender.FEMALE: _FEMALE.split()}

    def person(self) -> tuple[str, Gender]:
        """Full name and gender. Two people may have one name, as in life."""
        gender = self._chance.choice((Gender.MALE, Gender.FEMALE))
        given = self._chance.choice(self._given[gender])
        return self._chance.choices(self._surnames, cum_weights=self._likely)[0] + given, gender

    def company(self, city: City, industry: str) -> str:
        """City, invented brand, line of business, legal form; no firm twice."""
        while True:
            if self._chance.random() < 0.015:
                place = divisions.short_name(city.name)
                name = f"{self._chance.choice(_ENGLISH)} Instruments ({place}) Co., Ltd."
            else:
                brand = self._chance.choice(_BRANDS_A) + self._chance.choice(_BRANDS_B)
                trade = self._chance.choice(TRADES[industry])
                form = self._chance.choices(_FORMS, _FORM_WEIGHTS)[0]
                name = f"{divisions.short_name(city.name)}{brand}{trade}{form}"
            core = name[:8]
            if core not in self._taken:
                self._taken.add(core)
                return name

    def industry(self) -> str:
        """A line of business."""
        return self._chance.choices(list(TRADES), TRADE_WEIGHTS)[0]


def addressed(name: str, gender: Gender, title: str) -> str:
    """How a salesman writes of somebody: 王总, 李工, 陈女士."""
    if "总" in title:
        return f"{name[0]}总"
    if "工程" in title or "技术" in title:
        return f"{name[0]}工"
    if "经理" in title or "主管" in title or "主任" in title:
        return f"{name[0]}{title[-2:]}"
    return name[0] + {Gender.MALE: "先生", Gender.FEMALE: "女士"}.get(gender, "老师")
