"""A small invented region of three counties, with everything that can cross a border."""

import gzip
import json
from pathlib import Path

from matching.regional.invention import RegionalScale, write_region

SMALL = RegionalScale("3399", 0, 3, 2, 3, 150, 75, 0.15, 0.0, 1.25)


def small_region(folder: Path) -> Path:
    """The generated region with pins, forbids, named funds, a family with needs in two counties and a helper with few visits."""
    write_region(SMALL, 5, folder)
    head = json.loads((folder / "problem.json").read_text(encoding="utf-8"))
    unpack(folder)
    needs, offerings = rows(folder / "needs.jsonl"), rows(folder / "offerings.jsonl")
    needs[60]["household"] = needs[5]["household"]
    shared = next(o for o in offerings if o["id"].startswith("Oshared"))
    served = [n for n in needs if n["category"] == shared["category"] and n.get("fill") is None][:3]
    assert len({n["id"][:7] for n in served}) >= 1
    shared |= {"capacity": 9, "max_needs": 2, "types": sorted({n["type"] for n in served})}
    for one in ("from", "until", "unit_cost_fen", "government_bought", "types"):
        shared.pop(one, None)
    own = next(o for o in offerings if o.get("unit_cost_fen") and o["areas" if "areas" in o else "id"])
    own["funds"] = ["F-type-1", f"F{own['id'][1:7]}-general"]
    head["pins"] = [{"need": served[0]["id"], "offering": shared["id"], "quantity": 1}]
    head["forbids"] = [{"need": served[1]["id"], "offering": shared["id"]}] if len(served) > 1 else []
    write(folder, head, needs[::-1], offerings)  # the order of rows decides nothing
    return folder


def unpack(folder: Path) -> None:
    """Unpacks the tables, so that they can be changed."""
    for table in ("needs", "offerings"):
        packed = folder / f"{table}.jsonl.gz"
        (folder / f"{table}.jsonl").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write(folder: Path, head: dict, needs: list[dict], offerings: list[dict]) -> None:
    (folder / "problem.json").write_text(json.dumps(head, ensure_ascii=False), encoding="utf-8")
    for table, lines in (("needs", needs), ("offerings", offerings)):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in lines)
        (folder / f"{table}.jsonl").write_text(text, encoding="utf-8")
