"""How much worse than the market's price an order trades, beyond a plain ratio."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from podium.core.fields import number, switch, whole_number
from podium.core.options import Options

__all__ = ["SlippageModel"]

Amount = Annotated[Decimal, number(minimum=0)]
"""money"""
Factor = Annotated[Decimal, number(minimum=0, maximum=1000, example="0.5", decimals=9)]
"""a factor"""


class SlippageModel(Options):
    """State what makes a price worse; everything adds up, and is then rounded once to the tick against the trader.

    The impact of an order is ``impact`` × volatility × √(quantity ÷ mean volume): the square-root law, with a
    coefficient of about 1 (Tóth et al. 2011, "Anomalous price impact and the critical nature of liquidity in financial
    markets", Physical Review X 1, 021006). Volatility and volume are both those of one bar, which gives what a day's
    would: over T bars the one grows by √T, the other by T.
    """

    ticks: Annotated[int, whole_number(minimum=0)] = Field(default=0, description="so many ticks")
    money: Amount = Field(default=Decimal(0), description="so much money for a quantity of one")
    volatility: Factor = Field(
        default=Decimal(0), description="so many times the volatility of a bar: the root mean square of the returns"
    )
    impact: Factor = Field(
        default=Decimal(0),
        description="the coefficient of the square-root law: impact × volatility × √(quantity ÷ volume)",
    )
    window: Annotated[int, whole_number(minimum=1, maximum=100_000)] = Field(
        default=20, description="over how many bars volatility and mean volume are taken, up to the last closed one"
    )
    stops: Annotated[bool, switch()] = Field(
        default=False, description="whether stop orders and protective stops slip, too; else market orders only"
    )
