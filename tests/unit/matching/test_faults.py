"""Every class of fault is named with file, row, field and a reason; nothing faulty gets through."""

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.faults import FaultyProblem
from matching.problem import parse_problem, pool_sha256, problem_sha256, read_problem
from tests.unit.matching.problems import SAMPLES, problems, small, with_row, with_rows

NEED = {
    "id": "N9",
    "household": "H",
    "region": "330324",
    "category": "rice",
    "quantity": 1,
    "tier": 1,
    "weight": 1,
    "type": "care",
}
TWICE = {"need": "N1", "offering": "O1"}

FAULTS = {
    "another format": (small(format="zhongfu-problem/2"), "problem.json:top:format: must be 'zhongfu-problem/1'"),
    "no format": (small(format=None), "problem.json:top:format: must be"),
    "no regions": (small(regions=None), "problem.json:top:regions: is required and missing"),
    "no needs": (small(needs=None), "problem.json:top:needs: is required"),
    "no offerings": (small(offerings=None), "problem.json:top:offerings: is required"),
    "a table that is no list": (small(funds={}), "problem.json:top:funds: must be a list of rows"),
    "a row that is no object": (with_rows("needs", 7), "problem.json:needs[3]:: must be a JSON object, not 7"),
    "an unknown table": (small(offers=[]), "problem.json:top:offers: is no field of zhongfu-problem/1; did you mean 'offerings'?"),
    "a mistyped field": (with_row("offerings", 0, max_need=3), "problem.json:offerings[0]:max_need: is no field of zhongfu-problem/1; did you mean 'max_needs'?"),
    "a mistyped policy": (small(policy={"floor_percentage": 1}), "problem.json:policy:floor_percentage: is no field"),
    "a policy that is no object": (small(policy=[]), "problem.json:top:policy: must be a JSON object"),
    "a missing id": (with_row("needs", 1, id=object), "problem.json:needs[1]:id: is required and missing"),
    "a null in a required field": (with_row("needs", 1, quantity=None), "problem.json:needs[1]:quantity: is required and missing"),
    "an empty id": (with_row("funds", 0, id=""), "problem.json:funds[0]:id: must not be empty"),
    "a number as id": (with_row("needs", 0, id=5), "problem.json:needs[0]:id: must be text, not 5"),
    "half a surrogate pair": (with_row("needs", 0, id="\ud800"), "problem.json:needs[0]:id: holds half of a surrogate pair"),
    "true as a number": (with_row("needs", 0, tier=True), "problem.json:needs[0]:tier: must be a whole number, not True"),
    "a number as flag": (with_row("offerings", 0, government_bought=1), "problem.json:offerings[0]:government_bought: must be true or false"),
    "a fraction": (with_row("needs", 0, quantity=1.5), "problem.json:needs[0]:quantity: must be a whole number, not 1.5"),
    "a whole number written as fraction": (with_row("needs", 0, quantity=2.0), "problem.json:needs[0]:quantity: must be a whole number, not 2.0"),
    "a negative capacity": (with_row("offerings", 0, capacity=-1), "problem.json:offerings[0]:capacity: must be at least 0, not -1"),
    "a negative amount": (with_row("funds", 0, amount_fen=-1), "problem.json:funds[0]:amount_fen: must be at least 0"),
    "a negative seed": (small(seed=-1), "problem.json:top:seed: must be at least 0"),
    "a capacity without end": (with_row("offerings", 0, capacity=10**16), "problem.json:offerings[0]:capacity: must be at most 1000000000000000"),
    "quantity zero": (with_row("needs", 0, quantity=0), "problem.json:needs[0]:quantity: must be at least 1"),
    "a unit without a point": (with_row("needs", 0, quantity=10_001), "problem.json:needs[0]:quantity: must be at most 1000 times the weight (10000), not 10001"),
    "tier four": (with_row("needs", 0, tier=4), "problem.json:needs[0]:tier: must be at most 3"),
    "weight zero": (with_row("needs", 0, weight=0), "problem.json:needs[0]:weight: must be at least 1"),
    "weight 1001": (with_row("needs", 0, weight=1001), "problem.json:needs[0]:weight: must be at most 1000"),
    "an unknown type": (with_row("needs", 0, type="poor"), "problem.json:needs[0]:type: must be one of subsistence, expenditure"),
    "an unknown type in an earmark": (with_row("offerings", 0, types=["poor"]), "problem.json:offerings[0]:types: item 0 must be one of"),
    "an unknown fill": (with_row("needs", 0, fill="half"), "problem.json:needs[0]:fill: must be one of any, whole, single"),
    "text where a list belongs": (with_row("needs", 0, accepts="oil"), "problem.json:needs[0]:accepts: must be a list, not 'oil'"),
    "empty areas": (with_row("offerings", 0, areas=[]), "problem.json:offerings[0]:areas: must not be an empty list"),
    "empty funds of an offering": (with_row("offerings", 0, funds=[]), "problem.json:offerings[0]:funds: must not be an empty list"),
    "an empty earmark of types": (with_row("offerings", 0, types=[]), "problem.json:offerings[0]:types: must not be an empty list"),
    "an empty earmark of projects": (with_row("offerings", 0, projects=[]), "problem.json:offerings[0]:projects: must not be an empty list"),
    "an empty earmark of a fund": (with_row("funds", 0, categories=[]), "problem.json:funds[0]:categories: must not be an empty list"),
    "an empty filter of a limit": (with_row("limits", 0, regions=[]), "problem.json:limits[0]:regions: must not be an empty list"),
    "a slashed date": (with_row("needs", 0, from_="2027/01/02"), "problem.json:needs[0]:from: must be a date written YYYY-MM-DD"),
    "a week date": (with_row("needs", 0, from_="2027-W01-1"), "problem.json:needs[0]:from: must be a date written YYYY-MM-DD"),
    "a day that does not exist": (with_row("needs", 0, by="2027-02-30"), "problem.json:needs[0]:by: '2027-02-30' is no day of the calendar"),
    "a need that starts after its end": (with_row("needs", 0, from_="2027-02-02", by="2027-02-01"), "problem.json:needs[0]:from: starts on 2027-02-02, after 'by' (2027-02-01)"),
    "an offering that starts after its end": (with_row("offerings", 0, from_="2027-02-02", until="2027-02-01"), "problem.json:offerings[0]:from: starts on 2027-02-02, after 'until'"),
    "a latitude beyond the pole": (with_row("needs", 0, lat=91, lon=0), "problem.json:needs[0]:lat: must lie between -90 and 90 degrees"),
    "a longitude beyond the date line": (with_row("regions", 0, lon=181), "problem.json:regions[0]:lon: must lie between -180 and 180 degrees"),
    "a latitude alone": (with_row("offerings", 0, lat=28), "problem.json:offerings[0]:lon: is missing beside its other coordinate"),
    "not a number": (with_row("needs", 0, lat=float("nan"), lon=1.0), "problem.json:needs[0]:lat: must be a finite number"),
    "infinity": (with_row("needs", 0, lat=1.0, lon=float("inf")), "problem.json:needs[0]:lon: must be a finite number"),
    "a need twice": (with_rows("needs", {**NEED, "id": "N1"}), "problem.json:needs[3]:id: 'N1' is given twice (first at problem.json needs[0])"),
    "a region twice": (with_rows("regions", {"code": "330324", "parent": ""}), "problem.json:regions[3]:code: '330324' is given twice"),
    "an offering twice": (with_rows("offerings", {"id": "O1", "donor": "D", "category": "rice", "capacity": 1}), "problem.json:offerings[3]:id: 'O1' is given twice"),
    "a fund twice": (with_rows("funds", {"id": "F1", "amount_fen": 1}), "problem.json:funds[1]:id: 'F1' is given twice"),
    "a limit twice": (with_rows("limits", {"id": "budget", "max_fen": 1}), "problem.json:limits[1]:id: 'budget' is given twice"),
    "a pin twice": (small(pins=[{**TWICE, "quantity": 1}, {**TWICE, "quantity": 2}]), "problem.json:pins[1]:offering: 'N1', 'O1' is given twice"),
    "a forbid twice": (small(forbids=[TWICE, TWICE]), "problem.json:forbids[1]:offering: 'N1', 'O1' is given twice"),
    "a pair twice": (small(pairs=[TWICE, TWICE]), "problem.json:pairs[1]:offering: 'N1', 'O1' is given twice"),
    "an unknown parent": (with_row("regions", 2, parent="999"), "problem.json:regions[2]:parent: '999' is not among the regions"),
    "an unknown region of a need": (with_row("needs", 0, region="999"), "problem.json:needs[0]:region: '999' is not among the regions"),
    "an unknown home": (with_row("offerings", 0, region="999"), "problem.json:offerings[0]:region: '999' is not among the regions"),
    "an unknown area": (with_row("offerings", 0, areas=["330324", "999"]), "problem.json:offerings[0]:areas: '999' is not among the regions"),
    "an unknown fund": (with_row("offerings", 0, funds=["F9"]), "problem.json:offerings[0]:funds: 'F9' is not among the funds"),
    "an unknown region of a fund": (with_row("funds", 0, regions=["999"]), "problem.json:funds[0]:regions: '999' is not among the regions"),
    "an unknown region of a limit": (with_row("limits", 0, regions=["999"]), "problem.json:limits[0]:regions: '999' is not among the regions"),
    "a pin on an unknown need": (small(pins=[{"need": "N9", "offering": "O1", "quantity": 1}]), "problem.json:pins[0]:need: 'N9' is not among the needs"),
    "a forbid on an unknown offering": (small(forbids=[{"need": "N1", "offering": "O9"}]), "problem.json:forbids[0]:offering: 'O9' is not among the offerings"),
    "a pair with an unknown need": (small(pairs=[{"need": "N9", "offering": "O1"}]), "problem.json:pairs[0]:need: 'N9' is not among the needs"),
    "a pin without quantity": (small(pins=[TWICE]), "problem.json:pins[0]:quantity: is required and missing"),
    "a load on another fill": (small(pairs=[{**TWICE, "load": 3}]), "problem.json:pairs[0]:load: is given, but the fill of need 'N1' is not single"),
    "a region that is its own parent": (with_row("regions", 1, parent="330324100"), "problem.json:regions[1]:parent: is its own ancestor (330324100 → 330324100)"),
    "two regions above each other": (with_row("regions", 0, parent="330324100"), "problem.json:regions[0]:parent: is its own ancestor (330324 → 330324100 → 330324)"),
    "tolerance above all": (small(policy={"tolerance_permille": 1001}), "problem.json:policy:tolerance_permille: must be at most 1000"),
    "a negative cap": (small(households={"H1": {"cap_fen": -1}}), "problem.json:households['H1']:cap_fen: must be at least 0"),
    "a cap that is no object": (small(households={"H1": 5}), "problem.json:households['H1']:cap_fen: must stand in an object"),
    "households as a list": (small(households=[]), "problem.json:top:households: must be a JSON object"),
    "no object at all": ([], "problem.json:top:: must be a JSON object, not []"),
}  # fmt: skip


def faults_of(read, *args) -> list[str]:
    with pytest.raises(FaultyProblem) as caught:
        read(*args)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(("document", "said"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_with_place_and_reason(document, said):
    assert any(line.startswith(said) for line in faults_of(parse_problem, document)), faults_of(parse_problem, document)


def test_every_fault_is_named_not_only_the_first():
    document = small(seed=1.5, offers=[], policy={"floor": 1})
    document["needs"][0] |= {"tier": 9, "weight": "x", "region": "999", "lat": 1.0}
    document["needs"].append({})
    lines = faults_of(parse_problem, document)
    fields = {line.split(": ")[0] for line in lines}
    assert {f"problem.json:needs[0]:{name}" for name in ("tier", "weight", "region", "lon")} <= fields
    assert {"problem.json:top:seed", "problem.json:top:offers", "problem.json:policy:floor"} <= fields
    assert sum("needs[3]" in line for line in lines) == 8


def test_the_small_problem_and_all_samples_are_sound():
    assert parse_problem(small()).needs[1].fill == "whole"
    assert len(SAMPLES) == 12
    for path in SAMPLES:
        assert read_problem(path).needs


def test_null_means_absent_everywhere():
    document = small(name=None, seed=None, limits=None, households=None, pins=None, pairs=None, policy=None, typo=None)
    for row in document["needs"]:
        row |= {"fill": None, "accepts": None, "unit_worth_fen": None, "from": None, "lat": None, "project": None}
    problem = parse_problem(document)
    assert (problem.policy.floor_percent, problem.policy.tolerance_permille, problem.seed) == (90, 1, 0)
    assert {need.fill for need in problem.needs} == {"any"}


def test_a_household_that_no_need_names_may_have_a_cap():
    problem = parse_problem(
        small(
            households={"H1": {"cap_fen": 5}, "elsewhere": {"cap_fen": 7}, "H2": {"cap_fen": None}, "H3": None},
            policy={"household_cap_fen": 9},
        )
    )
    assert [problem.cap_fen(h) for h in ("H1", "H2", "H3", "H4")] == [5, None, 9, 9]


def write_folder(folder, document, *, lines: dict[str, str]):
    folder.mkdir(exist_ok=True)
    (folder / "problem.json").write_text(json.dumps(document))
    for name, text in lines.items():
        data = text.encode()
        (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return folder


def test_a_folder_with_lines_reads_as_the_same_problem(tmp_path):
    document = small()
    lines = {part: "\n\n".join(json.dumps(row) for row in document.pop(part)) for part in ("needs", "offerings")}
    folder = write_folder(
        tmp_path / "p", document, lines={"needs.jsonl": lines["needs"], "offerings.jsonl.gz": lines["offerings"]}
    )
    assert read_problem(folder) == parse_problem(small())
    assert problem_sha256(read_problem(folder)) == problem_sha256(parse_problem(small()))
    (tmp_path / "p.json.gz").write_bytes(gzip.compress(json.dumps(small()).encode()))
    assert read_problem(tmp_path / "p.json.gz") == parse_problem(small())


def test_faults_in_a_lines_file_are_named_by_its_line(tmp_path):
    document = small()
    needs = document.pop("needs")
    bad = [json.dumps(needs[0]), "", json.dumps({**needs[1], "tier": 7}), json.dumps(needs[0])]
    folder = write_folder(tmp_path / "p", document, lines={"needs.jsonl": "\n".join(bad)})
    assert faults_of(read_problem, folder) == [
        "needs.jsonl:line 3:tier: must be at most 3, not 7",
        "needs.jsonl:line 4:id: 'N1' is given twice (first at needs.jsonl line 1)",
    ]


UNREADABLE = {
    "broken JSON": (b'{"format": 1,\n "x" 2}', "p.json:line 2 column 6:: is not JSON: Expecting ':' delimiter"),
    "no UTF-8": (b'{"name": "\xff"}', "p.json:byte 10:: is not UTF-8 text"),
    "an empty file": (b"", "p.json:line 1 column 1:: is not JSON"),
    "nesting without end": (b"[" * 100_000, "p.json:top:: is nested too deeply"),
    "a number without end": (b'{"seed": ' + b"9" * 5000 + b"}", "p.json:top:: is not JSON that can be read"),
    "a key twice": (b'{"needs": [{"id": "a", "id": "b"}]}', "p.json:needs[0]:id: is given twice in one object"),
    "a table twice": (b'{"funds": [], "funds": []}', "p.json:top:funds: is given twice in one object"),
}


@pytest.mark.parametrize(("data", "said"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_is_no_json_is_named_with_its_place(tmp_path, data, said):
    (tmp_path / "p.json").write_bytes(data)
    lines = faults_of(read_problem, tmp_path / "p.json")
    assert any(line.startswith(said) for line in lines), lines


def test_a_missing_file_a_broken_archive_and_two_tables_of_one_name_are_faults(tmp_path):
    assert faults_of(read_problem, tmp_path / "no.json") == ["no.json:top:: does not exist"]
    (tmp_path / "p.json.gz").write_bytes(gzip.compress(b"{}")[:-4])
    assert faults_of(read_problem, tmp_path / "p.json.gz")[0].startswith("p.json.gz:top:: cannot be read")
    folder = write_folder(tmp_path / "p", small(), lines={"needs.jsonl": "", "needs.jsonl.gz": ""})
    assert faults_of(read_problem, folder) == [
        "needs.jsonl.gz:top:: stands beside needs.jsonl; keep only one of the two"
    ]


def test_a_byte_order_mark_does_no_harm(tmp_path):
    (tmp_path / "p.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(small()).encode())
    assert read_problem(tmp_path / "p.json") == parse_problem(small())


def test_the_hash_ignores_the_order_of_rows_and_the_pool_hash_the_seed():
    document = small(seed=1)
    turned = {k: v[::-1] if isinstance(v, list) else v for k, v in reversed(document.items())}
    assert problem_sha256(parse_problem(document)) == problem_sha256(parse_problem(turned))
    other = parse_problem(small(seed=2))
    assert problem_sha256(other) != problem_sha256(parse_problem(document))
    assert pool_sha256(other) == pool_sha256(parse_problem(document)) == pool_sha256(parse_problem(small()))


@settings(max_examples=50, deadline=None)
@given(problems())
def test_random_sound_problems_are_read(document):
    assert len(parse_problem(document).needs) == len(document["needs"])


def _paths(value, path=()):
    yield path
    for step, inner in _steps(value):
        yield from _paths(inner, (*path, step))


def _steps(value):
    return value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()


def _put(document, path, value):
    """Sets what stands at a path, if an earlier change has left the path there."""
    *way, last = path
    at = document
    for step in way:
        at = dict(_steps(at)).get(step)
    if last in dict(_steps(at)):
        at[last] = value


PLACES = [path for path in _paths(small(pins=[{**TWICE, "quantity": 1}], forbids=[TWICE], pairs=[TWICE])) if path]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 10**17)
    | st.floats()
    | st.sampled_from(["", "N1", "O1", "330324", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "from", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), JSON), min_size=1, max_size=3))
def test_whatever_stands_in_a_field_ends_in_a_problem_or_in_named_faults(changes):
    document = small(pins=[{**TWICE, "quantity": 1}], forbids=[TWICE], pairs=[TWICE])
    for path, value in changes:
        _put(document, path, value)
    try:
        assert parse_problem(document).document is document
    except FaultyProblem as error:
        assert error.faults
        assert all(fault.reason and str(fault).startswith("problem.json:") for fault in error.faults)
