"""Who may do what: roles, permissions, scopes and the matrix that joins them. Data, not code."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """A user's role. One per user."""

    REP = "rep"
    MANAGER = "manager"
    SERVICE = "service"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Scope(StrEnum):
    """Which rows a permission reaches: the actor's own, the actor's team's (with its sub-teams), or all."""

    OWN = "own"
    TEAM = "team"
    ALL = "all"


class Permission(StrEnum):
    """What a service function can ask for. One value per verb that roles differ in."""

    ACCOUNT = "account"
    DASHBOARD_READ = "dashboard.read"
    CUSTOMER_READ = "customer.read"
    CUSTOMER_WRITE = "customer.write"
    CUSTOMER_CLAIM = "customer.claim"
    CUSTOMER_ASSIGN = "customer.assign"
    CUSTOMER_UNMASK = "customer.unmask"
    CUSTOMER_REVEAL = "customer.reveal"
    ACTIVITY_WRITE = "activity.write"
    TASK_WRITE = "task.write"
    SALES_READ = "sales.read"
    SALES_WRITE = "sales.write"
    PRODUCT_MANAGE = "product.manage"
    TICKET_READ = "ticket.read"
    TICKET_OPEN = "ticket.open"
    TICKET_HANDLE = "ticket.handle"
    TICKET_ASSIGN = "ticket.assign"
    SURVEY_SEND = "survey.send"
    TEAM_READ = "team.read"
    TARGET_MANAGE = "target.manage"
    SEGMENT_READ = "segment.read"
    IMPORT = "import"
    EXPORT = "export"
    AUDIT_READ = "audit.read"
    AUDIT_REVEAL = "audit.reveal"
    COLLEAGUE_READ = "colleague.read"
    DUPLICATE_MANAGE = "duplicate.manage"
    SETTINGS_MANAGE = "settings.manage"
    USER_MANAGE = "user.manage"
    BACKUP_MANAGE = "backup.manage"


_OWN, _TEAM, _ALL = Scope.OWN, Scope.TEAM, Scope.ALL
_P = Permission

MATRIX: dict[Role, dict[Permission, Scope]] = {
    Role.REP: {
        _P.ACCOUNT: _OWN,
        _P.DASHBOARD_READ: _OWN,
        _P.CUSTOMER_READ: _OWN,
        _P.CUSTOMER_WRITE: _OWN,
        _P.CUSTOMER_CLAIM: _OWN,
        _P.CUSTOMER_UNMASK: _OWN,
        _P.CUSTOMER_REVEAL: _OWN,
        _P.ACTIVITY_WRITE: _OWN,
        _P.TASK_WRITE: _OWN,
        _P.SALES_READ: _OWN,
        _P.SALES_WRITE: _OWN,
        _P.TICKET_READ: _OWN,
        _P.TICKET_OPEN: _OWN,
        _P.SURVEY_SEND: _OWN,
        _P.SEGMENT_READ: _OWN,
        _P.IMPORT: _OWN,
        _P.EXPORT: _OWN,
        _P.COLLEAGUE_READ: _ALL,
    },
    Role.MANAGER: {
        _P.ACCOUNT: _OWN,
        _P.DASHBOARD_READ: _TEAM,
        _P.CUSTOMER_READ: _TEAM,
        _P.CUSTOMER_WRITE: _TEAM,
        _P.CUSTOMER_CLAIM: _TEAM,
        _P.CUSTOMER_ASSIGN: _TEAM,
        _P.CUSTOMER_UNMASK: _TEAM,
        _P.CUSTOMER_REVEAL: _TEAM,
        _P.ACTIVITY_WRITE: _TEAM,
        _P.TASK_WRITE: _TEAM,
        _P.SALES_READ: _TEAM,
        _P.SALES_WRITE: _TEAM,
        _P.PRODUCT_MANAGE: _ALL,
        _P.TICKET_READ: _TEAM,
        _P.TICKET_OPEN: _TEAM,
        _P.TICKET_ASSIGN: _TEAM,
        _P.SURVEY_SEND: _TEAM,
        _P.TEAM_READ: _TEAM,
        _P.TARGET_MANAGE: _TEAM,
        _P.SEGMENT_READ: _TEAM,
        _P.DUPLICATE_MANAGE: _TEAM,
        _P.IMPORT: _TEAM,
        _P.EXPORT: _TEAM,
        _P.COLLEAGUE_READ: _ALL,
    },
    Role.SERVICE: {
        _P.ACCOUNT: _OWN,
        _P.DASHBOARD_READ: _ALL,
        _P.CUSTOMER_READ: _ALL,
        _P.CUSTOMER_WRITE: _ALL,
        _P.CUSTOMER_REVEAL: _ALL,
        _P.ACTIVITY_WRITE: _ALL,
        _P.TASK_WRITE: _OWN,
        _P.SALES_READ: _ALL,
        _P.TICKET_READ: _ALL,
        _P.TICKET_OPEN: _ALL,
        _P.TICKET_HANDLE: _ALL,
        _P.TICKET_ASSIGN: _ALL,
        _P.SURVEY_SEND: _ALL,
        _P.SEGMENT_READ: _ALL,
        _P.COLLEAGUE_READ: _ALL,
    },
    Role.AUDITOR: {
        _P.ACCOUNT: _OWN,
        _P.DASHBOARD_READ: _ALL,
        _P.CUSTOMER_READ: _ALL,
        _P.SALES_READ: _ALL,
        _P.TICKET_READ: _ALL,
        _P.TEAM_READ: _ALL,
        _P.SEGMENT_READ: _ALL,
        _P.EXPORT: _ALL,
        _P.AUDIT_READ: _ALL,
        _P.AUDIT_REVEAL: _ALL,
        _P.COLLEAGUE_READ: _ALL,
    },
    # Separation of duties: the administrator keeps the system, and does not read customers' personal data in clear.
    Role.ADMIN: {
        _P.ACCOUNT: _OWN,
        _P.DASHBOARD_READ: _ALL,
        _P.CUSTOMER_READ: _ALL,
        _P.CUSTOMER_WRITE: _ALL,
        _P.CUSTOMER_ASSIGN: _ALL,
        _P.ACTIVITY_WRITE: _ALL,
        _P.TASK_WRITE: _ALL,
        _P.SALES_READ: _ALL,
        _P.SALES_WRITE: _ALL,
        _P.PRODUCT_MANAGE: _ALL,
        _P.TICKET_READ: _ALL,
        _P.TICKET_OPEN: _ALL,
        _P.TICKET_HANDLE: _ALL,
        _P.TICKET_ASSIGN: _ALL,
        _P.SURVEY_SEND: _ALL,
        _P.TEAM_READ: _ALL,
        _P.TARGET_MANAGE: _ALL,
        _P.SEGMENT_READ: _ALL,
        _P.IMPORT: _ALL,
        _P.EXPORT: _ALL,
        _P.AUDIT_READ: _ALL,
        _P.COLLEAGUE_READ: _ALL,
        _P.DUPLICATE_MANAGE: _ALL,
        _P.SETTINGS_MANAGE: _ALL,
        _P.USER_MANAGE: _ALL,
        _P.BACKUP_MANAGE: _ALL,
    },
}

EXPORT_CAP: dict[Role, int] = {Role.REP: 500, Role.MANAGER: 20_000, Role.AUDITOR: 20_000, Role.ADMIN: 100_000}
"""Most rows one export may hold, by role."""
