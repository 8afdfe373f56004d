"""The words of the trade that facts are filled with, and how often each comes.  Pure.

Kinds of incident and case, documents, measures, decisions, things that are seized: after
DOMAIN §1 and §8.  The proportions are made up so that they look plausible.
"""

from __future__ import annotations

from typing import NamedTuple

from services.simulator.draws import Table


class Matter(NamedTuple):
    """What an incident is about, and what a case that comes of it is called."""

    category: str
    case_reason: str
    items: tuple[str, ...] = ()


CHANNELS = Table(("110", 0.78), ("上门报案", 0.13), ("网上报警", 0.06), ("巡逻发现", 0.03))

PLAIN = Table(
    (Matter("家庭纠纷", "殴打他人"), 13), (Matter("邻里纠纷", "殴打他人"), 9),
    (Matter("经济纠纷", "敲诈勒索"), 8), (Matter("噪声扰民", "扰乱公共秩序"), 15),
    (Matter("求助", "其他"), 16), (Matter("走失寻人", "其他"), 4),
    (Matter("物品遗失", "其他"), 8),
    (Matter("交通纠纷", "寻衅滋事"), 10), (Matter("醉酒滋事", "扰乱公共秩序"), 6),
    (Matter("可疑情况", "其他"), 5), (Matter("网络诈骗", "诈骗"), 4),
    (Matter("斗殴", "殴打他人"), 2),
)  # fmt: skip
"""Incidents that end where they began."""

ADMINISTRATIVE = Table(
    (Matter("斗殴", "殴打他人", ("木棍", "照片")), 24),
    (Matter("盗窃", "盗窃", ("手机", "电动自行车", "现金", "香烟")), 24),
    (Matter("赌博", "赌博", ("赌资", "麻将机", "扑克牌", "手机")), 14),
    (Matter("损毁财物", "故意损毁财物", ("铁锤", "车辆后视镜")), 8),
    (Matter("醉酒滋事", "寻衅滋事", ("酒瓶",)), 8),
    (Matter("吸毒", "吸毒", ("疑似毒品", "吸食工具", "手机")), 9),
    (Matter("扰乱秩序", "扰乱公共秩序", ("横幅",)), 6),
    (Matter("阻碍执行职务", "阻碍执行职务"), 4),
    (Matter("非法持有管制器具", "非法携带管制器具", ("管制刀具",)), 3),
)
CRIMINAL = Table(
    (Matter("盗窃", "盗窃案", ("手机", "现金", "摩托车", "开锁工具", "首饰")), 28),
    (Matter("网络诈骗", "诈骗案", ("手机", "银行卡", "笔记本电脑", "手机卡")), 24),
    (Matter("帮信", "帮助信息网络犯罪活动案", ("银行卡", "手机卡", "手机")), 12),
    (Matter("酒后驾驶", "危险驾驶案", ("机动车", "行车记录仪")), 12),
    (Matter("伤害", "故意伤害案", ("刀具", "衣物")), 9),
    (Matter("赌场", "开设赌场案", ("赌资", "账本", "手机", "电脑主机")), 6),
    (Matter("毒品", "贩卖毒品案", ("疑似毒品", "电子秤", "手机")), 5),
    (Matter("掩饰隐瞒", "掩饰、隐瞒犯罪所得案", ("银行卡", "手机")), 4),
)

RESULTS = Table(
    ("现场调解", 30), ("劝离教育", 22), ("救助完成", 16), ("移交有关部门", 10),
    ("现场处理完毕", 15), ("无事实", 7),
)  # fmt: skip
RESULT_OF_CASE = {"administrative": "受理行政案件", "criminal": "立刑事案件"}

ROADS = ("示范路", "样本街", "虚构大道", "演示巷", "模拟新村", "试点广场", "假设小区", "练兵路")

ARRIVAL_MODES = {
    "administrative": Table(("行传", 0.70), ("继续盘问", 0.12), ("扭送", 0.08), ("投案", 0.10)),
    "criminal": Table(("刑传", 0.62), ("拘传", 0.12), ("扭送", 0.10), ("投案", 0.16)),
    "plain": Table(("行传", 0.30), ("继续盘问", 0.38), ("其他", 0.32)),
}
BASIS = {
    "行传": "治安管理处罚法第九十七条", "继续盘问": "人民警察法第九条",
    "刑传": "刑事诉讼法第一百一十九条",
    "拘传": "刑事诉讼法第一百一十九条", "扭送": "治安管理处罚法第九十七条",
    "投案": "治安管理处罚法第九十七条", "其他": "治安管理处罚法第九十七条",
}  # fmt: skip
LIMITS_H = {
    "行传": Table((8.0, 0.84), (12.0, 0.08), (24.0, 0.08)),
    "继续盘问": Table((12.0, 0.86), (24.0, 0.12), (48.0, 0.02)),
    "刑传": Table((12.0, 0.80), (24.0, 0.20)),
    "拘传": Table((12.0, 0.80), (24.0, 0.20)),
    "扭送": Table((8.0, 0.85), (24.0, 0.15)),
    "投案": Table((8.0, 0.85), (24.0, 0.15)),
    "其他": Table((8.0, 1.0)),
}
"""Hours that the law gives, by how somebody came (治97, 刑诉119, 人民警察法9)."""

RISKS = Table(("低", 0.72), ("中", 0.22), ("高", 0.06))
CHECK_MINUTES = {"低": 60, "中": 30, "高": 15}
SPECIAL_GROUPS = Table((None, 0.93), ("孕期", 0.006), ("患病", 0.03), ("醉酒", 0.03),
                       ("聋哑", 0.004))  # fmt: skip
STATES = Table(("正常", 0.93), ("情绪激动", 0.04), ("身体不适", 0.03))
SAMPLES = ("人像", "指纹", "DNA", "手机", "尿样")

DESTINATIONS = {
    "administrative": Table(("释放", 0.66), ("拘留所", 0.31), ("医院", 0.03)),
    "criminal": Table(("看守所", 0.44), ("释放（取保候审）", 0.44), ("释放", 0.10), ("医院", 0.02)),
    "plain": Table(("释放", 0.98), ("医院", 0.02)),
}

ADMINISTRATIVE_DOCUMENTS = (
    "受案登记表", "传唤证", "询问笔录", "检查证", "行政处罚告知笔录", "行政处罚决定书",
)  # fmt: skip
CRIMINAL_DOCUMENTS = (
    "受案登记表", "立案决定书", "传唤证", "讯问笔录", "拘留证", "鉴定意见通知书", "提请批准逮捕书",
    "起诉意见书",
)  # fmt: skip
RETURNED_BECAUSE = ("证据清单不全", "缺少当事人签名", "法律条款引用有误", "笔录时间冲突")
PENALTIES = Table(("罚款", 0.36), ("行政拘留", 0.30), ("行政拘留并处罚款", 0.12), ("警告", 0.12),
                  ("不予处罚", 0.04), ("调解处理", 0.06))  # fmt: skip

CATEGORY_OF_ITEM = {
    "现金": "现金", "赌资": "现金", "疑似毒品": "毒品", "机动车": "车辆", "摩托车": "车辆",
    "电动自行车": "车辆", "手机": "电子产品", "电脑主机": "电子产品", "笔记本电脑": "电子产品",
    "首饰": "贵重物品", "管制刀具": "管制器具", "刀具": "作案工具", "木棍": "作案工具",
}  # fmt: skip
UNIT_OF_ITEM = {"现金": "元", "赌资": "元", "疑似毒品": "克", "机动车": "辆", "摩托车": "辆",
                "电动自行车": "辆", "银行卡": "张", "手机卡": "张", "手机": "部"}  # fmt: skip
ENDINGS_OF_ITEM = Table(
    ("返还", 0.52), ("移送", 0.24), ("上缴", 0.12), ("销毁", 0.09), ("拍卖", 0.03)
)

DOSSIER_PARTS = ("受案登记", "证据材料", "决定文书", "询问讯问笔录", "送达回证", "涉案财物清单")
