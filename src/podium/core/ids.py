"""Names of things. Ids are made from what they name, never drawn at random, so that equal runs give equal ids.

The one exception is the epoch of a journal: two journals must never give the same order ids.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import NewType

__all__ = ["RESERVED_IDS", "StrategyId", "Symbol", "digest", "new_epoch", "run_id"]

#: A strategy's stable name, from the portfolio file.
StrategyId = NewType("StrategyId", str)
#: A market's name, such as ``BTC/USDT``.
Symbol = NewType("Symbol", str)
#: Rows and columns of the tables of a run that are no strategies.
RESERVED_IDS = ("netting", "unallocated", "portfolio")


def digest(*parts: bytes | memoryview) -> str:
    """Name content by its SHA-256.

    Args:
        parts: the content, as bytes; the boundaries between parts count.

    Returns:
        64 hexadecimal digits.
    """
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "big"))
        total.update(part)
    return total.hexdigest()


def new_epoch() -> str:
    """Draw the epoch of a new journal.

    Returns:
        Eight characters of ``0-9a-z``: one of 2.8 million million.
    """
    return "".join(secrets.choice("0123456789abcdefghijklmnopqrstuvwxyz") for _ in range(8))


def run_id(name: str, last_day: str, content: str) -> str:
    """Name a run by its portfolio, the last day of its bars and what went in.

    Args:
        name: the portfolio's name.
        last_day: ``YYYYMMDD``.
        content: a digest of configuration and data.

    Returns:
        For example ``demo-20241231-a1b2c3d4``; the same input has the same name.
    """
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.") or "portfolio"
    return f"{plain}-{last_day}-{content[:8]}"
