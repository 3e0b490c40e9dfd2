"""Small random problems that use every field and rule of `zhongfu-problem/1`; the same seed gives the same problem everywhere.

Each problem draws which of the rules it uses at all and how scarce it is, so that some are crowded and some are nearly empty. Absent
fields are left out, or given as null, or given as their default.
"""

from random import Random

from tests.independent.contract import Contract

TYPES = ("subsistence", "expenditure", "emergency", "development", "care")
CATEGORIES = ("rice", "oil", "hours", "coal")
SKILLS = ("nursing", "driving", "teaching")
PROJECTS = ("P1", "P2")
DAYS = ("2027-01-01", "2027-01-05", "2027-01-05", "2027-01-09", "2027-01-31", "2027-02-01", "2028-02-29")

# county, townships (codes of 9 characters), villages, a group below a village, a second root; some codes are of another make
REGIONS = (
    ("330324", ""),
    ("330324100", "330324"),
    ("330324100200", "330324100"),
    ("330324100201", "330324100"),
    ("330324100201-7", "330324100201"),
    ("330324101", "330324"),
    ("330324101200", "330324101"),
    ("330324-A7", "330324101"),
    ("farm", "330324"),
    ("330381", ""),
    ("330381001", "330381"),
)
_PERMILLE = (0, 0, 1, 1, 5, 10, 20, 30, 50, 50)


def small_problem(seed, *, needs=12, offerings=8):
    """A sound problem of 0 to `needs` needs and 0 to `offerings` offerings, mostly near the upper end."""
    random, document = Random(f"zhongfu:{seed}"), {}
    for _ in range(2):  # a problem with few pairs gets a second chance, so that few stay nearly empty
        document = _Draw(random, needs, offerings).problem()
        if len(Contract(document).edges) >= 12:
            break
    return document


def tiny_problem(seed):
    """The same make, small enough that every plan can be tried."""
    return _Draw(Random(f"zhongfu-tiny:{seed}"), 3, 3, largest=3).problem()


class _Draw:
    def __init__(self, random, needs, offerings, largest=None):
        self.random = random
        self.counts = (
            min(needs, random.choice((2, 4, 7, 10, needs, needs, needs, needs))),
            min(offerings, random.choice((2, 3, 5, offerings, offerings, offerings, offerings))),
        )
        self.largest = largest or random.choice((1, 3, 8, 8, 20, 200))
        self.fine = (
            largest is None and random.random() < 0.25
        )  # a unit is worth one point or few, so that every rounding shows
        if self.fine:
            self.largest = 1000
        self.categories = CATEGORIES[: random.choice((1, 1, 1, 2, 2, 3, 4))]
        self.with_costs = random.choice((0.0, 0.3, 0.7, 1.0))
        self.share = random.choice((0.06, 0.15, 0.3, 0.5))
        self.used = {
            rule: random.random() < share
            for rule, share in (
                ("accepts", 0.5), ("skills", 0.4), ("areas", 0.5), ("radius", 0.5), ("points", 0.7), ("periods", 0.4), ("types", 0.4),
                ("projects", 0.4), ("fund earmarks", 0.6), ("fund lists", 0.4), ("limits", 0.5), ("caps", 0.5), ("max_needs", 0.4),
                ("pins", 0.35), ("forbids", 0.35), ("pairs", 0.2),
            )
        }  # fmt: skip

    # -- small parts --------------------------------------------------------------------------------------------------

    def may(self, rule, share=None):
        """Whether this row uses the rule; without a share of its own as often as this problem is strict."""
        return self.used[rule] and self.random.random() < (self.share if share is None else share)

    def some(self, values):
        """One or more of the values, in any order."""
        values = list(values)
        return self.random.sample(values, self.random.randint(1, max(1, len(values) - 1)))

    def place(self):
        return {"lat": round(self.random.uniform(28.0, 28.3), 4), "lon": round(self.random.uniform(120.5, 120.8), 4)}

    def period(self, start, end):
        days = sorted(self.random.choices(DAYS, k=2))
        return {name: day for name, day in zip((start, end), days, strict=True) if self.random.random() < 0.7}

    def spoken(self, row, defaults):
        """The row with some of its absent fields written out, as null or as what absent means."""
        for name, value in defaults.items():
            if name not in row and self.random.random() < 0.08:
                row[name] = self.random.choice((None, value))
        return row

    # -- rows -----------------------------------------------------------------------------------------------------------

    def problem(self):
        random = self.random
        needs = [self.need(k) for k in range(self.counts[0] if random.random() < 0.99 else 0)]
        funds = [
            self.fund(k)
            for k in range(random.choice((0, 1, 2, 2, 2, 3, 3, 4)) if self.with_costs else random.choice((0, 1)))
        ]
        offerings = [self.offering(k, needs, funds) for k in range(self.counts[1] if random.random() < 0.99 else 0)]
        document = {
            "format": "zhongfu-problem/1",
            "seed": random.choice((0, 7, random.randrange(2**32), random.randrange(2**64))),
            "regions": [
                {"code": c, "parent": p} | (self.place() if self.may("points", 0.6) else {}) for c, p in REGIONS
            ],
            "needs": needs,
            "offerings": offerings,
            "funds": funds,
            "policy": self.policy(),
        }
        if self.used["limits"]:
            document["limits"] = [self.limit(k) for k in range(random.randint(1, 4))]
        if self.used["caps"]:
            document["households"] = self.households()
        combinations = [(n["id"], o["id"]) for n in needs for o in offerings]
        if self.used["pairs"]:
            listed = [pair for pair in combinations if random.random() < 0.7]
            document["pairs"] = [self.pair(n, o, needs, offerings) for n, o in listed]
        if self.used["forbids"] and combinations:
            chosen = random.sample(combinations, min(len(combinations), random.randint(1, 6)))
            document["forbids"] = [{"need": n, "offering": o} for n, o in chosen]
        if self.used["pins"] and combinations:
            document["pins"] = self.pins(document, combinations)
        for name, empty in (
            ("limits", []),
            ("households", {}),
            ("pins", []),
            ("forbids", []),
            ("pairs", []),
            ("name", ""),
        ):
            if name not in document and random.random() < 0.1:
                document[name] = random.choice((None, empty))
        for part in ("regions", "needs", "offerings", "funds"):
            random.shuffle(document[part])
        return document

    def policy(self):
        random = self.random
        policy = {
            "floor_percent": random.choice((0, 0, 50, 90, 90, 100, random.randint(1, 100))),
            "tolerance_permille": random.choice(_PERMILLE),
            "household_cap_fen": random.choice(
                (random.choice((0, 500)), 3000, random.randint(0, 20000), random.randint(0, 40000))
            )
            if self.may("caps", 0.6)
            else None,
        }
        return {name: value for name, value in policy.items() if random.random() < 0.9}

    def need(self, k):
        random = self.random
        row = {
            "id": f"N{k}" if random.random() < 0.9 else f"需求 {k}",
            "household": f"H{random.randrange(5)}",
            "region": random.choice(REGIONS)[0],
            "category": random.choice(self.categories),
            "quantity": random.randint(1, self.largest),
            "tier": random.randint(1, 3),
            "weight": random.choice((1, random.randint(1, 30), random.randint(1, 30), random.randint(1, 1000))),
            "type": random.choice(TYPES),
        }
        if self.fine:
            row |= {"weight": random.choice((1, 1, 2, 3)), "quantity": random.randint(300, self.largest)}
        fill = random.choice(("any", "any", "whole", "single", None))
        if fill is not None:
            row["fill"] = fill
        if self.may("accepts"):
            row["accepts"] = self.some(CATEGORIES)
        if random.random() < 0.6:
            row["unit_worth_fen"] = random.choice((1, 100, 250, 500, random.randint(0, 2000)))
        if self.may("skills"):
            row["requires"] = random.choice(([], *([s] for s in SKILLS), list(SKILLS[:2])))
        if self.may("periods"):
            row |= self.period("from", "by")
        if self.may("points", 0.4):
            row |= self.place()
        if random.random() < 0.4:
            row["project"] = random.choice(PROJECTS)
        return self.spoken(
            row,
            {
                "fill": "any",
                "accepts": [],
                "unit_worth_fen": 0,
                "requires": [],
                "from": None,
                "by": None,
                "project": None,
            },
        )

    def offering(self, k, needs, funds):
        random = self.random
        row = {
            "id": f"O{k}" if random.random() < 0.9 else f"供给 {k}",
            "donor": f"D{k % 3}",
            "category": random.choice(self.categories),
            "capacity": random.randint(0, random.choice((1, 2, 4)) * self.largest),
        }
        if random.random() < self.with_costs:
            row["unit_cost_fen"] = random.choice((1, 7, 100, 100, 250, random.randint(1, 1500)))
        if self.may("areas"):
            row["areas"] = (
                self.some(code for code, _ in REGIONS) if random.random() < 0.3 else [random.choice(REGIONS[:7])[0]]
            )
        if self.may("radius"):
            row["radius_m"] = random.choice((0, 3_000, 12_000, 25_000))
        if random.random() < 0.6:
            row["region"] = random.choice(REGIONS)[0]
        if self.may("points", 0.4):
            row |= self.place()
        if random.random() < 0.4:
            row["government_bought"] = random.random() < 0.6
        if self.used["skills"] and random.random() < 0.8:
            row["provides"] = random.choice((list(SKILLS), self.some(SKILLS)))
        if self.may("periods"):
            row |= self.period("from", "until")
        if self.may("max_needs"):
            row["max_needs"] = random.choice((0, 1, 1, 2, 3))
        if self.may("types"):
            row["types"] = random.sample(TYPES, random.randint(2, 5))
        if self.may("projects"):
            row["projects"] = self.some(PROJECTS)
        if funds and self.may("fund lists"):
            row["funds"] = self.some(fund["id"] for fund in funds)
        return self.spoken(
            row, {"unit_cost_fen": 0, "government_bought": False, "provides": [], "areas": None, "radius_m": None, "region": None,
                  "max_needs": None, "types": None, "projects": None, "funds": None, "from": None, "until": None, "lat": None}
        )  # fmt: skip

    def fund(self, k):
        random = self.random
        row = {
            "id": f"F{k}",
            "amount_fen": random.choice(
                (
                    random.choice((0, 50, 999)),
                    random.randint(0, 500 * (1 + self.largest)),
                    random.randint(0, 2500 * (1 + self.largest)),
                )
            ),
        }
        for name, values in (
            ("categories", CATEGORIES), ("regions", [code for code, _ in REGIONS[:7]]), ("types", TYPES), ("projects", PROJECTS),
        ):  # fmt: skip
            if self.may("fund earmarks"):
                row[name] = self.some(values)
        return self.spoken(row, {"categories": None, "regions": None, "types": None, "projects": None})

    def limit(self, k):
        random = self.random
        row = {
            "id": f"L{k}",
            "max_fen": random.choice(
                (
                    random.randint(0, 3000),
                    random.randint(0, 400 * (1 + self.largest)),
                    random.randint(0, 2000 * (1 + self.largest)),
                )
            ),
        }
        if random.random() < 0.35:
            row["regions"] = self.some(code for code, _ in REGIONS)
        if random.random() < 0.35:
            row["categories"] = self.some(CATEGORIES)
        if random.random() < 0.4:
            row["government_bought"] = random.random() < 0.5
        return self.spoken(row, {"regions": None, "categories": None, "government_bought": None})

    def households(self):
        random = self.random
        own = (
            None,
            {},
            {"cap_fen": None},
            {"cap_fen": random.choice((0, 500))},
            {"cap_fen": random.randint(0, 5000)},
            {"cap_fen": random.randint(0, 30000)},
        )
        return {f"H{k}": random.choice(own) for k in range(7) if random.random() < 0.4}

    def pair(self, need, offering, needs, offerings):
        random = self.random
        single = next(n for n in needs if n["id"] == need).get("fill") == "single"
        row = {"need": need, "offering": offering}
        if single and random.random() < 0.7:
            row["load"] = random.randint(0, 2 * self.largest)
        if random.random() < 0.4:
            row["unit_cost_fen"] = random.choice((0, 100, random.randint(0, 900)))
        if random.random() < 0.7:
            row["distance_m"] = random.randint(0, 20_000)
        return self.spoken(row, {"unit_cost_fen": None, "distance_m": 0, "load": None})

    def pins(self, document, combinations):
        """Mostly what can be delivered together, sometimes what cannot: a pair that may not meet, too much, one against another."""
        random, contract, pins = self.random, Contract(document), {}
        careful = random.random() < 0.65
        likely = [(edge.need, edge.offering) for edge in contract.edges]
        chosen = random.sample(likely, min(len(likely), random.choice((1, 2, 3, 4))))
        if not careful and random.random() < 0.3:
            chosen.append(random.choice(combinations))
        for need, offering in dict.fromkeys(chosen):
            wanted, fill = contract.needs[need]["quantity"], contract.fill(need)
            most = min(wanted, contract.offerings[offering]["capacity"])
            one = (
                random.choice((0, wanted, wanted))
                if fill == "single"
                else random.choice((0, most, random.randint(0, most)))
            )
            if not careful and random.random() < 0.3:
                one = random.randint(0, wanted + 1)
            together = {pair: units for pair, units in (pins | {(need, offering): one}).items() if units}
            if not careful or set(contract.broken_rules(together)) <= ({"quantity"} if fill == "whole" else set()):
                pins[need, offering] = one
        return [{"need": n, "offering": o, "quantity": q} for (n, o), q in pins.items()]
