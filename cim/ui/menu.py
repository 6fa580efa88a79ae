"""The pages: address, name, icon, who may open them, and where they stand in the menu. Data, not code."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from cim.config import PROJECT
from cim.i18n import N_
from cim.permissions import Permission


class Entry(NamedTuple):
    """One page. `icon` is the name of a Material symbol; an empty `section` keeps the page out of the menu."""

    path: str
    url_path: str
    title: str
    icon: str
    permission: Permission
    section: str


DAY, WORK, SALES, DESK = N_("My day"), N_("Customers"), N_("Selling"), N_("Service desk")
INSIGHT, QUALITY, CARE = N_("Insight"), N_("Data care"), N_("Administration")

PAGES = [
    Entry("pages/dashboard.py", "", N_("Dashboard"), "monitoring", Permission.DASHBOARD_READ, DAY),
    Entry("pages/worklist.py", "worklist", N_("Whom to contact"), "checklist", Permission.CUSTOMER_READ, DAY),
    Entry("pages/tasks.py", "tasks", N_("Tasks"), "task_alt", Permission.TASK_WRITE, DAY),
    Entry("pages/calendar.py", "calendar", N_("Work calendar"), "calendar_month", Permission.CUSTOMER_READ, DAY),
    Entry("pages/timeline.py", "timeline", N_("Follow-ups"), "event_note", Permission.CUSTOMER_READ, DAY),
    Entry("pages/search.py", "search", N_("Find customers"), "search", Permission.CUSTOMER_READ, WORK),
    Entry(
        "pages/customer_entry.py", "customer_entry", N_("Add customer"), "person_add", Permission.CUSTOMER_WRITE, WORK
    ),
    Entry("pages/imports.py", "imports", N_("Import"), "swap_vert", Permission.IMPORT, WORK),
    Entry("pages/opportunities.py", "opportunities", N_("Opportunities"), "filter_alt", Permission.SALES_READ, SALES),
    Entry("pages/orders.py", "orders", N_("Orders"), "receipt_long", Permission.SALES_READ, SALES),
    Entry("pages/contracts.py", "contracts", N_("Contracts"), "contract", Permission.SALES_READ, SALES),
    Entry("pages/products.py", "products", N_("Products"), "inventory_2", Permission.SALES_READ, SALES),
    Entry("pages/tickets.py", "tickets", N_("Tickets"), "support_agent", Permission.TICKET_READ, DESK),
    Entry(
        "pages/satisfaction.py", "satisfaction", N_("Satisfaction"), "sentiment_satisfied", Permission.TICKET_READ, DESK
    ),
    Entry("pages/team.py", "team", N_("Team"), "groups", Permission.TEAM_READ, INSIGHT),
    Entry("pages/segments.py", "segments", N_("Segments"), "donut_small", Permission.SEGMENT_READ, INSIGHT),
    Entry("pages/duplicates.py", "duplicates", N_("Duplicates"), "join_inner", Permission.CUSTOMER_WRITE, QUALITY),
    Entry("pages/quality.py", "quality", N_("Data quality"), "verified", Permission.CUSTOMER_READ, QUALITY),
    Entry("pages/changes.py", "changes", N_("Changes and undo"), "undo", Permission.CUSTOMER_WRITE, QUALITY),
    Entry("pages/recycle.py", "recycle", N_("Recycle bin"), "delete", Permission.CUSTOMER_WRITE, QUALITY),
    Entry("pages/customer.py", "customer", N_("Customer"), "person", Permission.CUSTOMER_READ, ""),
    Entry("pages/print_timeline.py", "print_timeline", N_("Print timeline"), "print", Permission.CUSTOMER_READ, ""),
    Entry("pages/opportunity.py", "opportunity", N_("Opportunity"), "filter_alt", Permission.SALES_READ, ""),
    Entry("pages/order.py", "order", N_("Sales order"), "receipt_long", Permission.SALES_READ, ""),
    Entry("pages/contract.py", "contract", N_("Contract"), "contract", Permission.SALES_READ, ""),
    Entry("pages/ticket.py", "ticket", N_("Ticket"), "confirmation_number", Permission.TICKET_READ, ""),
    Entry("pages/settings.py", "settings", N_("Settings"), "tune", Permission.SETTINGS_MANAGE, CARE),
    Entry("pages/jobs.py", "jobs", N_("Scheduled work"), "schedule", Permission.SETTINGS_MANAGE, CARE),
    Entry("pages/users.py", "users", N_("Users"), "manage_accounts", Permission.USER_MANAGE, CARE),
    Entry("pages/audit.py", "audit", N_("Audit log"), "policy", Permission.AUDIT_READ, CARE),
    Entry("pages/notices.py", "notices", N_("Notices"), "notifications", Permission.ACCOUNT, ""),
    Entry("pages/account.py", "account", N_("My account"), "account_circle", Permission.ACCOUNT, ""),
]


@cache
def existing() -> list[Entry]:
    """The entries whose page is there."""
    return [entry for entry in PAGES if (PROJECT / entry.path).exists()]
