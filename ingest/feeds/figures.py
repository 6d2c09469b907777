"""The port through which an enterprise reads its own figures."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from schemas.figure_record import FigureRecord


class FiguresUnavailableError(Exception):
    """The figures can't be read now."""


class FiguresReader(Protocol):
    """Reads the ledger. Called in a thread; may block."""

    def figures(
        self, enterprise: str, *, first: date, until: date, element: str | None
    ) -> Sequence[FigureRecord]:
        """Day figures of the enterprise's own elements for the local days `[first, until)`, latest revision each.

        An element that is another's, or none, has no figures here: the answer is empty, in both cases alike.

        Raises:
            FiguresUnavailableError: the ledger is out of reach.
        """


class NoFigures:
    """Where no ledger is at hand."""

    def figures(
        self,
        enterprise: str,  # noqa: ARG002 - the port's signature
        *,
        first: date,  # noqa: ARG002 - the port's signature
        until: date,  # noqa: ARG002 - the port's signature
        element: str | None,  # noqa: ARG002 - the port's signature
    ) -> Sequence[FigureRecord]:
        """Always raises.

        Raises:
            FiguresUnavailableError: always.
        """
        raise FiguresUnavailableError("this gateway has no ledger")
