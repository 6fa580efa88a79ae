"""What salesmen write: sentences by type and outcome, with their subjects. {who} is the person spoken with."""

from __future__ import annotations

import random

from cim.models.activity import ActivityType as Type
from cim.models.activity import Outcome

PRODUCTS = (
    "温湿度传感器",
    "压力变送器",
    "数据采集网关",
    "电磁流量计",
    "能耗监测系统",
    "便携式检测仪",
    "冷链记录仪",
    "气体报警器",
    "振动监测终端",
)

OPENINGS: dict[Type, tuple[str, ...]] = {
    Type.CALL: (
        "电话联系{who}，",
        "与{who}通话约十分钟，",
        "给{who}回电，",
        "{who}来电，",
        "电话沟通，{who}表示",
        "上午致电{who}，",
    ),
    Type.VISIT: (
        "上门拜访{who}，",
        "按约到现场见{who}，",
        "与{who}当面沟通，",
        "拜访{who}并看了生产现场，",
        "带样机上门，",
    ),
    Type.EMAIL: ("邮件发给{who}，", "收到{who}邮件，", "给{who}发送{product}资料，", "邮件回复{who}，"),
    Type.WECHAT: ("微信联系{who}，", "{who}微信留言，", "微信发了{product}的资料给{who}，", "微信跟进，"),
    Type.MEETING: (
        "与{who}及其团队开会，",
        "线上会议演示{product}，",
        "组织{product}技术交流会，",
        "和{who}开项目例会，",
    ),
}
RESULTS: dict[Outcome, tuple[str, ...]] = {
    Outcome.PENDING: (
        "需要重新报一份{product}的价格，本周内给到。",
        "方案已收到，内部讨论后再答复。",
        "预算要等下个季度批，先保持联系。",
        "对方要比较两家供应商，月底前定。",
        "样品测试还没结束，约好下周再问。",
        "采购流程走到审批环节，等领导签字。",
        "{who}出差，约定回来后再谈。",
        "对账期有顾虑，要求回去请示。",
        "想先看同行案例，答应整理两份发过去。",
    ),
    Outcome.INTERESTED: (
        "对{product}很感兴趣，希望安排一次演示。",
        "需求明确，第一批大约{n}台，要求正式报价。",
        "认可我们的售后响应，愿意先试用一个月。",
        "计划改造{n}个点位，邀请我们去现场勘测。",
        "对样机满意，询问批量价格和交期。",
        "老设备年底到期，准备替换成{product}。",
        "愿意引荐给集团其他分公司。",
    ),
    Outcome.NO_NEED: (
        "目前没有采购计划，半年后再看。",
        "今年已与别家签了框架协议，暂不考虑。",
        "项目取消，暂时不需要。",
        "业务调整，{product}用不上了。",
        "价格超出预算太多，不再继续。",
    ),
    Outcome.DEAL: (
        "签下{product}{n}台的合同，首款本周到账。",
        "确认订单：{product}{n}台，两周内发货。",
        "续签年度服务协议，价格不变。",
        "追加采购{product}{n}台，走原合同条款。",
        "合同盖章完成，安排发货和安装。",
        "价格谈定，{who}当场下了{n}台的订单。",
    ),
    Outcome.NONE: (
        "了解近期使用情况，运行正常。",
        "说明了新的质保条款，对方无异议。",
        "核对了收货数量和发票信息。",
        "解答了{product}安装时的接线问题。",
        "提醒下月到期的校准，对方会安排时间。",
        "节日问候，顺便更新了联系方式。",
        "发送了最新的产品手册和价目表。",
        "确认设备已安装完毕，培训了两名操作员。",
    ),
}
UNANSWERED: dict[Type, tuple[str, ...]] = {
    Type.CALL: (
        "电话无人接听，改日再打。",
        "响铃后挂断，可能在开会。",
        "前台说{who}不在，留了言。",
        "关机，下午再试。",
    ),
    Type.WECHAT: ("微信未回复。", "发了消息，对方已读未回。", "语音没接，留言说明来意。"),
    Type.EMAIL: ("邮件两天没有回音。", "收到自动回复，{who}休假中。"),
}
NOTES = (
    "客户今年计划新建一条产线，值得关注。",
    "竞争对手上月来过，报价比我们低约百分之五。",
    "{who}升任负责人，以后直接对接。",
    "财务要求开专票，开票资料已存档。",
    "对交期要求高，需要提前两周备货。",
    "搬了新办公楼，下次拜访注意地址。",
    "历史合同在共享盘，账期三十天。",
)
ADDITIONS = (
    "",
    "",
    "",
    "",
    "已抄送商务。",
    "附件是会议纪要。",
    "下次带上报价单。",
    "顺便聊了行业行情。",
    "对方要求书面确认。",
)

PLACES: dict[Type, tuple[str, ...]] = {
    Type.VISIT: ("客户公司", "客户公司", "客户公司", "客户工厂", "项目现场", "展会现场", "客户仓库"),
    Type.MEETING: ("线上会议", "线上会议", "我司会议室", "客户会议室", "酒店会议厅"),
}
PURPOSES: dict[Outcome, tuple[str, ...]] = {
    Outcome.DEAL: ("合同签订", "商务谈判"),
    Outcome.INTERESTED: ("产品演示", "方案沟通", "现场勘测"),
    Outcome.PENDING: ("方案沟通", "商务谈判", "样品测试"),
    Outcome.NO_NEED: ("需求了解", "方案沟通"),
    Outcome.NONE: ("售后回访", "安装培训", "日常拜访"),
}

TITLES = (
    "回访{who}，确认样品测试结果",
    "给{who}发正式报价单",
    "约{who}演示{product}",
    "寄送{product}样机",
    "跟进合同盖章",
    "上门勘测安装点位",
    "整理同行案例发给{who}",
    "催收尾款并核对发票",
    "确认{product}到货时间",
    "和{who}谈年度框架协议",
)
MANAGER_TITLES = ("与{who}高层会面", "审核大客户报价折扣", "参加{who}项目评审会", "续约谈判准备")
SERVICE_TITLES = ("满意度回访{who}", "处理{product}返修", "安排年度校准", "跟进投诉处理结果", "确认备件已签收")


def content(chance: random.Random, type_: Type, outcome: Outcome, who: str) -> str:
    """A follow-up's text that fits its type and outcome."""
    if type_ is Type.NOTE:
        text = chance.choice(NOTES)
    elif outcome is Outcome.NO_ANSWER:
        text = chance.choice(UNANSWERED[type_])
    else:
        text = chance.choice(OPENINGS[type_]) + chance.choice(RESULTS[outcome]) + chance.choice(ADDITIONS)
    return filled(chance, text, who)


def filled(chance: random.Random, text: str, who: str) -> str:
    """The sentence with its person, product and number."""
    return text.format(who=who, product=chance.choice(PRODUCTS), n=chance.choice((2, 3, 5, 6, 8, 10, 12, 15, 20, 30)))
