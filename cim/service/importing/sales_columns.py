"""The columns of products, orders, opportunities and tickets, and the headers people use for them."""

from __future__ import annotations

from cim.i18n import N_
from cim.models.imports import ImportKind
from cim.service.importing.columns import CUSTOMER, CUSTOMER_NAME, Column

_CURRENCY = Column("currency", "币种", "货币,币别,currency code")
_AMOUNT = Column("amount", "金额", "总价,总额,小计,合计,total,line total,value,成交金额,订单金额")
_OWNER = Column("owner", "负责人", "所有人,销售,销售员,业务员,归属人,跟进人,sales,sales rep,account owner")

COLUMNS: dict[ImportKind, tuple[Column, ...]] = {
    ImportKind.PRODUCTS: (
        Column(
            "code", "产品编号", "产品编码,产品代码,商品编号,商品编码,货号,sku,product code,item code", "编号,代码,编码"
        ),
        Column("name", "产品名称", "产品,商品,商品名称,品名,product,product name,item", "名称"),
        Column("category", "类别", "产品类别,分类,产品分类,品类,product category,group"),
        Column("unit", "单位", "计量单位,uom"),
        Column("price", "单价", "价格,标准价,售价,list price,unit price,unit_price"),
        _CURRENCY,
        Column("margin", "毛利率", "毛利,margin percent,gross margin"),
        Column("description", "说明", "描述,产品说明,备注,notes"),
    ),
    ImportKind.ORDERS: (
        Column("order_no", "订单号", "订单编号,单号,order number,order id,order no", "编号"),
        CUSTOMER,
        CUSTOMER_NAME,
        Column("date", "日期", "订单日期,下单日期,下单时间,成交日期,order date,ordered on,time,时间"),
        Column("product", "产品", "产品名称,产品编号,商品,商品名称,品名,product name,product code,item,sku"),
        Column("quantity", "数量", "qty,件数,count"),
        Column("unit_price", "单价", "价格,price,unit price"),
        _AMOUNT,
        _CURRENCY,
        Column("status", "状态", "订单状态,order status,state"),
        Column("owner", "负责人", "销售,销售员,业务员,sales,sales rep"),
        Column("notes", "备注", "说明,note,remark,remarks"),
    ),
    ImportKind.OPPORTUNITIES: (
        CUSTOMER,
        CUSTOMER_NAME,
        Column("name", "商机名称", "商机,项目名称,项目,机会名称,opportunity,deal,deal name,opportunity name", "名称"),
        Column("amount", "金额", "预计金额,商机金额,预计成交金额,expected amount,value"),
        _CURRENCY,
        Column("stage", "阶段", "商机阶段,销售阶段,sales stage,pipeline stage"),
        Column("probability", "概率", "赢率,成交概率,可能性,win probability,chance"),
        Column(
            "expected_close",
            "预计成交日",
            "预计成交日期,预计签单日期,预计结束日期,expected close,expected close date,close date",
        ),
        _OWNER,
        Column("created_at", "创建时间", "创建日期,录入时间,created,created on,create time"),
        Column("closed_at", "关闭时间", "成交时间,成交日期,结束时间,结束日期,closed,closed on,closed date"),
        Column("result", "结果", "商机结果,赢输,outcome,won/lost"),
        Column("reason", "原因", "赢输原因,输单原因,失败原因,lost reason,win/loss reason"),
        Column("notes", "备注", "说明,note,description,描述"),
    ),
    ImportKind.TICKETS: (
        Column("number", "工单号", "工单编号,ticket number,ticket id,ticket", "编号,id"),
        CUSTOMER,
        CUSTOMER_NAME,
        Column("type", "类型", "工单类型,ticket type,kind"),
        Column("subject", "主题", "标题,问题,title,summary"),
        Column("content", "内容", "问题描述,详情,描述,description,details"),
        Column("priority", "优先级", "紧急程度,级别,severity,urgency"),
        Column("category", "类别", "问题类别,分类,产品类别"),
        Column("opened_at", "提出时间", "创建时间,受理时间,登记时间,opened,opened on,created,created at", "时间,日期"),
        Column("handler", "处理人", "负责人,客服,受理人,assignee,agent,owner"),
        Column("status", "状态", "工单状态,ticket status,state"),
        Column("closed_at", "关闭时间", "完成时间,解决时间,closed,closed on,resolved at"),
        Column("resolution", "处理结果", "解决方案,处理说明,solution,answer"),
        Column("satisfaction", "满意度", "评分,满意度评分,rating,score,csat"),
    ),
}
REQUIRED: dict[ImportKind, tuple[str, ...]] = {
    ImportKind.PRODUCTS: ("name",),
    ImportKind.ORDERS: ("customer", "date"),
    ImportKind.OPPORTUNITIES: ("customer", "name"),
    ImportKind.TICKETS: ("customer", "subject"),
}
EXAMPLES: dict[ImportKind, dict[str, str]] = {
    ImportKind.PRODUCTS: {
        "code": "P0001",
        "name": "工业水泵 50-160",
        "category": "水泵",
        "unit": "台",
        "price": "2680",
        "currency": "CNY",
    },
    ImportKind.ORDERS: {
        "order_no": "D2026-0001",
        "customer": "C000001",
        "date": "2026-03-30",
        "product": "P0001",
        "quantity": "2",
        "unit_price": "2680",
        "amount": "5360",
        "currency": "CNY",
        "status": "已完成",
    },
    ImportKind.OPPORTUNITIES: {
        "customer": "C000001",
        "name": "二期水泵更换",
        "amount": "80000",
        "stage": "方案报价",
        "probability": "50",
        "expected_close": "2026-06-30",
    },
    ImportKind.TICKETS: {
        "customer": "C000001",
        "type": "投诉",
        "subject": "水泵有异响",
        "content": "运行半小时后出现异响",
        "priority": "高",
        "opened_at": "2026-03-30 08:09",
        "status": "已解决",
        "closed_at": "2026-04-01 10:00",
        "resolution": "更换轴承",
        "satisfaction": "5",
    },
}
OFFERED: dict[ImportKind, dict[str, tuple[str, ...]]] = {
    ImportKind.PRODUCTS: {},
    ImportKind.ORDERS: {"status": ("草稿", "已确认", "已付款", "已完成", "已取消")},
    ImportKind.OPPORTUNITIES: {"result": ("赢单", "输单", "进行中")},
    ImportKind.TICKETS: {
        "type": ("投诉", "咨询", "建议"),
        "priority": ("紧急", "高", "中", "低"),
        "status": ("新建", "处理中", "等待客户", "已解决", "已关闭"),
        "satisfaction": ("5", "4", "3", "2", "1"),
    },
}
"""Choices of a template's columns."""
_WHOSE = N_("Code, exact name, or phone of the customer.")
NOTES: dict[ImportKind, dict[str, str]] = {
    ImportKind.PRODUCTS: {
        "code": N_("Leave empty to get the next free code. The same code again updates the product, if you choose so."),
        "margin": N_("In percent of the price."),
    },
    ImportKind.ORDERS: {
        "order_no": N_("Rows with the same number are lines of one order. Empty: an order of its own."),
        "customer": _WHOSE,
        "product": N_("Code or exact name; a name nobody knows is kept as it is."),
        "amount": N_("Of this line. Empty: quantity times unit price."),
        "status": N_("Paid and completed orders count as sales. Empty: completed."),
        "owner": N_("Name or user name of a colleague. Empty: whoever looks after the customer."),
    },
    ImportKind.OPPORTUNITIES: {
        "customer": _WHOSE,
        "stage": N_("A stage of the settings. Empty: the first one."),
        "probability": N_("In percent. Empty: as the stage says."),
        "owner": N_("Name or user name of a colleague. Empty: whoever looks after the customer."),
        "result": N_("Won or lost, when it is over."),
    },
    ImportKind.TICKETS: {
        "number": N_("Leave empty to get the next free number."),
        "customer": _WHOSE,
        "opened_at": N_("Day and time, such as 2026-03-30 08:09."),
        "handler": N_("Who did it; a name nobody here has is kept as it is."),
        "satisfaction": N_("From 1 to 5, as the customer said."),
    },
}
"""Notes at a template's headers."""
