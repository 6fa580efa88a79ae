"""Small vocabularies: gender, kind of customer, grade, tags."""

import re
from typing import Literal, TypeVar

from cim.normalize.bad import Bad
from cim.normalize.surnames import COMPOUND, SINGLE
from cim.normalize.texts import half_width, squeeze, text

Gender = Literal["male", "female", ""]
Kind = Literal["company", "person", ""]
Choice = TypeVar("Choice", bound=str)

_MALE = "男 男性 男士 先生 m male man mr mr."
_FEMALE = "女 女性 女士 小姐 太太 f female woman ms ms. mrs mrs. miss"
_NOT_SAID = "未知 保密 不详 未填 其他 其它 - 无 unknown other n/a none"
_GENDERS: dict[str, Gender] = {
    "": "",
    **dict.fromkeys(_NOT_SAID.split(), ""),
    **dict.fromkeys(_MALE.split(), "male"),
    **dict.fromkeys(_FEMALE.split(), "female"),
}
_FIRM = "公司 企业 企业客户 公司客户 单位 机构 组织 法人 b company corporate business firm"
_INDIVIDUAL = "个人 个人客户 自然人 个体 散客 c person individual personal consumer"
_KINDS: dict[str, Kind] = {
    "": "",
    **dict.fromkeys(_FIRM.split(), "company"),
    **dict.fromkeys(_INDIVIDUAL.split(), "person"),
}
_GRADE = re.compile(r"([a-d])(?:级|类|等|级客户|类客户)?")
_TAG_SEPARATOR = re.compile(r"[;；,，、|｜\n]")
LONGEST_TAG = 40
_FIRM_WORD = re.compile(
    "公司|集团|厂$|[商银车酒分琴洋车支]行$|[商饭酒书药茶分门专旗超菜]店$|工作室|经营部|事务所|研究[院所]|学[校院]|大学|小学|中学|医院|诊所|"
    "中心|协会|商会|基金会|委员会|合作社|[^\\W]超市|科技|贸易|商贸|网络|技术|服饰|食品|建材|机械|电子|物流|传媒|餐饮|装饰|化工|软件|实业|"
    "投资|广告|旅行社|管理|门市部|幼儿园|政府|局$|部$|农场|银行|酒店|饭店|餐厅|俱乐部"
)
_LATIN_FIRM = re.compile(r"\b(?:inc|ltd|llc|co|corp|gmbh|company|group|limited|plc|studio|bank|university|institute)\b")
_LATIN_PERSON = re.compile(r"[A-Z][a-z'’-]+(?: [A-Z][a-z.'’-]*){1,3}")
_TITLED = re.compile("(?:先生|女士|小姐|太太|老师|经理|总|医生)$")


def gender(raw: str) -> Gender:
    """Return "male", "female" or "" (not given). Raises Bad on any other word."""
    return _choice(
        raw, _GENDERS, Bad("Gender {value} is unknown: use 男 or 女 or leave it empty", value=raw.strip()[:20])
    )


def kind(raw: str) -> Kind:
    """Return "company", "person" or "" (not given: see `kind_guess`). Raises Bad on any other word."""
    return _choice(raw, _KINDS, Bad("Type {value} is unknown: use 公司 or 个人", value=raw.strip()[:20]))


def _choice(raw: str, choices: dict[str, Choice], refusal: Bad) -> Choice:
    found = choices.get(squeeze(raw))
    if found is None:
        raise refusal
    return found


def kind_guess(name: str) -> Literal["company", "person"]:
    """Return what a name most probably names: a legal form or trade word tells a firm, a surname or · a person."""
    plain = squeeze(name)
    if _FIRM_WORD.search(plain) or _LATIN_FIRM.search(name.casefold()):
        return "company"
    if plain.isascii():
        return "person" if _LATIN_PERSON.fullmatch(" ".join(name.split())) else "company"
    if "·" in name or _TITLED.search(plain):
        return "person"
    known = plain[:2] in COMPOUND or plain[:1] in SINGLE
    return "person" if known and len(plain) <= (4 if plain[:2] in COMPOUND else 3) else "company"


def grade(raw: str) -> Literal["A", "B", "C", "D", ""]:
    """Return the grade of a customer, A to D, from "A", "ａ", "A级" or "A类客户"; "" gives "". Raises Bad otherwise."""
    value = squeeze(raw)
    found = _GRADE.fullmatch(value)
    if value and not found:
        raise Bad("Grade {value} is unknown: use A, B, C or D", value=raw.strip()[:20])
    letters: dict[str, Literal["A", "B", "C", "D"]] = {"a": "A", "b": "B", "c": "C", "d": "D"}
    return letters[found[1]] if found else ""


def tags(raw: str) -> list[str]:
    """Return the tags of a cell, parted by ; ； , ， 、 | or a new line, in order, each once (regardless of case).

    Raises Bad when one is longer than 40 characters or holds a forbidden character.
    """
    found: dict[str, str] = {}
    for part in _TAG_SEPARATOR.split(raw):
        tag = text(part, limit=LONGEST_TAG)
        if tag:
            found.setdefault(half_width(tag).casefold(), tag)
    return list(found.values())
