"""Which column of a file means what: the canonical columns of each kind, and the headers people use for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cim.errors import Invalid
from cim.i18n import N_, _
from cim.models.imports import ImportKind
from cim.normalize import squeeze as fold
from cim.service.importing import sales_columns
from cim.service.importing.columns import CUSTOMER, CUSTOMER_NAME, Column

_BIRTHDAY = Column("birthday", "生日", "出生日期,birth date,date of birth,birthdate,出生年月日")
OTHERS = (2, 3, 4)
"""Numbers of the further contacts that one row of a customer may name."""
_DIGITS = "零一二三四"


def _person(number: int) -> tuple[Column, ...]:
    """The columns of one further contact of a customer: 联系人2, 联系人2手机, ..."""
    han = _DIGITS[number]
    names: tuple[str, ...] = (
        f"联系人{number}",
        f"联系人{han}",
        f"第{han}联系人",
        f"contact {number}",
        f"contact person {number}",
    )
    if number == 2:
        names += ("备用联系人", "其他联系人", "second contact")

    def each(*endings: str) -> str:
        return ",".join(name + ending for name in names for ending in endings)

    return (
        Column(f"contact{number}", names[0], each("", "姓名", "名称", " name"), written=False),
        Column(f"contact{number}_title", f"{names[0]}职务", each("职务", "职位", "头衔", " title"), written=False),
        Column(
            f"contact{number}_phone",
            f"{names[0]}手机",
            each("手机", "手机号", "手机号码", "电话", "联系电话", "联系方式", " phone", " mobile"),
            written=False,
        ),
        Column(
            f"contact{number}_email",
            f"{names[0]}邮箱",
            each("邮箱", "邮件", "电子邮箱", " email", " e-mail"),
            written=False,
        ),
    )


_EMAIL = Column("email", "邮箱", "邮件,电子邮件,电子邮箱,邮箱地址,e-mail,email address,mail,e-mail地址")

COLUMNS: dict[ImportKind, tuple[Column, ...]] = {
    ImportKind.CUSTOMERS: (
        Column("code", "客户编号", "客户代码,客户号,客户编码,customer code,customer_code,customer id", "编号,代码,id"),
        Column("kind", "类型", "客户类型,kind,type,类别,客户类别,customer type"),
        Column(
            "name",
            "客户名称",
            "name,客户,客户名,客户姓名,公司名称,公司名,公司,企业名称,单位名称,名称,customer,company,"
            "customer name,company name",
            "姓名,单位,企业,名字",
        ),
        Column("contact", "联系人", "contact,contact person,联系人姓名,主要联系人,contact name,联系人1", "姓名"),
        Column(
            "contact_title",
            "联系人职务",
            "联系人职位,联系人1职务,contact title,contact job title",
            "职务,职位,头衔",
            written=False,
        ),
        Column(
            "phone",
            "手机",
            "phone,mobile,手机号,手机号码,移动电话,mobile phone,联系方式,联系电话,cell,cell phone,phone number",
        ),
        Column(
            "contact_phone",
            "联系人手机",
            "联系人电话,联系人手机号,联系人手机号码,联系人1手机,联系人1电话,contact phone,contact mobile",
            written=False,
        ),
        Column("contact_email", "联系人邮箱", "联系人邮件,联系人1邮箱,contact email", written=False),
        Column(
            "phone2", "电话", "phone2,电话号码,座机,固定电话,固话,办公电话,telephone,tel,其他电话,备用电话,other phone"
        ),
        _EMAIL,
        Column("wechat", "微信", "微信号,wechat id,weixin"),
        Column("gender", "性别", "sex"),
        _BIRTHDAY,
        Column("id_number", "身份证号", "身份证,身份证号码,证件号,证件号码,id number,id card,公民身份号码"),
        Column(
            "uscc", "统一社会信用代码", "信用代码,社会信用代码,税号,纳税人识别号,credit code,unified social credit code"
        ),
        Column("industry", "行业", "所属行业,行业类别"),
        Column("region", "地区", "区域,省市,所在地区,所在地,城市,所在城市,city,area,省份"),
        Column("address", "地址", "详细地址,联系地址,通讯地址,公司地址,street,street address"),
        Column("source", "来源", "客户来源,渠道,channel,lead source"),
        Column("grade", "等级", "客户等级,客户分级,级别,分级,level,rating"),
        Column(
            "owner", "负责人", "所有人,销售,销售员,业务员,归属人,客户经理,跟进人,所属销售,sales,sales rep,account owner"
        ),
        Column("tags", "标签", "tag,客户标签,labels"),
        Column("preference", "偏好", "客户偏好,喜好,preferences"),
        Column("notes", "备注", "note,说明,remark,remarks,comment,comments,备注信息"),
        Column(
            "created_at",
            "创建时间",
            "创建日期,录入时间,录入日期,建档时间,建档日期,created,created on,date created,create time",
        ),
        *(column for number in OTHERS for column in _person(number)),
    ),
    ImportKind.CONTACTS: (
        CUSTOMER,
        CUSTOMER_NAME,
        Column("name", "姓名", "name,联系人,联系人姓名,contact,contact name,名字"),
        Column("title", "职务", "职位,头衔,job title,position"),
        Column(
            "phone", "手机", "phone,mobile,手机号,手机号码,电话,电话号码,联系电话,联系方式,移动电话,tel,phone number"
        ),
        _EMAIL,
        _BIRTHDAY,
        Column("role", "决策角色", "角色,decision role"),
    ),
    ImportKind.ACTIVITIES: (
        CUSTOMER,
        CUSTOMER_NAME,
        Column("type", "类型", "跟进类型,跟进方式,方式,activity type,kind"),
        Column("at", "时间", "跟进时间,日期,跟进日期,联系时间,date,time,happened at,发生时间"),
        Column("by", "跟进人", "负责人,销售,业务员,author,记录人,user,owner,操作人"),
        Column("contact", "联系人", "contact person,联系人姓名"),
        Column("content", "内容", "跟进内容,跟进记录,沟通内容,备注,notes,note,description,说明"),
        Column("outcome", "结果", "跟进结果,沟通结果,result"),
        Column("place", "地点", "拜访地点,location,地址"),
        Column(
            "next_at", "下次跟进", "下次跟进时间,下次联系时间,下次联系,next,next follow-up,next contact,下次跟进日期"
        ),
    ),
    **sales_columns.COLUMNS,
}
REQUIRED: dict[ImportKind, tuple[str, ...]] = {
    ImportKind.CUSTOMERS: ("name",),
    ImportKind.CONTACTS: ("customer", "name"),
    ImportKind.ACTIVITIES: ("customer", "at"),
    **sales_columns.REQUIRED,
}
_STANDS_IN = (("customer", "customer_name"), ("phone", "phone2"), ("phone", "contact_phone"))
"""Where the better column is missing, what the other one holds is taken for it."""


@dataclass(frozen=True)
class Headers:
    """The reading of a header row: canonical column of each known header, its index, and headers without meaning."""

    mapping: dict[str, str]
    places: dict[str, int]
    unknown: list[str]
    names: dict[str, str]


def known(kind: ImportKind, own: Sequence[Column] = ()) -> frozenset[str]:
    """Every header that means something for this kind: what finds the header row below a title. `own` are the columns of
    custom fields, here and below."""
    return frozenset(word for column in (*COLUMNS[kind], *own) for word in _words(column))


def meanings(kind: ImportKind) -> frozenset[str]:
    """Every header that could be taken for a built-in column, the weaker ones too."""
    return known(kind) | frozenset(word for column in COLUMNS[kind] for word in _folded(column.weak))


def match(
    kind: ImportKind,
    headers: Sequence[str],
    chosen: Mapping[str, str] | None = None,
    *,
    complete: bool = True,
    own: Sequence[Column] = (),
) -> Headers:
    """Give each header its column: as `chosen` ({header: column}, "" to leave it out), else by its synonyms.

    Case, spaces and full-width letters make no difference. Raises Invalid("mapping") for a choice that cannot be, and
    Invalid("file") when a required column is not found, unless `complete` is False.
    """
    columns = (*COLUMNS[kind], *own)
    taken = _chosen(columns, headers, chosen or {})
    left_out = {header for header, column in (chosen or {}).items() if not column}
    for words in (_words, lambda column: _folded(column.weak)):
        for column in columns:
            if column.name in taken.values():
                continue
            free = (h for h in headers if h and h not in taken and h not in left_out and fold(h) in words(column))
            if (header := next(free, None)) is not None:
                taken[header] = column.name
    for better, other in _STANDS_IN:
        names = {column.name for column in COLUMNS[kind]}
        if {better, other} <= names and better not in taken.values():
            taken = {
                header: better if column == other and header not in (chosen or {}) else column
                for header, column in taken.items()
            }
    if complete:
        _require(kind, headers, taken)
    mapping = {header: taken[header] for header in headers if header in taken}
    return Headers(
        mapping=mapping,
        places={mapping[header]: place for place, header in enumerate(headers) if header in mapping},
        unknown=[header for header in headers if header and header not in taken],
        names={column: header for header, column in mapping.items()},
    )


def header_of(kind: ImportKind, column: str, own: Sequence[Column] = ()) -> str:
    """The Chinese header of a canonical column."""
    return next(c.header for c in (*COLUMNS[kind], *own) if c.name == column)


def _chosen(columns: Sequence[Column], headers: Sequence[str], chosen: Mapping[str, str]) -> dict[str, str]:
    names = {column.name for column in columns}
    taken: dict[str, str] = {}
    for header, column in chosen.items():
        if header not in headers:
            raise Invalid("mapping", "The file has no column {column}.", column=header)
        if column and column not in names:
            known_names = ", ".join(sorted(names))
            raise Invalid(
                "mapping", "{column} is not a column: choose one of {known}.", column=column, known=known_names
            )
        if column in taken.values():
            raise Invalid("mapping", "Two columns of the file are mapped to {column}.", column=column)
        if column:
            taken[header] = column
    return taken


def _require(kind: ImportKind, headers: Sequence[str], taken: Mapping[str, str]) -> None:
    for column in REQUIRED[kind]:
        substitute = kind is ImportKind.CUSTOMERS and column == "name" and "code" in taken.values()
        if column not in taken.values() and not substitute:
            raise Invalid(
                "file",
                "No column holds {column}. The file has: {headers}. Rename the column, or choose another encoding.",
                column=f"{_(TITLES[column])} ({header_of(kind, column)})",
                headers=", ".join(h[:40] for h in headers[:30] if h),
            )


TITLES = {
    "name": N_("Name"),
    "customer": N_("Customer"),
    "at": N_("Time"),
    "date": N_("Date"),
    "subject": N_("Subject"),
}


def _words(column: Column) -> frozenset[str]:
    return _folded(f"{column.name},{column.header},{column.also}")


def _folded(words: str) -> frozenset[str]:
    return frozenset(fold(word) for word in words.split(",") if word)
