"""What the import page calls kinds, modes, columns and choices."""

from __future__ import annotations

import re

from cim import words
from cim.i18n import N_, _
from cim.models.imports import ImportKind, ImportMode, OnDuplicate
from cim.permissions import Permission

KINDS = {
    ImportKind.CUSTOMERS: N_("Customers"),
    ImportKind.CONTACTS: N_("Contacts"),
    ImportKind.ACTIVITIES: N_("Follow-ups"),
    ImportKind.OPPORTUNITIES: N_("Opportunities"),
    ImportKind.ORDERS: N_("Orders"),
    ImportKind.PRODUCTS: N_("Products"),
    ImportKind.TICKETS: N_("Tickets"),
}
NEEDED = {ImportKind.PRODUCTS: Permission.PRODUCT_MANAGE}
"""What a kind takes besides the permission to import."""
ONLY_ADDED = (ImportKind.ACTIVITIES, ImportKind.ORDERS, ImportKind.TICKETS)
"""Kinds that are never updated by a file."""
WITH_CUSTOMERS = (ImportKind.ORDERS, ImportKind.OPPORTUNITIES, ImportKind.TICKETS)
"""Kinds whose rows may bring customers that nobody entered."""
MODES = {
    ImportMode.ADD: N_("Only add"),
    ImportMode.UPSERT: N_("Add, and update those that are known"),
    ImportMode.UPDATE: N_("Only update those that are known"),
}
DUPLICATES = {
    OnDuplicate.REVIEW: N_("Add them and put the pairs up for review"),
    OnDuplicate.SKIP: N_("Leave them out"),
    OnDuplicate.UPDATE: N_("Update the customer when it is almost sure"),
}
COLUMNS = {
    "customer": N_("Customer (code, name or phone)"),
    "customer_name": N_("Customer name"),
    "type": N_("Type"),
    "at": N_("Time"),
    "by": N_("Followed up by"),
    "content": N_("Content"),
    "outcome": N_("Outcome"),
    "place": N_("Place"),
    "next_at": N_("Next follow-up"),
    "amount": N_("Amount"),
    "category": N_("Category"),
    "closed_at": N_("Closed on"),
    "currency": N_("Currency"),
    "date": N_("Date"),
    "description": N_("Description"),
    "expected_close": N_("Expected close"),
    "handler": N_("Handler"),
    "margin": N_("Margin"),
    "number": N_("Number"),
    "opened_at": N_("Opened on"),
    "order_no": N_("Order number"),
    "price": N_("Price"),
    "priority": N_("Priority"),
    "probability": N_("Probability"),
    "product": N_("Product"),
    "quantity": N_("Quantity"),
    "reason": N_("Reason"),
    "resolution": N_("Resolution"),
    "result": N_("Result"),
    "satisfaction": N_("Satisfaction"),
    "stage": N_("Stage"),
    "status": N_("Status"),
    "subject": N_("Subject"),
    "unit": N_("Unit"),
    "unit_price": N_("Unit price"),
}
_PART = {
    "": N_("Contact {number}"),
    "title": N_("Contact {number}: job title"),
    "phone": N_("Contact {number}: phone"),
    "email": N_("Contact {number}: email"),
}
_CONTACT = re.compile(r"contact(\d?)(?:_(title|phone|email))?")
DELIMITERS = {",": N_("Comma"), "\t": N_("Tab"), ";": N_("Semicolon"), "|": N_("Vertical bar")}
ENCODINGS = {"utf-8": "UTF-8", "gb18030": "GB18030 / GBK", "big5": "Big5", "utf-16": "UTF-16"}


def column(name: str, labels: dict[str, str] | None = None) -> str:
    """What a column is called; `labels` are those of custom fields."""
    if not name:
        return _("Leave out")
    if labels and name in labels:
        return labels[name]
    found = _CONTACT.fullmatch(name)
    if found and name != "contact":
        return _(_PART[found[2] or ""], number=found[1] or "1")
    return _(COLUMNS[name]) if name in COLUMNS else words.field(name)
