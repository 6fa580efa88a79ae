"""How the codes that are stored are called: enum values and fields. Data; rendered with `_()` where they are shown."""

from __future__ import annotations

from cim.i18n import N_, _

FIELDS = {
    "code": N_("Customer code"),
    "kind": N_("Kind"),
    "party": N_("Relationship"),
    "name": N_("Name"),
    "contact": N_("Contact person"),
    "phone": N_("Phone"),
    "phone2": N_("Second phone"),
    "email": N_("Email"),
    "wechat": N_("WeChat"),
    "gender": N_("Gender"),
    "birthday": N_("Birthday"),
    "id_number": N_("ID number"),
    "uscc": N_("Credit code (USCC)"),
    "industry": N_("Industry"),
    "region": N_("Region"),
    "region_code": N_("Region"),
    "address": N_("Address"),
    "source": N_("Source"),
    "grade": N_("Grade"),
    "owner": N_("Owner"),
    "owner_id": N_("Owner"),
    "tags": N_("Tags"),
    "preference": N_("Preferences"),
    "notes": N_("Notes"),
    "created_at": N_("Created"),
    "imported_owner": N_("Owner in the imported file"),
    "lifecycle": N_("Lifecycle"),
    "title": N_("Job title"),
    "role": N_("Decision role"),
}

VALUES: dict[str, dict[str, str]] = {
    "kind": {"company": N_("Company"), "person": N_("Person")},
    "party": {
        "customer": N_("Customer"),
        "prospect": N_("Prospect"),
        "agent": N_("Agent"),
        "distributor": N_("Distributor"),
        "supplier": N_("Supplier"),
        "partner": N_("Partner"),
    },
    "gender": {"male": N_("Male"), "female": N_("Female"), "": N_("Not given")},
    "grade": {"A": "A", "B": "B", "C": "C", "D": "D", "": N_("No grade")},
    "lifecycle": {
        "prospect": N_("Potential"),
        "new": N_("New customer"),
        "established": N_("Established"),
        "at_risk": N_("At risk"),
        "lost": N_("Lost"),
    },
    "activity": {
        "call": N_("Call"),
        "visit": N_("Visit"),
        "email": N_("E-mail"),
        "wechat": N_("WeChat"),
        "meeting": N_("Meeting"),
        "note": N_("Note"),
    },
    "outcome": {
        "": N_("No outcome"),
        "no_answer": N_("No answer"),
        "no_need": N_("No need now"),
        "pending": N_("To be followed up"),
        "interested": N_("Interested"),
        "deal": N_("Deal closed"),
    },
    "event_group": {
        "follow_ups": N_("Follow-ups"),
        "tasks": N_("Tasks"),
        "sales": N_("Sales"),
        "service": N_("Service"),
        "comments": N_("Comments and files"),
        "changes": N_("Changes"),
    },
    "contacted": {
        "today": N_("Contacted today"),
        "week": N_("This week"),
        "month": N_("This month"),
        "earlier": N_("Earlier"),
        "never": N_("Never contacted"),
    },
    "noun": {
        "customer": N_("Customer"),
        "contact": N_("Contact"),
        "opportunity": N_("Opportunity"),
        "order": N_("Sales order"),
        "product": N_("Product"),
        "contract": N_("Contract"),
        "ticket": N_("Ticket"),
    },
    "nouns": {
        "customer": N_("Customers"),
        "contact": N_("Contacts"),
        "opportunity": N_("Opportunities"),
        "order": N_("Orders"),
        "product": N_("Products"),
        "contract": N_("Contracts"),
        "ticket": N_("Tickets"),
    },
    "stage_kind": {"open": N_("Still open"), "won": N_("Won deal"), "lost": N_("Lost deal")},
    "order_status": {
        "draft": N_("Draft"),
        "confirmed": N_("Confirmed"),
        "paid": N_("Paid"),
        "completed": N_("Completed"),
        "cancelled": N_("Cancelled"),
    },
    "delivery": {
        "open": N_("Not delivered"),
        "partial": N_("Partly delivered"),
        "delivered": N_("Delivered"),
    },
    "payment": {
        "unpaid": N_("Unpaid"),
        "partial": N_("Partly paid"),
        "paid": N_("Paid"),
        "refunded": N_("Refunded"),
    },
    "contract_status": {
        "draft": N_("Draft"),
        "active": N_("Running"),
        "ended": N_("Ended"),
        "cancelled": N_("Cancelled"),
    },
    "ticket_type": {
        "complaint": N_("Complaint"),
        "request": N_("Enquiry"),
        "suggestion": N_("Suggestion"),
    },
    "priority": {
        "urgent": N_("Urgent"),
        "high": N_("High"),
        "normal": N_("Medium"),
        "low": N_("Low"),
    },
    "ticket_status": {
        "new": N_("Not assigned"),
        "open": N_("In work"),
        "waiting": N_("Waiting for the customer"),
        "resolved": N_("Resolved"),
        "closed": N_("Closed"),
    },
    "ticket_source": {
        "page": N_("Entered by hand"),
        "phone": N_("By phone"),
        "email": N_("E-mail"),
        "wechat": N_("WeChat"),
        "import": N_("Import"),
    },
    "list": {"industry": N_("Industry"), "source": N_("Source"), "tags": N_("Tags")},
    "color": {
        "": N_("No colour"),
        "red": N_("Red"),
        "orange": N_("Orange"),
        "yellow": N_("Yellow"),
        "green": N_("Green"),
        "blue": N_("Blue"),
        "violet": N_("Violet"),
        "gray": N_("Grey"),
    },
    "check": {
        "required": N_("Must be filled"),
        "length": N_("Length"),
        "pattern": N_("Pattern"),
        "among": N_("Only words of the option list"),
    },
    "level": {"area": N_("Area"), "province": N_("Province"), "city": N_("City")},
    "field_type": {
        "text": N_("Text"),
        "number": N_("A number"),
        "money": N_("Amount of money"),
        "date": N_("Day"),
        "choice": N_("One of several choices"),
        "choices": N_("Several choices"),
        "yesno": N_("Yes or no"),
        "link": N_("Web address"),
    },
    "order": {
        "newest": N_("Newest first"),
        "last_contact": N_("Last contact"),
        "next_due": N_("Next follow-up"),
        "name": N_("Name"),
        "grade": N_("Grade"),
        "completeness": N_("Least complete first"),
        "quality": N_("Lowest quality first"),
        "code": N_("Customer code"),
        "owner": N_("Owner"),
    },
    "task": {
        "todo": N_("To do"),
        "call": N_("Call"),
        "visit": N_("Visit"),
        "meeting": N_("Meeting"),
        "return_visit": N_("Return visit"),
    },
    "calendar": {
        "todo": N_("To do"),
        "call": N_("Call"),
        "visit": N_("Visit"),
        "meeting": N_("Meeting"),
        "return_visit": N_("Return visit"),
        "birthday": N_("Birthday"),
        "anniversary": N_("Anniversary"),
        "contract": N_("Contract ends"),
        "close": N_("Expected close"),
        "step": N_("Step of a plan"),
    },
    "within": {
        "today": N_("Today"),
        "yesterday": N_("Yesterday"),
        "tomorrow": N_("Tomorrow"),
        "this_week": N_("This week"),
        "last_week": N_("Last week"),
        "next_week": N_("Next week"),
        "this_month": N_("This month"),
        "last_month": N_("Last month"),
        "next_month": N_("Next month"),
        "this_quarter": N_("This quarter"),
    },
}


def field(name: str) -> str:
    """The label of a field in the language of the visitor."""
    return _(FIELDS[name]) if name in FIELDS else name


def value(kind: str, code: str | None) -> str:
    """The label of a stored code, such as value("outcome", "deal"); the code itself when it is none of ours."""
    known = VALUES[kind]
    return _(known[str(code or "")]) if str(code or "") in known else str(code)


def within(code: str) -> str:
    """The name of a relative date of cim/analytics/periods.py."""
    when, _cut, rest = code.partition("_")
    days = rest.removesuffix("_days")
    if not days.isdecimal():
        return value("within", code)
    return _("Last {days} days", days=days) if when == "last" else _("Next {days} days", days=days)
