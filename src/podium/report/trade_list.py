"""All trades of a run, exact, as columns for the page to list, filter, sort and draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np

from podium.core.times import to_nanoseconds
from podium.data.bars import BarSeries
from podium.report.elements import Html, data_block, element, joined
from podium.report.levels import EntryLevels, TradeKey
from podium.report.packing import packed_exactly
from podium.report.reported import ReportedTrade
from podium.stats.aligned import harmless

__all__ = ["trades_section"]

_HEADINGS = (
    "strategy", "trade", "symbol", "side", "quantity", "entry", "entry price", "exit", "exit price", "result",
    "return", "costs", "bars", "exit reason",
)  # fmt: skip
_LEFT = {"strategy", "symbol", "side", "exit reason"}
#: More would make a page that no browser opens at once.
_TRADES_MAX = 50_000
_NO_LEVELS = EntryLevels(stop=None, targets=())
_SIGNS = (
    "▲ ▼ entry long or short; ✕ exit, ◯ at a target, + at a stop. Dotted: the stop of the entry, solid: its targets "
    "(what moves later shows where it was hit)."
)


def trades_section(
    trades: Mapping[str, Sequence[ReportedTrade]],
    market: Mapping[str, BarSeries],
    prices: Sequence[Html],
    levels: Mapping[TradeKey, EntryLevels],
    ticks: Mapping[str, Decimal],
) -> Html:
    """Show trades as a list and on the price chart of their symbol.

    Args:
        trades: by strategy id.
        market: the bars that can be drawn.
        prices: a data block for each of their symbols, called ``prices-0``, ``prices-1``, ….
        levels: the stops and targets of trades, as far as they are known.
        ticks: the step of prices of each symbol, as far as it is known.

    Returns:
        The markup.
    """
    every = [(place, trade) for place, several in enumerate(trades.values()) for trade in several]
    flat = every
    if len(every) > _TRADES_MAX:
        flat = sorted(every, key=lambda pair: pair[1].exit_time)[-_TRADES_MAX:]
    if not flat and not market:
        return element("section", element("h2", "Trades"), element("p", "No trade was closed.", class_="note below"))
    symbols = list(dict.fromkeys([*market, *(trade.symbol for _, trade in flat)]))
    reasons = sorted({trade.exit_reason for _, trade in flat})
    data = {
        **_columns(flat, list(trades), symbols, reasons, levels),
        "decimals": [_decimals(ticks, one) for one in symbols],
    }
    heads = [
        element("th", element("button", name, type="button"), scope="col", class_="left" if name in _LEFT else "")
        for name in _HEADINGS
    ]
    content = element("table", element("thead", element("tr", *heads)), element("tbody"), class_="pin")
    return element(
        "section",
        element("h2", "Prices and trades" if market else "Trades"),
        _bounded(len(flat), len(every)),
        element("noscript", element("p", "Charts and trades need JavaScript; all trades are in trades.parquet.")),
        _filters(list(trades), symbols, reasons),
        _chart(market),
        element("p", "", class_="count", aria_live="polite"),
        element("div", content, class_="wide tall"),
        element("button", "show 200 more", type="button", class_="more pill"),
        data_block("trades-data", data),
        *prices,
        id="trades",
    )


def _bounded(shown: int, total: int) -> Html:
    if shown == total:
        return Html("")
    words = f"The page holds the latest {shown:,} of {total:,} trades; all are in trades.parquet."
    return element("p", words, class_="note")


def _filters(strategy_ids: Sequence[str], symbols: Sequence[str], reasons: Sequence[str]) -> Html:
    several: dict[str, list[tuple[str, str]]] = {
        "symbol": [(harmless(symbol), symbol) for symbol in symbols],
        "strategy": [(f"{place}", name) for place, name in enumerate(strategy_ids)],
        "side": [("long", "long"), ("short", "short")],
        "result": [("gain", "winners"), ("loss", "losers")],
        "reason": [(reason, reason) for reason in reasons],
    }
    selects = [
        element(
            "label",
            {"reason": "exit reason"}.get(name, name),
            element(
                "select",
                element("option", "all", value=""),
                *(element("option", text, value=value) for value, text in choices),
                data_filter=name,
            ),
        )
        for name, choices in several.items()
    ]
    clear = element("button", "clear", type="button", class_="clear pill")
    return element("div", *selects, clear, class_="filters", role="group", aria_label="filters of the trades")


def _chart(market: Mapping[str, BarSeries]) -> Html:
    if not market:
        return Html("")
    options = [element("option", symbol, value=harmless(symbol)) for symbol in market]
    choice = element("label", "chart of ", element("select", *options, id="chart-symbol"))
    line = element("div", choice, element("span", "", class_="drawn"), class_="drawn-line")
    place = element("div", id="prices", class_="plot", role="img", aria_label="Prices with entries and exits")
    words = f"{_SIGNS} A candle stands at its close, UTC; hollow rose, full fell. Drag to zoom; a row shows its trade."
    return joined(line, place, element("p", words, class_="note below"))


def _columns(
    flat: Sequence[tuple[int, ReportedTrade]],
    strategy_ids: Sequence[str],
    symbols: Sequence[str],
    reasons: Sequence[str],
    levels: Mapping[TradeKey, EntryLevels],
) -> dict[str, object]:
    symbol_places = {symbol: place for place, symbol in enumerate(symbols)}
    reason_places = {reason: place for place, reason in enumerate(reasons)}
    trades = [trade for _, trade in flat]
    known = [levels.get((strategy_ids[place], trade.symbol, trade.number), _NO_LEVELS) for place, trade in flat]
    return {
        "strategies": [harmless(name) for name in strategy_ids],
        "symbols": [harmless(symbol) for symbol in symbols],
        "reasons": [harmless(reason) for reason in reasons],
        "strategy": [place for place, _ in flat],
        "symbol": [symbol_places[trade.symbol] for trade in trades],
        "reason": [reason_places[trade.exit_reason] for trade in trades],
        "number": [trade.number for trade in trades],
        "side": [1 if trade.side == "long" else 0 for trade in trades],
        "quantity": [_exact(trade.quantity) for trade in trades],
        "entry_time": packed_exactly(np.array([to_nanoseconds(trade.entry_time) for trade in trades]) / 1e9),
        "entry_price": [_price(trade.entry_price) for trade in trades],
        "exit_time": packed_exactly(np.array([to_nanoseconds(trade.exit_time) for trade in trades]) / 1e9),
        "exit_price": [_price(trade.exit_price) for trade in trades],
        "pnl": [_exact(trade.pnl) for trade in trades],
        "ratio": packed_exactly(np.array([float(trade.return_ratio) for trade in trades])),
        "costs": [_exact(trade.commission + trade.slippage) for trade in trades],
        "bars": [trade.bars_held for trade in trades],
        "stop": [None if one.stop is None else _price(one.stop) for one in known],
        "targets": [[_price(target) for target in one.targets] for one in known],
    }


def _decimals(ticks: Mapping[str, Decimal], symbol: str) -> int | None:
    tick = ticks.get(symbol)
    return None if tick is None else max(-int(tick.normalize().as_tuple().exponent), 0)


def _price(value: Decimal) -> str:
    # An average of several fills may have no end; nobody reads more than twelve digits.
    text = _exact(value)
    return text if len(text) <= 13 else _exact(Decimal(f"{value:.12g}"))


def _exact(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
