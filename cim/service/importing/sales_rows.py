"""Cells of products, orders, opportunities and tickets as values, row by row and without the database."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from cim import normalize
from cim.config import settings
from cim.i18n import N_
from cim.models.imports import ImportKind
from cim.models.order import OrderStatus
from cim.models.ticket import Priority, TicketStatus, TicketType

Readers = Mapping[str, Callable[[str], Any]]
CENT = Decimal("0.01")
MOST = Decimal(10) ** 12
NEGATIVE = N_("{value} is below zero: enter what was ordered; a refund is a payment back.")
_ORDER_STATUS = {
    OrderStatus.DRAFT: "草稿 draft",
    OrderStatus.CONFIRMED: "已确认 确认 待付款 未付款 待支付 已下单 进行中 待发货 已发货 confirmed open pending unpaid",
    OrderStatus.PAID: "已付款 已支付 付款 已收款 paid",
    OrderStatus.COMPLETED: "已完成 完成 交易成功 已签收 已交付 completed complete done closed delivered",
    OrderStatus.CANCELLED: "已取消 取消 作废 已作废 已退款 退款 cancelled canceled void refunded",
}
_TICKET_TYPES = {
    TicketType.COMPLAINT: "投诉 complaint",
    TicketType.REQUEST: "咨询 请求 需求 报修 售后 question request",
    TicketType.SUGGESTION: "建议 意见 suggestion",
}
_PRIORITIES = {
    Priority.URGENT: "紧急 特急 urgent critical p0 p1",
    Priority.HIGH: "高 重要 high p2",
    Priority.NORMAL: "中 普通 一般 正常 normal medium p3",
    Priority.LOW: "低 low p4",
}
_TICKET_STATUS = {
    TicketStatus.NEW: "新建 待分配 未处理 new",
    TicketStatus.OPEN: "处理中 进行中 已分配 已受理 受理中 open assigned",
    TicketStatus.WAITING: "等待客户 待客户确认 挂起 待反馈 waiting pending",
    TicketStatus.RESOLVED: "已解决 已处理 待回访 resolved solved",
    TicketStatus.CLOSED: "已关闭 关闭 已完成 完成 已结案 closed done",
}
_RESULTS = {
    "won": "赢单 成交 已成交 赢 成功 won win",
    "lost": "输单 失败 丢单 输 流失 lost lose",
    "": "进行中 跟进中 未关闭 无 - open",
}


def _by_word(table: Mapping[Any, str]) -> dict[str, Any]:
    return {word: value for value, words in table.items() for word in words.split()}


def readers(kind: ImportKind) -> Readers:
    """What brings a cell of each column into canonical form; raises normalize.Bad."""
    made: dict[ImportKind, Callable[[], Readers]] = {
        ImportKind.PRODUCTS: _products,
        ImportKind.ORDERS: _orders,
        ImportKind.OPPORTUNITIES: _opportunities,
        ImportKind.TICKETS: _tickets,
    }
    return made[kind]()


def _products() -> Readers:
    return {
        "code": _limited(40),
        "name": _limited(120),
        "category": _limited(60),
        "unit": _limited(20),
        "price": _price,
        "currency": _currency,
        "margin": _percent,
        "description": _lines(2000),
    }


def _orders() -> Readers:
    return {
        "order_no": _limited(40),
        "date": normalize.day,
        "product": _limited(120),
        "quantity": _quantity,
        "unit_price": _price,
        "amount": _money,
        "currency": _currency,
        "status": _word(_ORDER_STATUS),
        "owner": _limited(60),
        "notes": _lines(2000),
    }


def _opportunities() -> Readers:
    return {
        "name": _limited(120),
        "amount": _money,
        "currency": _currency,
        "stage": _limited(60),
        "probability": _whole_percent,
        "expected_close": normalize.day,
        "owner": _limited(60),
        "created_at": _moment,
        "closed_at": _moment,
        "result": _word(_RESULTS),
        "reason": _limited(200),
        "notes": _lines(5000),
    }


def _tickets() -> Readers:
    return {
        "number": _limited(40),
        "type": _word(_TICKET_TYPES),
        "subject": _limited(200),
        "content": _lines(5000),
        "priority": _word(_PRIORITIES),
        "category": _limited(60),
        "opened_at": _moment,
        "handler": _limited(60),
        "status": _word(_TICKET_STATUS),
        "closed_at": _moment,
        "resolution": _lines(5000),
        "satisfaction": _score,
    }


def _moment(cell: str) -> Any:
    return normalize.moment(cell, zone=settings().zone)


def _limited(limit: int) -> Callable[[str], str]:
    return lambda cell: normalize.text(cell, limit=limit)


def _lines(limit: int) -> Callable[[str], str]:
    return lambda cell: normalize.multiline(cell, limit=limit)


def _word(table: Mapping[Any, str]) -> Callable[[str], Any]:
    known = _by_word(table)
    offered = ", ".join(words.split()[0] for words in table.values())

    def read(cell: str) -> Any:
        word = normalize.squeeze(cell)
        if word not in known:
            raise normalize.Bad("{value} is not known here: use one of {known}", value=cell.strip()[:20], known=offered)
        return known[word]

    return read


def _positive(cell: str) -> Decimal:
    value = normalize.decimal(cell)
    if value < 0:
        raise normalize.Bad(NEGATIVE, value=cell.strip()[:40])
    if value >= MOST:
        raise normalize.Bad("The number {value} is too large", value=cell.strip()[:40])
    return value


def _money(cell: str) -> Decimal:
    return _positive(cell).quantize(CENT, ROUND_HALF_UP)


def _price(cell: str) -> Decimal:
    return _positive(cell).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _quantity(cell: str) -> Decimal:
    return _positive(cell).quantize(Decimal("0.001"), ROUND_HALF_UP)


def _currency(cell: str) -> str:
    word = normalize.squeeze(cell).upper()
    word = {"人民币": "CNY", "RMB": "CNY", "￥": "CNY", "¥": "CNY", "元": "CNY", "美元": "USD", "$": "USD"}.get(
        word, word
    )
    if not re.fullmatch(r"[A-Z]{3}", word):
        raise normalize.Bad("{value} is not a currency: write its three letters, such as CNY", value=cell.strip()[:20])
    return word


def _percent(cell: str) -> Decimal:
    """A share of a hundred: "35", "35%"; what is below 1 without a sign is a fraction."""
    signed = cell.strip().endswith(("%", "％"))
    value = _positive(cell.strip().rstrip("%％"))
    value = value * 100 if not signed and 0 < value < 1 else value
    if value > 100:
        raise normalize.Bad("{value} is not a percentage: write a number from 0 to 100", value=cell.strip()[:20])
    return value.quantize(CENT, ROUND_HALF_UP)


def _whole_percent(cell: str) -> int:
    return int(_percent(cell).quantize(Decimal(1), ROUND_HALF_UP))


def _score(cell: str) -> int:
    words = {"非常满意": 5, "满意": 4, "一般": 3, "不满意": 2, "非常不满意": 1}
    word = normalize.squeeze(cell).removesuffix("分").removesuffix("星")
    if word in words:
        return words[word]
    value = normalize.decimal(word)
    if value not in {1, 2, 3, 4, 5}:
        raise normalize.Bad("{value} is not a rating: write a number from 1 to 5", value=cell.strip()[:20])
    return int(value)
