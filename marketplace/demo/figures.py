"""The figures the demonstration county is built from, each with its source, or marked as an assumption.

Sources: [plan] 永嘉县公共服务“七优享”工程工作专班, “弱有众扶”专项实施方案(2023-2027年), 2023-06-15. [report] 中国社会报,
积极推动新时代新征程社会救助事业高质量发展(上), national conference of 17–18 April 2023. [notice] 厦委办发〔2018〕16号, 2018-03-23.
"""

YUAN = 100  # fen

# --- supply ---
ENTERPRISES = 420  # [plan] 3131
SOCIAL_ORGANISATIONS = 150  # [plan] 3131
VOLUNTEERS = 570  # [plan] 3131
MONEY_FEN = 10_000_000 * YUAN  # [plan] 3131: raised through the county's charity federation
TRUST_FEN = 3_600_000 * YUAN  # [plan] charitable trusts; counted within the 10 million here (assumption)
INDUSTRY_PROJECTS = 16  # [plan] 百千万
OFFERINGS = 2_500  # assumption, about 2.2 per supplier
CHARITY_PROJECTS = 12  # assumption; the county's helping network is to run at least 10 [plan]

# --- demand ---
HOUSEHOLDS = 2_000  # assumption: the smaller end of a county
NEEDS = 6_000  # assumption, about; what the households' members and indicators lead to
STUDENTS_16_TO_19 = 185  # [plan] 1619: low-income students in vocational schooling
ABLE_MEMBERS = 1_900  # [plan] 百千万: members to be helped into work, about

SUBSISTENCE_LINE_YEAR = 15_000 * YUAN  # [plan] target for 2027, per head and year
EDGE_FACTOR = 2.0  # [plan] edge households earn up to twice the line
RELATIVE_LOW_INCOME_OF_THREE_YEAR = 100_000 * YUAN  # [report] pilot in Wenzhou: a family of three under this a year

# [report] Of 2,219,000 monitored people in Zhejiang, 563,600 have the allowance, 35,200 are in extreme poverty and 140,000 at the
# edge: 25.4, 1.6 and 6.3 per cent. Assumption: households follow the shares of people; how the rest divides, and the five types,
# the documents do not give. Households per type (rows) and status, 2,000 in all.
TYPE_AND_STATUS = {
    "subsistence": {"extreme_poverty": 20, "subsistence_allowance": 400, "subsistence_edge": 20, "other": 120},
    "expenditure": {
        "subsistence_allowance": 20,
        "subsistence_edge": 30,
        "expenditure_hardship": 300,
        "relative_low_income": 40,
        "other": 10,
    },
    "emergency": {
        "subsistence_allowance": 20,
        "subsistence_edge": 16,
        "expenditure_hardship": 24,
        "relative_low_income": 50,
        "other": 50,
    },
    "development": {
        "subsistence_allowance": 28,
        "subsistence_edge": 40,
        "expenditure_hardship": 20,
        "relative_low_income": 360,
        "other": 32,
    },
    "care": {
        "extreme_poverty": 12,
        "subsistence_allowance": 40,
        "subsistence_edge": 20,
        "expenditure_hardship": 36,
        "relative_low_income": 150,
        "other": 142,
    },
}
TYPE_SHARES = {kind: sum(row.values()) / HOUSEHOLDS for kind, row in TYPE_AND_STATUS.items()}
STATUS_SHARES = {
    "extreme_poverty": 0.016,  # [report]
    "subsistence_allowance": 0.254,  # [report]
    "subsistence_edge": 0.063,  # [report]
    "expenditure_hardship": 0.190,  # assumption
    "relative_low_income": 0.300,  # assumption
    "other": 0.177,  # assumption
}

# Households per type and form of family. Assumption, but for the students, who are the plan's 185: one in each such family.
FAMILIES = {
    "subsistence": {
        "old_alone": 100,
        "old_couple": 120,
        "disabled_alone": 125,
        "single_parent": 75,
        "ill_earner": 70,
        "disabled_child": 70,
    },
    "expenditure": {"ill_earner": 190, "disabled_child": 60, "student": 65, "three_generations": 85},
    "emergency": {"young": 64, "old_couple": 24, "three_generations": 40, "ill_earner": 16, "middle_aged_alone": 16},
    "development": {"student": 120, "young": 190, "three_generations": 100, "single_parent": 70},
    "care": {"old_alone": 140, "old_couple": 60, "left_behind": 100, "women_left_behind": 40, "disabled_child": 60},
}

# Shares of all households. Assumptions that follow from the table above; the tests hold the rows to them.
OLD_ALONE_SHARE = 0.12
LEFT_BEHIND_CHILD_SHARE = 0.05
DISABILITY_SHARE = 0.19
SEVERE_ILLNESS_SHARE = 0.17

CONSENT_SHARE = 0.95  # assumption
OPTED_OUT_SHARE = 0.015  # assumption
OLD_WITH_ILLNESS = 0.12  # assumption: of households of old people, those with somebody severely ill
OLD_WITH_DISABILITY = 0.08  # assumption, likewise
DANGEROUS_HOUSE = 0.08  # assumption: houses of danger grade C or D
# Assumption: a family of relative low income has other means, so one round gives it at most this much.
RELATIVE_LOW_INCOME_CAP_FEN = 3_000 * YUAN
EDGE_CAP_FEN = 8_000 * YUAN
CASE_CONFERENCE_CAP_FEN = 60_000 * YUAN  # assumption: [notice] lets a case conference decide on hardships one by one

# --- prices, assumptions ---
MONEY_UNIT_FEN = 100 * YUAN  # the catalogue's unit of money is 100 yuan
HOME_IMPROVEMENT_FEN = 16_000 * YUAN  # [report] 善居工程, per household
