"""How orders and contracts are written: money, statuses as badges, one line of a list."""

from __future__ import annotations

from decimal import Decimal

from cim import words
from cim.i18n import _, format_date, format_money, format_number
from cim.models.contract import ContractStatus
from cim.models.order import DeliveryStatus, OrderStatus, PaymentStatus
from cim.models.order_view import ContractRow, OrderRow
from cim.service import currency
from cim.ui.text import safe

_STATUS = {
    OrderStatus.DRAFT: "gray",
    OrderStatus.CONFIRMED: "blue",
    OrderStatus.PAID: "green",
    OrderStatus.COMPLETED: "green",
    OrderStatus.CANCELLED: "gray",
}
_PAYMENT = {
    PaymentStatus.UNPAID: "orange",
    PaymentStatus.PARTIAL: "orange",
    PaymentStatus.PAID: "green",
    PaymentStatus.REFUNDED: "violet",
}
_DELIVERY = {DeliveryStatus.OPEN: "gray", DeliveryStatus.PARTIAL: "orange", DeliveryStatus.DELIVERED: "green"}
_CONTRACT = {
    ContractStatus.DRAFT: "gray",
    ContractStatus.ACTIVE: "green",
    ContractStatus.ENDED: "gray",
    ContractStatus.CANCELLED: "gray",
}


def money(amount: Decimal | None, code: str = "") -> str:
    """An amount as Markdown, in the base currency unless said otherwise."""
    return safe(format_money(amount, code or currency.base()))


def quantity(value: Decimal) -> str:
    """A quantity with as many digits as it needs."""
    return format_number(value, max(0, -int(value.normalize().as_tuple().exponent)))


def badges(row: OrderRow) -> str:
    """Where an order stands: its status, what is paid, what is delivered."""
    shown = [_badge(_STATUS[row.status], words.value("order_status", row.status))]
    if row.status in (OrderStatus.CONFIRMED, OrderStatus.COMPLETED, OrderStatus.PAID):
        if row.overdue:
            shown.append(_badge("red", _("Payment overdue")))
        elif row.payment is not PaymentStatus.PAID:
            shown.append(_badge(_PAYMENT[row.payment], words.value("payment", row.payment)))
        if row.status is not OrderStatus.COMPLETED:
            shown.append(_badge(_DELIVERY[row.delivery], words.value("delivery", row.delivery)))
    return " ".join(shown)


def line(row: OrderRow) -> str:
    """An order as one entry of a list on the page of its customer."""
    facts = [format_date(row.ordered_on), row.owner]
    if row.open and row.payment is PaymentStatus.PARTIAL:
        facts.append(_("{amount} open", amount=format_money(row.open, row.currency)))
    told = " · ".join(safe(fact) for fact in facts if fact)
    return (
        f"[{safe(row.order_no)}](/order?id={row.id}) · **{money(row.amount, row.currency)}** {badges(row)}"
        f"  \n:gray[:small[{told}]]"
    )


def contract_badges(row: ContractRow) -> str:
    """Where a contract stands, and when it ends where that is near."""
    shown = [_badge(_CONTRACT[row.status], words.value("contract_status", row.status))]
    if row.status is ContractStatus.ACTIVE and row.days_left is not None:
        if row.days_left < 0:
            shown.append(_badge("red", _("Ended {days} days ago", days=-row.days_left)))
        elif row.ends_soon:
            shown.append(_badge("orange", _("Ends in {days} days", days=row.days_left)))
    return " ".join(shown)


def contract_line(row: ContractRow) -> str:
    """A contract as one entry of a list on the page of its customer."""
    span = [format_date(row.starts_on) if row.starts_on else "", format_date(row.ends_on) if row.ends_on else ""]
    facts = [row.number, " – ".join(span).strip(" –"), row.owner]
    told = " · ".join(safe(fact) for fact in facts if fact)
    amount = f" · **{money(row.amount, row.currency)}**" if row.amount else ""
    return f"[{safe(row.title)}](/contract?id={row.id}){amount} {contract_badges(row)}  \n:gray[:small[{told}]]"


def _badge(color: str, text: str) -> str:
    return f":{color}-badge[{safe(text)}]"
