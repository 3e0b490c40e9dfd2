"""Importing over the API and from the terminal."""

import io
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy.orm import Session, sessionmaker

from marketplace.cli import imports as command
from marketplace.imports.tables import read_tables
from tests.factories import COUNTY, OTHER_COUNTY, TOWNSHIP, make_user
from tests.factories_imports import HOUSEHOLD_HEADS, csv_text, household_row, xlsx
from tests.integration.conftest import ApiClient

As = Callable[..., ApiClient]


def upload(api: ApiClient, content: bytes, *, kind: str = "households", region: str = COUNTY, name: str = "x.xlsx"):
    data = {"kind": kind, "region_code": region, "file": (io.BytesIO(content), name)}
    return api.post("/imports", data=data, content_type="multipart/form-data")


def file_of(*rows: list[object]) -> bytes:
    return xlsx([HOUSEHOLD_HEADS, *rows])


def test_a_file_is_checked_and_then_imported_in_part(api_as: As) -> None:
    api = api_as("coordinator")
    checked = upload(api, file_of(household_row(1), household_row(2, 身份证号="1")))
    assert checked.status_code == 201, checked.text
    [fault] = checked.json["faults"]
    assert (fault["sheet"], fault["row"], fault["column"]) == ("Sheet1", 3, "身份证号")
    path = f"/imports/{checked.json['id']}"
    assert api.post(f"{path}/apply", {}).status_code == 409
    done = api.post(f"{path}/apply", {"partial": True})
    assert (done.json["status"], done.json["written"], done.json["has_rejected_rows"]) == ("imported", 1, True)
    [table] = read_tables(api.get(f"{path}/rejected").data)
    assert len(table.rows) == 2
    assert api.delete(path).json["has_rejected_rows"] is False
    assert api.get(f"{path}/rejected").status_code == 404
    assert [one["id"] for one in api.get("/imports").json["items"]] == [checked.json["id"]]
    assert len(api.get("/households").json["items"]) == 1


def test_a_template_is_a_workbook(api_as: As) -> None:
    api = api_as("worker")
    for language in ("zh", "en"):
        reply = api.get("/imports/template", kind="needs", language=language)
        assert reply.status_code == 200
        assert len(read_tables(reply.data)) == 2
    assert api.get("/imports/template", kind="people").status_code == 422


def test_importing_is_no_way_around_a_right(api_as: As) -> None:  # promise 11
    worker = api_as("worker", region=TOWNSHIP)
    assert upload(worker, b"x", kind="donors", region=TOWNSHIP).status_code == 403
    assert upload(worker, file_of(household_row(1)), region=COUNTY).status_code == 403
    assert upload(worker, file_of(household_row(1)), region=TOWNSHIP).status_code == 201
    assert upload(api_as("federation"), file_of(household_row(1))).status_code == 403
    assert upload(api_as("volunteer"), file_of(household_row(1))).status_code == 403
    mine = upload(worker, file_of(household_row(2)), region=TOWNSHIP).json["id"]
    assert api_as("worker", region=TOWNSHIP).get(f"/imports/{mine}").status_code == 404
    assert upload(api_as("coordinator", region=OTHER_COUNTY), file_of(household_row(1))).status_code == 403


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\xff\xfe\x00", b"%PDF", b"\x00" * 100])
def test_what_is_no_table_is_refused(api_as: As, content: bytes) -> None:
    refused = upload(api_as("coordinator"), content)
    assert refused.status_code in (201, 422)
    if refused.status_code == 201:
        assert refused.json["faults"]


def test_a_request_without_a_file_is_refused(api_as: As) -> None:
    api = api_as("coordinator")
    refused = api.post("/imports", data={"kind": "needs", "region_code": COUNTY}, content_type="multipart/form-data")
    assert refused.status_code == 422


@pytest.fixture
def run(sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch):
    """The command against the test's database."""
    with sessions.begin() as session:
        make_user(session, "clerk", ("coordinator", COUNTY))
        make_user(session, "giver", ("enterprise", COUNTY))

    @contextmanager
    def session_of_test():
        with sessions() as one:
            yield one
            one.commit()

    monkeypatch.setattr(command, "cli_session", session_of_test)
    return lambda *arguments: CliRunner().invoke(command.import_, [str(one) for one in arguments])


def test_the_command_names_faults_and_imports(run, tmp_path: Path) -> None:
    right = ("--region", COUNTY, "--as", "clerk")
    file = tmp_path / "户.csv"
    file.write_bytes(csv_text([HOUSEHOLD_HEADS, household_row(1), household_row(2, 身份证号="1")]).encode("gb18030"))
    refused = run("households", file, *right)
    assert refused.exit_code == 1
    assert "CSV:3:身份证号: A resident ID has 17 digits" in refused.output
    assert "1 hold" in refused.output
    assert run("households", file, *right, "--dry-run").exit_code == 1
    done = run("households", file, *right, "--partial")
    assert (done.exit_code, "1 households imported" in done.output) == (0, True)
    assert len(read_tables((tmp_path / "户.rejected.xlsx").read_bytes())[0].rows) == 2
    again = run("households", file, *right, "--partial")
    assert again.exit_code == 1
    assert "imported on" in again.output
    assert run("households", file, "--region", OTHER_COUNTY, "--as", "clerk").exit_code == 1
    assert run("households", file, "--region", COUNTY, "--as", "giver").exit_code == 1
    assert run("households", file, "--region", COUNTY, "--as", "nobody").exit_code == 1


def test_a_dry_run_writes_nothing(run, tmp_path: Path) -> None:
    file = tmp_path / "x.xlsx"
    file.write_bytes(file_of(household_row(1)))
    for _ in range(2):
        assert run("households", file, "--region", COUNTY, "--as", "clerk", "--dry-run").exit_code == 0
    assert run("households", file, "--region", COUNTY, "--as", "clerk").exit_code == 0
