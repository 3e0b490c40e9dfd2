"""The columns each kind of import knows: their headings in both languages, other names people give them, how a cell is read."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from marketplace.imports.cells import (
    Parser,
    code_text,
    day,
    folded,
    kilometres_in_metres,
    many,
    one_of,
    plain,
    whole,
    yes_no,
    yuan,
)

KIND_NAMES: Mapping[str, tuple[str, str]] = {
    "donors": ("帮扶力量", "Donors"),
    "offerings": ("资源", "Offerings"),
    "households": ("家庭", "Households"),
    "needs": ("需求", "Needs"),
    "monitoring": ("部门数据", "Departments' data"),
}
MARK = "mark"
EXAMPLE_WORDS = {"示例", "样例", "例", "example", "sample"}
REASON_HEADINGS = {"原因", "问题", "reason", "reasons"}

Choices = Mapping[str, tuple[str, ...]]  # code → words that mean it, the Chinese and the English one first


@dataclass(frozen=True)
class Column:
    """One column. `reads` turns a cell into a value; "category", "skills" … are read against the database's lists.

    `shared`: the value belongs to the whole household and may stand in its first row, or in a merged cell, only.
    """

    key: str
    zh: str
    en: str
    reads: Parser | str = plain
    required: bool = False
    synonyms: tuple[str, ...] = ()
    note_zh: str = ""
    note_en: str = ""
    example: str = ""
    choices: Choices | None = None
    shared: bool = False
    is_code: bool = False

    def heading(self, chinese: bool) -> str:
        """The heading as the template writes it; a star marks what must be filled in."""
        return (self.zh if chinese else self.en) + ("*" if self.required else "")


_TYPES: Choices = {
    "subsistence": ("兜底型", "Subsistence", "兜底"),
    "expenditure": ("支出型", "Expenditure", "支出"),
    "emergency": ("急难型", "Emergency", "急难"),
    "development": ("发展型", "Development", "发展"),
    "care": ("关爱型", "Care", "关爱"),
}
_STATUS: Choices = {
    "extreme_poverty": ("特困人员", "Extreme poverty support", "特困", "特困供养"),
    "subsistence_allowance": ("低保对象", "Subsistence allowance", "低保", "低保户", "低保家庭"),
    "subsistence_edge": (
        "低保边缘家庭",
        "Edge of the subsistence allowance",
        "低边",
        "低保边缘",
        "低边户",
        "低保边缘户",
    ),
    "expenditure_hardship": ("支出型困难家庭", "Hardship through expenditure", "支出型困难", "支出型贫困"),
    "relative_low_income": ("相对低收入家庭", "Relative low income", "相对低收入", "低收入家庭"),
    "other": ("其他", "Other", "其它"),
}
_RISK: Choices = {
    "high": ("高风险", "High risk", "高", "一级", "高级"),
    "key": ("重点", "Key risk", "重点关注", "中", "二级"),
    "general": ("一般", "General risk", "低", "三级"),
}
_RELATIONS: Choices = {
    "head": ("户主", "Head of household", "本人", "head"),
    "spouse": ("配偶", "Spouse", "妻", "妻子", "夫", "丈夫"),
    "child": ("子女", "Child", "子", "女", "儿子", "女儿", "长子", "次子", "长女", "次女", "之子", "之女"),
    "parent": ("父母", "Parent", "父", "母", "父亲", "母亲", "之父", "之母"),
    "grandparent": ("祖父母", "Grandparent", "祖父", "祖母", "爷爷", "奶奶", "外祖父", "外祖母"),
    "grandchild": ("孙子女", "Grandchild", "孙子", "孙女", "外孙", "外孙女"),
    "sibling": ("兄弟姐妹", "Brother or sister", "兄", "弟", "姐", "妹", "哥哥", "弟弟", "姐姐", "妹妹"),
    "other": ("其他", "Other", "其它", "其他亲属"),
}
_SEXES: Choices = {"female": ("女", "Female", "女性", "f"), "male": ("男", "Male", "男性", "m")}
_DONOR_KINDS: Choices = {
    "enterprise": ("爱心企业", "Donor enterprise", "企业", "公司"),
    "social_organisation": ("社会组织", "Social organisation", "社会服务机构", "social organization"),
    "volunteer": ("志愿者", "Volunteer", "志愿服务者"),
}
_FILLS: Choices = {
    "any": ("部分即可", "Any part helps", "可部分满足", "部分", "任意"),
    "whole": ("全有或全无", "All or nothing", "整体", "全部", "须全部满足"),
    "single": ("由一方全部提供", "All from one helper", "单一来源", "一方提供"),
}
_TIERS: Choices = {
    "1": ("一级", "Tier 1", "1", "最紧急", "一级(最紧急)", "tier 1, most urgent"),
    "2": ("二级", "Tier 2", "2", "紧急", "较紧急", "tier 2, urgent"),
    "3": ("三级", "Tier 3", "3", "一般", "普通", "tier 3, general"),
}


_SOURCES: Choices = {
    "medical_insurance": ("医保", "Medical insurance", "医疗保障", "医保局", "医疗保障局"),
    "human_resources": ("人社", "Human resources", "人力社保", "人社局", "人力资源和社会保障局"),
    "education": ("教育", "Education", "教育局"),
    "disabled_federation": ("残联", "Disabled persons' federation", "残疾人联合会"),
    "emergency_management": ("应急", "Emergency management", "应急管理", "应急管理局", "消防"),
    "other": ("其他", "Another department", "其它"),
}
_RECORD_KINDS: Choices = {
    "medical_bill": ("医疗费用", "Medical bill", "医疗", "医疗支出"),
    "employment": ("就业失业", "Employment", "就业", "失业"),
    "school": ("就学", "School", "在校", "教育"),
    "disability": ("残疾", "Disability", "残疾证"),
    "disaster": ("灾害事故", "Disaster", "灾害", "灾情"),
}
_RECORD_STATES: Choices = {
    "paid": ("已支付", "paid", "支付", "结算"),
    "lost": ("失业", "work lost", "失业登记", "离职"),
    "found": ("就业", "work found", "再就业", "重新就业"),
    "left": ("失学辍学", "left school", "辍学", "失学", "离校"),
    "returned": ("复学", "back at school", "返校"),
    "granted": ("新办", "granted", "新办证", "首次办理"),
    "changed": ("变更", "changed", "等级变更"),
    "withdrawn": ("注销", "withdrawn"),
    "fire": ("火灾", "fire"),
    "flood": ("洪涝", "flood", "水灾"),
    "landslide": ("山体滑坡", "landslide", "滑坡", "泥石流"),
    "storm": ("台风", "storm", "风灾"),
    "accident": ("意外事故", "accident", "事故", "交通事故"),
}


def _choice(choices: Choices) -> Parser:
    return one_of({folded(word): code for code, words in choices.items() for word in (code, *words)})


def _chosen(key: str, zh: str, en: str, choices: Choices, **more: object) -> Column:
    return Column(key, zh, en, _choice(choices), choices=choices, **more)  # type: ignore[arg-type]


_MARK = Column(
    MARK,
    "标记",
    "Mark",
    note_zh="写“示例”的行不会导入",
    note_en="A row marked “example” is not imported",
    example="示例",
)
_REGION = Column(
    "region", "所在地区", "Region", "region", True,
    ("行政区划", "区划代码", "行政区划代码", "地区", "乡镇", "乡镇(街道)", "乡镇街道", "镇街", "所属乡镇", "township", "region code"),
    "区划代码，或乡镇、村的名称", "Region code, or the name of the township or village", "岩坦镇",
)  # fmt: skip
_VILLAGE = Column(
    "village", "村(社区)", "Village", plain, False, ("村", "社区", "村社区", "村居", "所在村", "行政村", "村(居)", "community"),
    "在所在地区之内的村或社区名称", "Name of the village within the region",
)  # fmt: skip
_RESIDENT_ID = Column(
    "resident_id", "身份证号", "Resident ID", code_text, False,
    ("身份证", "身份证号码", "公民身份号码", "证件号码", "证件号", "id number", "id card", "id no"),
    "18 位；请把单元格设为文本", "18 characters; format the cells as text", "330324196001010007", is_code=True,
)  # fmt: skip
_PHONE = Column(
    "phone", "联系电话", "Phone", code_text, False,
    ("电话", "手机", "手机号", "手机号码", "联系方式", "电话号码", "mobile", "telephone"),
    "11 位手机号，或区号加号码", "11 digits, or area code and number", "13800000000", is_code=True,
)  # fmt: skip
_STARTS = Column(
    "starts_on", "开始日期", "From", day, False, ("起始日期", "开始时间", "起", "start", "start date"),
    "如 2027-03-05", "Such as 2027-03-05",
)  # fmt: skip
_LAT = Column("lat", "纬度", "Latitude", "degrees", False, ("lat",), "WGS-84 度", "WGS-84 degrees")
_LON = Column("lon", "经度", "Longitude", "degrees", False, ("lon", "lng"), "WGS-84 度", "WGS-84 degrees")


def _replaced(column: Column, **changes: object) -> Column:
    return Column(**{**column.__dict__, **changes})


COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "donors": (
        _MARK,
        _chosen("kind", "类别", "Kind", _DONOR_KINDS, required=True, synonyms=("类型", "力量类别", "donor kind"), example="爱心企业"),
        Column("name", "名称", "Name", required=True, synonyms=("姓名", "单位名称", "企业名称", "组织名称", "机构名称"), example="永嘉示例食品有限公司"),
        Column("uscc", "统一社会信用代码", "USCC", code_text, synonyms=("社会信用代码", "信用代码", "unified social credit code"), note_zh="企业和社会组织必填，18 位", note_en="Required for organisations, 18 characters", example="91330324MA2000000D", is_code=True),
        _replaced(_RESIDENT_ID, note_zh="志愿者必填，18 位；请把单元格设为文本", note_en="Required for volunteers; format the cells as text", example=""),
        Column("contact_name", "联系人", "Contact", synonyms=("联系人姓名", "contact person", "contact name"), example="王芳"),
        _PHONE,
        _REGION,
        _VILLAGE,
        Column("skills", "技能", "Skills", "skills", synonyms=("特长", "专业技能", "skill"), note_zh="志愿者的技能，以顿号分隔", note_en="A volunteer's skills, parted by commas"),
        Column("reach_m", "服务半径(公里)", "Reach (km)", kilometres_in_metres, synonyms=("可达距离", "服务半径", "reach"), note_zh="志愿者愿意前往的距离", note_en="How far a volunteer travels"),
        Column("max_households", "可联系户数", "Households at once", whole, synonyms=("结对户数", "max households"), note_zh="志愿者同时可联系的户数", note_en="How many households a volunteer carries at once"),
        Column("consent_public", "同意公示", "May be named in public", yes_no, synonyms=("是否公示", "公示同意", "consent public"), note_zh="是或否，空为否", note_en="Yes or no; empty means no", example="是"),
    ),
    "offerings": (
        _MARK,
        Column("donor_uscc", "捐赠方信用代码", "Donor USCC", code_text, synonyms=("统一社会信用代码", "社会信用代码", "uscc"), note_zh="与“捐赠方名称”二选一", note_en="This, or the donor's name", example="91330324MA2000000D", is_code=True),
        Column("donor_name", "捐赠方名称", "Donor name", synonyms=("捐赠方", "单位名称", "企业名称", "志愿者姓名", "donor"), note_zh="志愿者须按姓名填写", note_en="Volunteers are named here"),
        _chosen("donor_kind", "捐赠方类别", "Donor kind", _DONOR_KINDS, synonyms=("类别",), note_zh="同名时用于区分", note_en="Tells donors of one name apart"),
        Column("category", "品类", "Category", "category", True, ("资源品类", "资源类别", "物资名称", "category code"), "见第二个工作表", "See the second sheet", "大米"),
        Column("title", "资源名称", "Title", synonyms=("名称", "标题", "name"), note_zh="空则用品类名称", note_en="Empty: the category's name", example="本地晚稻米"),
        Column("quantity", "数量", "Quantity", whole, True, ("总量", "可提供数量", "amount"), "品类单位的整数", "Whole units of the category", "200"),
        Column("unit_cost_fen", "单价(元)", "Unit cost (yuan)", yuan, synonyms=("单价", "采购单价", "unit cost", "price"), note_zh="免费捐赠留空", note_en="Empty where it is given free of charge"),
        Column("government_bought", "政府购买", "Government bought", yes_no, synonyms=("是否政府购买",), note_zh="是或否，空为否", note_en="Yes or no; empty means no"),
        _REGION,
        Column("areas", "服务范围", "Areas", "regions", synonyms=("服务区域", "覆盖地区", "area"), note_zh="地区代码或名称，以顿号分隔；空为不限", note_en="Region codes or names; empty means everywhere"),
        Column("radius_m", "服务半径(公里)", "Radius (km)", kilometres_in_metres, synonyms=("服务半径", "radius")),
        Column("provides", "具备技能", "Skills", "skills", synonyms=("技能", "skill", "provides")),
        _STARTS,
        Column("ends_on", "截止日期", "Until", day, synonyms=("结束日期", "有效期至", "止", "end", "end date"), note_zh="如 2027-12-31", note_en="Such as 2027-12-31"),
        Column("max_needs", "最多服务需求数", "Needs at most", whole, synonyms=("最多需求数", "max needs")),
        Column("types", "限定类型", "Types", many(_choice(_TYPES)), synonyms=("面向类型", "帮扶类型"), note_zh="五型，以顿号分隔；空为不限", note_en="Household types; empty means any", choices=_TYPES),
    ),
    "households": (
        _MARK,
        Column("household", "户号", "Household", code_text, True, ("家庭编号", "户编号", "户主身份证号", "序号", "household key", "household no"), "同一户的各行写同一个号，仅用于归并", "The same in each row of one household; only groups the rows", "1", shared=True),
        _replaced(_REGION, shared=True),
        _replaced(_VILLAGE, shared=True),
        Column("address", "住址", "Address", synonyms=("地址", "家庭住址", "详细地址"), example="", shared=True),
        _replaced(_PHONE, shared=True),
        _chosen("status_category", "身份类别", "Status category", _STATUS, required=True, synonyms=("身份", "对象类别", "救助类别", "困难类型"), example="低保对象", shared=True),
        _chosen("main_type", "帮扶类型", "Main type", _TYPES, required=True, synonyms=("主类型", "五型", "类型", "type"), example="兜底型", shared=True),
        _chosen("risk_tier", "风险等级", "Risk tier", _RISK, synonyms=("风险", "探访等级", "risk"), note_zh="空为一般", note_en="Empty means general", example="重点", shared=True),
        Column("cap_fen", "每轮上限(元)", "Cap per round (yuan)", yuan, synonyms=("每轮上限", "cap"), shared=True),
        Column("consented", "同意参与匹配", "Consent", yes_no, synonyms=("知情同意", "是否同意", "授权"), note_zh="是或否，空为否", note_en="Yes or no; empty means no", example="是", shared=True),
        Column("name", "姓名", "Name", required=True, synonyms=("成员姓名", "member name"), example="周示例"),
        _chosen("relation", "与户主关系", "Relation", _RELATIONS, required=True, synonyms=("关系", "家庭关系", "relation to head"), example="户主"),
        _RESIDENT_ID,
        _chosen("sex", "性别", "Sex", _SEXES, synonyms=("gender",), note_zh="有身份证号时可空", note_en="Follows from the resident ID"),
        Column("born_on", "出生日期", "Date of birth", day, synonyms=("出生年月日", "生日", "birthday", "born"), note_zh="有身份证号时可空", note_en="Follows from the resident ID"),
        Column("disability_grade", "残疾等级", "Disability grade", "grade", synonyms=("残疾级别",), note_zh="1（最重）至 4，空为无", note_en="1 (most severe) to 4; empty means none"),
        Column("diagnosis", "疾病情况", "Diagnosis", synonyms=("病情", "患病情况", "疾病", "重病"), note_zh="加密保存", note_en="Kept sealed"),
        Column("able_to_work", "有劳动能力", "Able to work", yes_no, synonyms=("劳动能力",)),
        Column("in_school", "在校", "In school", yes_no, synonyms=("在读", "是否在校")),
    ),
    "needs": (
        _MARK,
        Column("household_number", "家庭编号", "Household number", code_text, synonyms=("户号", "家庭号", "household", "household no"), note_zh="系统中的编号；与“户主身份证号”二选一", note_en="The number in this system; this, or the head's resident ID", example="1"),
        Column("head_resident_id", "户主身份证号", "Head's resident ID", code_text, synonyms=("身份证号", "户主身份证", "身份证号码", "resident id"), note_zh="请把单元格设为文本", note_en="Format the cells as text", is_code=True),
        Column("category", "品类", "Category", "category", True, ("需求品类", "需求类别", "物资名称", "category code"), "见第二个工作表", "See the second sheet", "大米"),
        Column("quantity", "数量", "Quantity", whole, True, ("需求数量", "amount"), "品类单位的整数", "Whole units of the category", "2"),
        _chosen("tier", "紧急程度", "Tier", _TIERS, synonyms=("等级", "级别", "优先级", "urgency"), note_zh="空则随家庭风险等级", note_en="Empty: by the household's risk"),
        Column("weight", "权重", "Weight", whole, note_zh="1 至 1000，空则随身份类别", note_en="1 to 1000; empty: by the status category"),
        _chosen("type", "帮扶类型", "Type", _TYPES, synonyms=("类型", "五型"), note_zh="空则同家庭", note_en="Empty: the household's"),
        _chosen("fill", "满足方式", "Fill", _FILLS, note_zh="空则随品类", note_en="Empty: by the category"),
        Column("accepts", "也可接受", "Also accepts", "categories", synonyms=("可替代品类", "accepts"), note_zh="其他品类，以顿号分隔", note_en="Further categories, parted by commas"),
        Column("requires", "所需技能", "Requires", "skills", synonyms=("技能要求", "skills"), note_zh="以顿号分隔", note_en="Parted by commas"),
        Column("unit_worth_fen", "单位价值(元)", "Unit worth (yuan)", yuan, synonyms=("单位价值", "unit worth")),
        _STARTS,
        Column("due_on", "期限", "Needed by", day, synonyms=("截止日期", "需求期限", "最迟日期", "due", "due date"), note_zh="如 2027-06-30", note_en="Such as 2027-06-30"),
        Column("note", "备注", "Note", synonyms=("说明", "remarks", "notes")),
    ),
    "monitoring": (
        _MARK,
        _chosen("source", "来源部门", "Source", _SOURCES, required=True, synonyms=("数据来源", "部门", "department"), example="医保"),
        Column("number", "记录编号", "Record number", code_text, True, ("编号", "流水号", "单据号", "结算单号", "证号", "record no"), "在来源部门内唯一；同一编号只计一次", "Unique within the source; one number counts once", "YB202703050001", is_code=True),
        _chosen("kind", "数据类别", "Kind", _RECORD_KINDS, required=True, synonyms=("类别", "数据类型", "data kind"), example="医疗费用"),
        _chosen("state", "状态", "State", _RECORD_STATES, synonyms=("情形", "事项", "status"), note_zh="医疗费用可空，其他类别必填", note_en="Empty for medical bills; required for the others", example="已支付"),
        _replaced(_RESIDENT_ID, note_zh="18 位；灾害事故可改填住址", note_en="18 characters; a disaster may name the address instead"),
        Column("name", "姓名", "Name", synonyms=("人员姓名", "person"), example="周示例"),
        _replaced(_REGION, required=False, note_zh="空则为导入所选地区", note_en="Empty: the region of the import"),
        _VILLAGE,
        Column("address", "住址", "Address", synonyms=("地址", "家庭住址", "详细地址")),
        Column("happened_on", "发生日期", "Day", day, True, ("日期", "结算日期", "失业日期", "登记日期", "发证日期", "date"), "如 2027-03-05", "Such as 2027-03-05", "2027-03-05"),
        Column("amount_fen", "个人自付金额(元)", "Self-paid (yuan)", yuan, synonyms=("自付金额", "个人自付", "自付费用", "self paid"), note_zh="仅医疗费用填写", note_en="Medical bills alone", example="12000"),
        Column("grade", "残疾等级", "Disability grade", "grade", synonyms=("残疾级别",), note_zh="1（最重）至 4", note_en="1 (most severe) to 4"),
        Column("detail", "备注", "Note", synonyms=("说明", "病种", "remarks", "notes"), note_zh="加密保存", note_en="Kept sealed"),
    ),
}  # fmt: skip


def folded_heading(text: str) -> str:
    """What two ways of writing a heading share: no star, no brackets and what they hold, no colon, no spaces, small letters."""
    plain_text = re.sub(r"\([^)]*\)", "", unicodedata.normalize("NFKC", text))
    return re.sub(r"[\s*:：_\-/]+", "", plain_text).lower()


def names_of(kind: str) -> dict[str, str]:
    """Folded heading → column key, for one kind. A name that two columns claim belongs to the one that bears it as its own."""
    names: dict[str, str] = {}
    for column in COLUMNS[kind]:
        for name in (column.key, column.zh, column.en):
            names[folded_heading(name)] = column.key
    for column in COLUMNS[kind]:
        for name in column.synonyms:
            names.setdefault(folded_heading(name), column.key)
    return names


def column_of(kind: str, key: str) -> Column | None:
    """The column of this key."""
    return next((column for column in COLUMNS[kind] if column.key == key), None)
