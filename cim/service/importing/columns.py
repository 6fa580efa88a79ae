"""What a column of a file is: its name here, its Chinese header, and the headers people use for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A canonical column: its Chinese header (also in exports), other headers for it, and weaker ones that are taken
    for it only when no header of the file names another column better."""

    name: str
    header: str
    also: str = ""
    weak: str = ""
    written: bool = True
    """Whether exports have it; what becomes a record of its own is exported as one."""


CUSTOMER = Column(
    "customer", "客户编号", "customer code,customer_code,customer id,客户代码,客户号,客户编码,code", "编号,代码"
)
CUSTOMER_NAME = Column(
    "customer_name", "客户名称", "customer,客户,客户名,公司名称,公司名,公司,企业名称,单位名称,customer name,company"
)
