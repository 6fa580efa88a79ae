"""One file per noun: enums, Fields, Draft, table, View. Importing the package registers every table."""

from cim.models.activity import Activity
from cim.models.anniversary import Anniversary
from cim.models.audit import AuditEntry, ChangeSet
from cim.models.base import Model, metadata
from cim.models.comment import Comment, Phrase
from cim.models.contact import Contact
from cim.models.contract import Contract
from cim.models.custom import CustomField, CustomValue
from cim.models.customer import Customer, CustomerTag
from cim.models.folded import FOLDED
from cim.models.imports import ImportBatch
from cim.models.job import Job
from cim.models.merge import Merge
from cim.models.notice import CalendarFeed, Channel, Delivery, Lease, MailServer, Notice
from cim.models.opportunity import Opportunity, OpportunityLine, OpportunityStep, Stage, StageChange, Target
from cim.models.option import Option
from cim.models.order import OrderLine, Payment, SalesOrder
from cim.models.product import CurrencyRate, Product, ProductPrice
from cim.models.quality import QualitySnapshot
from cim.models.region import Region
from cim.models.rule import FieldRule
from cim.models.saved_view import SavedView, Star
from cim.models.search import CustomerSearch, DuplicatePair, LookupKey
from cim.models.setting import Preference, Setting
from cim.models.stored_file import StoredFile
from cim.models.subject import SubjectKey
from cim.models.survey import PublicLink, Survey, SurveyAnswer
from cim.models.task import Task
from cim.models.ticket import Holiday, ServiceRule, Skill, Ticket, WorkingHours
from cim.models.user import AuthSession, LoginThrottle, OnceToken, Team, User
from cim.models.worklist import WorklistDecision, WorklistEntry, WorklistRhythm, WorklistRule

__all__ = [
    "FOLDED",
    "Activity",
    "Anniversary",
    "AuditEntry",
    "AuthSession",
    "CalendarFeed",
    "ChangeSet",
    "Channel",
    "Comment",
    "Contact",
    "Contract",
    "CurrencyRate",
    "CustomField",
    "CustomValue",
    "Customer",
    "CustomerSearch",
    "CustomerTag",
    "Delivery",
    "DuplicatePair",
    "FieldRule",
    "Holiday",
    "ImportBatch",
    "Job",
    "Lease",
    "LoginThrottle",
    "LookupKey",
    "MailServer",
    "Merge",
    "Model",
    "Notice",
    "OnceToken",
    "Opportunity",
    "OpportunityLine",
    "OpportunityStep",
    "Option",
    "OrderLine",
    "Payment",
    "Phrase",
    "Preference",
    "Product",
    "ProductPrice",
    "PublicLink",
    "QualitySnapshot",
    "Region",
    "SalesOrder",
    "SavedView",
    "ServiceRule",
    "Setting",
    "Skill",
    "Stage",
    "StageChange",
    "Star",
    "StoredFile",
    "SubjectKey",
    "Survey",
    "SurveyAnswer",
    "Target",
    "Task",
    "Team",
    "Ticket",
    "User",
    "WorkingHours",
    "WorklistDecision",
    "WorklistEntry",
    "WorklistRhythm",
    "WorklistRule",
    "metadata",
]
