"""Invented customers, the same for the same number: firms and persons as a Chinese sales team has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random


def _split(text: str) -> list[str]:
    return text.split()


_SURNAMES = (
    "李王张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭肖田董潘袁蔡蒋余杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦"
    "邱侯江尹薛阎雷龙"
)
_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅建文志国春海燕玲辉鹏飞龙云峰波斌宇浩然子轩梓涵欣怡雨泽嘉俊雪婷佳琪思诗语晨阳博瑞天宁"
    "安康彤晓东南松柏"
)
_BRANDS = (
    "华中泰安盛达通瑞丰恒信远金鑫源宏兴隆顺利和美佳康健福祥德诚博创新锐智云海天博雅腾飞翔宇众力峰越卓优品"
    "汇聚广鼎立航星辉煌永青悦启元亨贞晟昊凯"
)
_TRADES = _split(
    "科技 贸易 实业 网络 信息 电子 机械 建材 食品 医疗 教育 物流 投资 咨询 文化 传媒 服装 化工 能源 环保 软件 餐饮 "
)
_PLACES = _split(
    "北京市 上海市 广东省广州市 广东省深圳市 广东省东莞市 浙江省杭州市 浙江省宁波市 浙江省温州市 江苏省南京市 "
    "江苏省苏州市 江苏省无锡市 四川省成都市 湖北省武汉市 陕西省西安市 重庆市 天津市 山东省青岛市 山东省济南市 "
    "河南省郑州市 湖南省长沙市 福建省厦门市 福建省福州市 安徽省合肥市 辽宁省大连市 辽宁省沈阳市 云南省昆明市 "
)
_ROADS = _split("人民 中山 解放 建设 和平 新华 长江 黄河 文化 科技 创业 滨江 迎宾 学院 工业")
_MOBILE = _split("130 131 132 135 136 137 138 139 150 151 152 158 159 176 177 180 182 186 187 188 189 199 ")
_SOURCES = ("官网", "展会", "转介绍", "电话", "微信", "广告", "")
_FORMS = ("有限公司", "有限公司", "有限公司", "有限公司", "股份有限公司", "集团有限公司", "有限责任公司", "厂")
_GRADES = ("A", "B", "B", "C", "C", "C", "D", "")
REPS = 10


@dataclass(frozen=True)
class Invented:
    """One customer in clear. `owner` is the number of a rep, None the public pool; `age` is in days."""

    number: int
    company: bool
    name: str
    contact: str
    phone: str
    email: str
    region: str
    address: str
    industry: str
    source: str
    grade: str
    owner: int | None
    age: float


def customers(count: int, *, seed: int = 1, first: int = 1) -> Iterator[Invented]:
    """`count` customers, no two with the same phone or e-mail, numbered from `first`; 70 % are firms."""
    chance = Random(seed)
    for number in range(first, first + count):
        person = _person(chance)
        company = chance.random() < 0.7
        place, trade = chance.choice(_PLACES), chance.choice(_TRADES)
        city = place.removesuffix("市")[-2:]
        brand = chance.choice(_BRANDS) + chance.choice(_BRANDS) + (chance.choice(_BRANDS) if number % 3 else "")
        tail = (number * 48_271 + 12_345_678) % 100_000_007 % 100_000_000
        yield Invented(
            number=number,
            company=company,
            name=f"{city}{brand}{trade}{chance.choice(_FORMS)}" if company else person,
            contact=person if company else "",
            phone=f"{_MOBILE[number % len(_MOBILE)]}{tail:08d}",
            email=f"c{tail}@example.com" if chance.random() < 0.8 else "",
            region=place,
            address=f"{place}{chance.choice(_ROADS)}路{chance.randrange(1, 2000)}号",
            industry=trade if company else "",
            source=chance.choice(_SOURCES),
            grade=chance.choice(_GRADES),
            owner=_owner(chance, number),
            age=chance.random() ** 1.4 * 900,
        )


def _person(chance: Random) -> str:
    second = chance.choice(_GIVEN) if chance.random() < 0.85 else ""
    return chance.choice(_SURNAMES) + chance.choice(_GIVEN) + second


def _owner(chance: Random, number: int) -> int | None:
    """Any rep, or nobody for every tenth; the first customer, the busiest of a base, is with the first rep."""
    owner = chance.randrange(REPS) if chance.random() < 0.9 else None
    return 0 if number == 1 else owner
