"""The workbooks handed out: a template per kind, and the rows an import left out with the reason of each."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from kernel.catalogue.models import Category, Skill
from marketplace.imports.columns import COLUMNS, KIND_NAMES, MARK, Column
from marketplace.imports.rules import SourceRow
from marketplace.imports.tables import Cell
from marketplace.imports.workbooks import write_workbook


def template_workbook(
    kind: str, *, categories: Sequence[Category], skills: Sequence[Skill], chinese: bool = True
) -> bytes:
    """An XLSX template: headings and one example row that is not imported, then a sheet that explains every column."""
    columns = COLUMNS[kind]
    name = KIND_NAMES[kind][0 if chinese else 1]
    example = [_example(column, chinese) for column in columns]
    text_columns = [number for number, column in enumerate(columns, start=1) if column.is_code]
    return write_workbook(
        [
            (name, [column.heading(chinese) for column in columns], [example]),
            ("说明" if chinese else "Explanations", *_explanations(columns, categories, skills, chinese)),
        ],
        text_columns=text_columns,
    )


def _example(column: Column, chinese: bool) -> str:
    if column.key == MARK:
        return "示例" if chinese else "example"
    if column.choices and column.example and not chinese:
        return next(words[1] for words in column.choices.values() if column.example in words)
    return column.example


def _explanations(
    columns: Sequence[Column], categories: Sequence[Category], skills: Sequence[Skill], chinese: bool
) -> tuple[list[str], list[list[str]]]:
    """A line per column; the headings of this sheet are none that an import knows, so that it is passed over."""
    heads = ["关于此列", "是否必须", "怎样写", "可用的词"] if chinese else ["About", "Must", "How", "Words allowed"]
    rows = []
    for column in columns:
        words: list[str] = []
        if column.choices:
            words = [pair[0 if chinese else 1] for pair in column.choices.values()]
        elif column.reads in ("category", "categories"):
            words = [
                f"{one.name_zh}（{one.unit_zh}）" if chinese else f"{one.name_en} ({one.unit_en})" for one in categories
            ]
        elif column.reads == "skills":
            words = [one.name_zh if chinese else one.name_en for one in skills]
        must = ("必填" if chinese else "required") if column.required else ""
        rows.append(
            [
                column.zh if chinese else column.en,
                must,
                column.note_zh if chinese else column.note_en,
                ("、" if chinese else "; ").join(words),
            ]
        )
    return heads, rows


def rejected_workbook(
    kind: str, rows: Sequence[SourceRow], *, translate: Callable[[str, Mapping[str, Any]], str], chinese: bool
) -> bytes:
    """The rows as they were, after a column that says what to mend; mended, the file is imported as it is."""
    columns = [column for column in COLUMNS[kind] if any(column.key in row.headings for row in rows)]
    reason = "原因" if chinese else "Reason"
    body: list[list[Any]] = []
    for row in rows:
        told = "; ".join(
            f"{fault.column}: {translate(fault.message, fault.values)}"
            if fault.column
            else translate(fault.message, fault.values)
            for fault in row.faults
        ) or ("同一户的其他行有误" if chinese else "Another row of the same household has a fault")
        body.append([told, *(_original(row, column) for column in columns)])
    return write_workbook(
        [
            (
                KIND_NAMES[kind][0 if chinese else 1],
                [reason, *(column.zh if chinese else column.en for column in columns)],
                body,
            )
        ],
        text_columns=[number for number, column in enumerate(columns, start=2) if column.is_code],
    )


def _original(row: SourceRow, column: Column) -> Cell:
    """The cell as it was in the upload; what was merged over the rows of a household is written out."""
    cell = row.raw.get(column.key)
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return int(cell)
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=None)
    return cell
