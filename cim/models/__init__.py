"""One file per noun: enums, Fields, Draft, table, View. Importing the package registers every table."""

from cim.models.activity import Activity
from cim.models.audit import AuditEntry, ChangeSet
from cim.models.base import Model, metadata
from cim.models.contact import Contact
from cim.models.custom import CustomField, CustomValue
from cim.models.customer import Customer, CustomerTag
from cim.models.imports import ImportBatch
from cim.models.job import Job
from cim.models.merge import Merge
from cim.models.option import Option
from cim.models.quality import QualitySnapshot
from cim.models.region import Region
from cim.models.rule import FieldRule
from cim.models.saved_view import SavedView, Star
from cim.models.search import CustomerSearch, DuplicatePair, LookupKey
from cim.models.setting import Preference, Setting
from cim.models.stored_file import StoredFile
from cim.models.subject import SubjectKey
from cim.models.task import Task
from cim.models.user import AuthSession, LoginThrottle, OnceToken, Team, User

__all__ = [
    "Activity",
    "AuditEntry",
    "AuthSession",
    "ChangeSet",
    "Contact",
    "CustomField",
    "CustomValue",
    "Customer",
    "CustomerSearch",
    "CustomerTag",
    "DuplicatePair",
    "FieldRule",
    "ImportBatch",
    "Job",
    "LoginThrottle",
    "LookupKey",
    "Merge",
    "Model",
    "OnceToken",
    "Option",
    "Preference",
    "QualitySnapshot",
    "Region",
    "SavedView",
    "Setting",
    "Star",
    "StoredFile",
    "SubjectKey",
    "Task",
    "Team",
    "User",
    "metadata",
]
