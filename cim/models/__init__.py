"""One file per noun: enums, Fields, Draft, table, View. Importing the package registers every table."""

from cim.models.activity import Activity
from cim.models.audit import AuditEntry, ChangeSet
from cim.models.base import Model, metadata
from cim.models.contact import Contact
from cim.models.customer import Customer, CustomerTag
from cim.models.imports import ImportBatch
from cim.models.region import Region
from cim.models.search import CustomerSearch, DuplicatePair, LookupKey
from cim.models.subject import SubjectKey
from cim.models.task import Task
from cim.models.user import AuthSession, LoginThrottle, OnceToken, Team, User

__all__ = [
    "Activity",
    "AuditEntry",
    "AuthSession",
    "ChangeSet",
    "Contact",
    "Customer",
    "CustomerSearch",
    "CustomerTag",
    "DuplicatePair",
    "ImportBatch",
    "LoginThrottle",
    "LookupKey",
    "Model",
    "OnceToken",
    "Region",
    "SubjectKey",
    "Task",
    "Team",
    "User",
    "metadata",
]
