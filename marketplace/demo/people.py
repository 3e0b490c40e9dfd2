"""Names and numbers of people and organisations that do not exist, drawn from a seeded stream.

Numbers are right in form and belong to nobody:

- resident IDs (GB 11643-1999) carry the sequence 000, which is never issued. Its last digit is even, so such a number says
  "female"; men of the demonstration are on file without a number rather than with one that somebody may hold.
- unified social credit codes (GB 32100-2015) have the organisation's part ``XX`` + 6 digits (GB 11714-1997 with its check
  character); real ones are digits alone or begin with ``M``.
- telephone numbers begin with 154, a mobile prefix that is not assigned.
"""

from datetime import date, timedelta
from random import Random

from stdnum.cn import uscc

from kernel.identity import resident_id_check_character

# The divisions of Wenzhou whose codes begin a resident ID here; most people come from the county itself.
HOME_CODES = (
    "330324", "330302", "330303", "330304", "330305", "330326",
    "330327", "330328", "330329", "330381", "330382", "330383",
)  # fmt: skip
SURNAMES = (
    "陈", "林", "王", "李", "金", "徐", "叶", "周", "吴", "郑", "胡", "朱", "黄", "张", "谢", "潘", "杨", "戴", "夏", "董",
    "麻", "邵", "汪", "刘", "赵", "孙", "柯", "滕", "季", "翁", "卢", "蒋", "厉", "廖", "葛", "余", "谷", "单", "南", "瞿",
)  # fmt: skip
GIVEN_OLD = (
    "阿", "福", "银", "金", "宝", "顺", "德", "永", "光", "进", "岩", "招", "彩", "玉", "秀", "美", "凤", "香", "月", "兰",
)  # fmt: skip
GIVEN_LAST_WOMEN = (
    "英", "芬", "娟", "珍", "莲", "香", "妹", "花", "琴", "丽", "燕", "敏", "静", "婷", "雅", "琪", "萱", "怡", "梅", "菊",
)  # fmt: skip
GIVEN_LAST_MEN = (
    "松", "明", "华", "平", "国", "强", "军", "林", "海", "龙", "斌", "杰", "浩", "宇", "轩", "晨", "涛", "飞", "勇", "生",
)  # fmt: skip
GIVEN_YOUNG = (
    "子", "雨", "梓", "晓", "思", "佳", "俊", "嘉", "文", "志", "若", "欣", "诗", "一", "心", "宇", "可", "铭", "睿", "乐",
)  # fmt: skip
ENTERPRISE_ROOTS = (
    "楠溪", "瓯源", "岭秀", "溪岸", "云岩", "晴川", "和禾", "向山", "石桅", "百丈", "清渠", "永和", "同济", "远帆", "暖阳", "恒丰",
    "瑞禾", "青竹", "松涛", "丰泽", "德邻", "嘉木", "宏业", "顺达", "万禾", "合众", "星河", "春晖", "博远", "立新",
)  # fmt: skip
ENTERPRISE_TRADES = (
    "纽扣", "教玩具", "泵阀", "鞋服", "农产品", "食品", "电器", "阀门", "包装", "物流", "商贸", "五金", "旅游", "茶业", "建材",
)  # fmt: skip
ORGANISATION_ROOTS = (
    "楠溪江", "善邻", "暖心", "同行", "启明", "常青", "春晖", "微光", "牵手", "邻里", "安和", "晨曦", "益家", "守望", "向阳",
)  # fmt: skip
ORGANISATION_WORK = (
    "社会工作服务中心", "养老服务中心", "志愿服务队", "康复服务中心", "助学促进会", "公益服务中心", "居家照护服务社", "法律服务社",
    "心理服务中心", "社区服务中心",
)  # fmt: skip


def person_name(draw: Random, *, sex: str, age: int, surname: str | None = None) -> str:
    """A plausible name of two or three characters; older people get older fashions. Nobody in particular."""
    family = surname or draw.choice(SURNAMES)
    last = draw.choice(GIVEN_LAST_WOMEN if sex == "female" else GIVEN_LAST_MEN)
    if draw.random() < 0.12:
        return family + last
    return family + draw.choice(GIVEN_OLD if age >= 45 else GIVEN_YOUNG) + last


def enterprise_names() -> list[str]:
    """450 invented company names, each once; no real register was consulted."""
    return [f"永嘉县{root}{trade}有限公司" for trade in ENTERPRISE_TRADES for root in ENTERPRISE_ROOTS]


def organisation_names() -> list[str]:
    """150 invented social organisations, each once."""
    return [f"永嘉县{root}{work}" for work in ORGANISATION_WORK for root in ORGANISATION_ROOTS]


def born_at_age(draw: Random, age: int, *, today: date) -> date:
    """A date of birth of somebody who is `age` years old today."""
    latest = date(today.year - age, today.month, min(today.day, 28))
    return latest - timedelta(days=draw.randrange(1, 360))


class Numbers:
    """Hands out numbers, none twice. The same order of calls gives the same numbers."""

    def __init__(self) -> None:
        self._taken: set[tuple[str, date]] = set()
        self._organisations = 0
        self._phones = 0

    def resident_id(self, born_on: date) -> str:
        """The resident ID of a woman born on this day: with sequence 000, only the division tells people of one day apart.

        Raises ValueError when the day is used up (12 people).
        """
        for code in HOME_CODES:
            if (code, born_on) not in self._taken:
                self._taken.add((code, born_on))
                first = f"{code}{born_on:%Y%m%d}000"
                return first + resident_id_check_character(first)
        raise ValueError(f"all {len(HOME_CODES)} numbers with sequence 000 of {born_on} are used; choose another day")

    def uscc(self, kind: str) -> str:
        """A code of an ``enterprise`` (registered by market supervision, 91) or a ``social_organisation`` (civil affairs, 52)."""
        self._organisations += 1
        body = f"XX{self._organisations:06d}"
        first = ("91" if kind == "enterprise" else "52") + "330324" + body + organisation_check_character(body)
        return first + uscc.calc_check_digit(first)

    def phone(self) -> str:
        """The next number 154 xxxx xxxx; the step is prime to 10^8, so none comes twice."""
        self._phones += 1
        return f"154{(self._phones * 73_687_871 + 20_270_305) % 100_000_000:08d}"


def organisation_check_character(body: str) -> str:
    """The ninth character of an organisation's code for its first eight (GB 11714-1997): 11 − Σ weight·value mod 11."""
    total = sum(weight * int(character, 36) for weight, character in zip((3, 7, 9, 10, 5, 8, 4, 2), body, strict=True))
    rest = 11 - total % 11
    return "X" if rest == 10 else "0" if rest == 11 else str(rest)
