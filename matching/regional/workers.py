"""Who does the pieces: processes of this machine, or a queue; both only call `run_piece`."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from matching.regional.pieces import FailedPiece, result, run_piece


def in_this_process(work: Path, stage: str, parts: list[str]) -> None:
    """One piece after another, here."""
    for part in parts:
        run_piece(work, stage, part)


class Processes:
    """A few processes, each with one piece at a time. They are spawned, not forked: solvers do not survive a fork.

    Every stage has processes of its own, so that none grows old: an executor that replaces its processes after a number of tasks
    can wait for ever in Python 3.11 (CPython issue 115634).
    """

    def __init__(self, workers: int):
        self._workers = workers

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open between stages."""

    def __call__(self, work: Path, stage: str, parts: list[str]) -> None:
        """Returns when every piece is done; the first error of a piece is raised."""
        undone = [part for part in parts if result(work, stage, part) is None]
        if not undone:
            return
        count = min(self._workers, len(undone))
        with ProcessPoolExecutor(count, multiprocessing.get_context("spawn")) as pool:
            try:
                for task in as_completed([pool.submit(_piece, work, stage, part) for part in undone]):
                    task.result()
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise


def _piece(work: Path, stage: str, part: str) -> None:
    """An error goes home as text: not every error of a solver can be sent between processes."""
    try:
        run_piece(work, stage, part)
    except Exception as error:
        raise FailedPiece(f"{stage} {part}: {type(error).__name__}: {error}") from None
