"""The template of each kind of import: which columns it has, what their notes say, and the choices it offers."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from cim.i18n import N_, _
from cim.models import User
from cim.models.base import columns as fields_of
from cim.models.imports import ImportKind
from cim.models.user import UserStatus
from cim.permissions import Permission
from cim.service import options, stages
from cim.service.importing import mapping, own_fields, sales_columns
from cim.tabular.template import TemplateColumn, write_template
from cim.work import Work

USERS = fields_of(User)
_LEFT_OUT = ("customer_name", "contact_email", "contact_phone", "contact3", "contact4")
"""Columns, or beginnings of such, that are understood in a file and would only confuse in a template."""

_NOTES = {
    "code": N_("Leave empty to get the next free code. The same code again updates the customer, if you choose so."),
    "kind": N_("Company or person; guessed from the name when empty."),
    "contact": N_("The main contact person."),
    "contact_title": N_("With a job title or own numbers, the contact person becomes a contact record."),
    "contact2": N_("A second contact. More: 联系人3, 联系人3手机 …"),
    "phone": N_("Mobile or landline; several separated by a semicolon."),
    "birthday": N_("Such as 1990-03-07."),
    "id_number": N_("18 digits, stored sealed."),
    "region": N_("Province and city, such as 江苏省南京市; read from the address when empty."),
    "owner": N_("Name or user name of a colleague; 公海 for the public pool. Empty: you."),
    "tags": N_("Several separated by a semicolon."),
    "created_at": N_("When the customer was first recorded; empty: now."),
    "customer": N_("Code, exact name, or phone of the customer."),
    "type": N_("Empty: a note."),
    "at": N_("Day and time, such as 2026-03-30 08:09."),
    "by": N_("Who did it; a name nobody here has is kept as it is. Empty: you."),
    "next_at": N_("A task is made when this day is still to come."),
}
_FIXED = {
    "kind": ("公司", "个人"),
    "gender": ("男", "女"),
    "grade": ("A", "B", "C", "D"),
    "type": ("电话", "拜访", "邮件", "微信", "会议", "备注"),
    "outcome": ("无人接听", "暂无需求", "待跟进", "有意向", "已成交"),
}
_STRICT = ("kind", "gender", "grade", "type")
_EXAMPLES = {
    ImportKind.CUSTOMERS: {
        "kind": "公司",
        "name": "南京示例环保科技有限公司",
        "contact": "王小明",
        "contact_title": "采购经理",
        "phone": "138 0013 8000",
        "phone2": "025-83201234",
        "email": "wang@example.com",
        "industry": "环保",
        "region": "江苏省南京市",
        "address": "江苏省南京市江宁区示例路1号",
        "source": "展会",
        "grade": "B",
        "tags": "重点;华东",
        "contact2": "李小红",
        "contact2_title": "财务",
        "contact2_phone": "13900139000",
        "created_at": "2026-01-05",
    },
    ImportKind.CONTACTS: {
        "customer": "C000001",
        "name": "李小红",
        "title": "财务",
        "phone": "13900139000",
        "email": "li@example.com",
        "role": "影响者",
    },
    ImportKind.ACTIVITIES: {
        "customer": "C000001",
        "type": "拜访",
        "at": "2026-03-30 08:09",
        "contact": "王小明",
        "content": "介绍新产品，约定寄样品",
        "outcome": "有意向",
        "place": "客户公司",
        "next_at": "2026-04-06 10:00",
    },
    **sales_columns.EXAMPLES,
}


def made(work: Work, kind: ImportKind) -> bytes:
    """The template as XLSX: headers with notes, lists of choices below them, an example on a second sheet."""
    return write_template(
        [*_built_in(work, kind), *_own(work, kind)],
        sheet=_("Import"),
        example_sheet=_("Example"),
        stop=_("Choose a value from the list."),
        required=_("Required.") + " ",
    )


def _built_in(work: Work, kind: ImportKind) -> list[TemplateColumn]:
    example, offered = _EXAMPLES[kind], _offered(work, kind)
    notes = sales_columns.NOTES.get(kind, _NOTES)
    return [
        TemplateColumn(
            column.header,
            _(notes[column.name]) if column.name in notes else "",
            offered.get(column.name, ()),
            column.name in _STRICT,
            example.get(column.name, ""),
            column.name in mapping.REQUIRED[kind],
        )
        for column in mapping.COLUMNS[kind]
        if not column.name.startswith(_LEFT_OUT)
    ]


def _own(work: Work, kind: ImportKind) -> list[TemplateColumn]:
    own = own_fields.fields(work, kind)
    return [
        TemplateColumn(column.header, field.hint, field.options)
        for field, column in zip(own, own_fields.columns(own), strict=True)
    ]


def _offered(work: Work, kind: ImportKind) -> dict[str, Sequence[str]]:
    if kind in sales_columns.OFFERED:
        people = {"owner": Permission.SALES_WRITE, "handler": None}
        named = {
            name: _people(work, to) for name, to in people.items() if name in {c.name for c in mapping.COLUMNS[kind]}
        }
        stages_ = (
            {"stage": [stage.name for stage in stages.everything(work)]} if kind is ImportKind.OPPORTUNITIES else {}
        )
        return {**sales_columns.OFFERED[kind], **named, **stages_}
    offered: dict[str, Sequence[str]] = dict(_FIXED)
    if kind is ImportKind.CUSTOMERS:
        offered |= {name: options.choices(work, name) for name in ("industry", "source", "tags")}
        offered["owner"] = _people(work, Permission.CUSTOMER_WRITE)
    if kind is ImportKind.ACTIVITIES:
        offered["by"] = _people(work, None)
    return offered


def _people(work: Work, permission: Permission | None) -> list[str]:
    """Colleagues by name: those to whom the actor may give customers, or all."""
    active = select(USERS.id, USERS.name).where(USERS.status == UserStatus.ACTIVE).order_by(USERS.name)
    return [
        name for number, name in work.session.execute(active) if permission is None or work.owns(permission, number)
    ]
