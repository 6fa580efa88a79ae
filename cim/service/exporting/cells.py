"""Values as a file holds them, in the words that an import reads back."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from cim import clock
from cim.models.activity import ActivityType, Outcome
from cim.models.contract import ContractStatus
from cim.models.customer import Gender, Kind
from cim.models.opportunity import StageKind
from cim.models.order import OrderStatus
from cim.models.ticket import Priority, TicketStatus, TicketType

WORDS: dict[type[StrEnum], dict[str, str]] = {
    Kind: {Kind.COMPANY: "公司", Kind.PERSON: "个人"},
    Gender: {Gender.MALE: "男", Gender.FEMALE: "女"},
    ActivityType: {
        ActivityType.CALL: "电话",
        ActivityType.VISIT: "拜访",
        ActivityType.EMAIL: "邮件",
        ActivityType.WECHAT: "微信",
        ActivityType.MEETING: "会议",
        ActivityType.NOTE: "备注",
    },
    Outcome: {
        Outcome.NO_ANSWER: "无人接听",
        Outcome.NO_NEED: "暂无需求",
        Outcome.PENDING: "待跟进",
        Outcome.INTERESTED: "有意向",
        Outcome.DEAL: "已成交",
    },
    OrderStatus: {
        OrderStatus.DRAFT: "草稿",
        OrderStatus.CONFIRMED: "已确认",
        OrderStatus.PAID: "已付款",
        OrderStatus.COMPLETED: "已完成",
        OrderStatus.CANCELLED: "已取消",
    },
    ContractStatus: {
        ContractStatus.DRAFT: "草稿",
        ContractStatus.ACTIVE: "履行中",
        ContractStatus.ENDED: "已结束",
        ContractStatus.CANCELLED: "已取消",
    },
    StageKind: {StageKind.OPEN: "进行中", StageKind.WON: "赢单", StageKind.LOST: "输单"},
    TicketType: {TicketType.COMPLAINT: "投诉", TicketType.REQUEST: "咨询", TicketType.SUGGESTION: "建议"},
    Priority: {Priority.URGENT: "紧急", Priority.HIGH: "高", Priority.NORMAL: "中", Priority.LOW: "低"},
    TicketStatus: {
        TicketStatus.NEW: "新建",
        TicketStatus.OPEN: "处理中",
        TicketStatus.WAITING: "等待客户",
        TicketStatus.RESOLVED: "已解决",
        TicketStatus.CLOSED: "已关闭",
    },
}
"""The words that an import reads back."""


def written(value: Any) -> str:
    """A value as the cell of a file."""
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case datetime():
            local = clock.local(value)
            return f"{local:%Y-%m-%d %H:%M:%S}" if local.second else f"{local:%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
        case Decimal():
            plain = f"{value:f}"
            return plain.rstrip("0").rstrip(".") if "." in plain else plain
    if type(value) is str:
        return value
    return WORDS.get(type(value), {}).get(value, str(value))
