"""What a portfolio file says about where a run is recorded: the section ``journal``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from podium.core.fields import text, whole_number
from podium.core.options import Options

__all__ = ["JournalOptions", "as_journal"]

_ADDRESSES = ("postgresql://", "postgres://")


class JournalOptions(Options):
    """Where a run is recorded."""

    place: Annotated[str, text("a folder such as live/demo.journal, or postgresql://…")] | None = Field(
        default=None,
        description="a folder, seen from the portfolio file, or the address of a PostgreSQL database; by default "
        "live/<name>.journal beside the portfolio file",
    )
    snapshot_steps: Annotated[int, whole_number(minimum=1)] = Field(
        default=1_000, description="after how many time steps the state is kept, so that a start need not go back more"
    )

    def at(self, folder: Path, name: str) -> str | Path:
        """Give the place.

        Args:
            folder: of the portfolio file.
            name: of the portfolio.

        Returns:
            A folder, or an address.
        """
        if self.place is None:
            return folder / "live" / f"{name}.journal"
        return self.place if self.place.startswith(_ADDRESSES) else folder / self.place


def as_journal(value: object) -> object:
    """Read a place alone as a section that says nothing else, and an empty section likewise.

    Args:
        value: what the file says.

    Returns:
        A section.
    """
    if value is None:
        return {}
    return {"place": value} if isinstance(value, str) else value
