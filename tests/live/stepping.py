"""Step through bars as a live run does, one time step after the other, for the tests of what runs live."""

from __future__ import annotations

from podium.backtest.records import event_lines
from podium.live.stepper import Stepper


def stepper_of(orchestrator, market, capital):
    """Make a stepper of what a backtest runs."""
    return Stepper(
        orchestrator.members,
        orchestrator.config,
        capital=capital,
        timeframe=market.timeframe,
        instruments=market.instruments,
    )


def take(stepper, market, first=0, last=None):
    """Take the steps of a market from one to another; give the lines of the events and the equity of each step."""
    series = {symbol: market.store.series(symbol) for symbol in market.symbols}
    times = market.timeline.times.tolist()[first:last]
    lines = []
    for time in times:
        rows = {symbol: int(part.close_time.searchsorted(time)) for symbol, part in series.items()}
        calculated = {
            symbol: stepper.calculate(symbol, series[symbol].bar(row))
            for symbol, row in rows.items()
            if row < len(series[symbol]) and series[symbol].close_time[row] == time
        }
        stepper.settle(time, calculated)
        stepper.decide()
        lines += [event.body for event in stepper.events()]
    return lines


def differences(orchestrator, bars, capital):
    """Run a backtest and step through the same bars; give what they do not tell alike, and how many events there are."""
    result = orchestrator.run(bars, capital)
    expected = b"".join(event_lines(result)).splitlines()
    stepper = stepper_of(orchestrator, result.market, capital)
    lines = take(stepper, result.market)
    if orchestrator.config.finish == "close":
        stepper.finish()
        lines += [event.body for event in stepper.events()]
    found = [pair for pair in zip(expected, lines, strict=False) if pair[0] != pair[1]]
    curve = [list(point.strategies) for point in stepper.equities()]
    equity = result.engine.equity[:, : len(orchestrator.members)].tolist()
    if orchestrator.config.finish != "close":
        equity = equity[:-1]
    return [
        *found[:1],
        *([] if curve == equity else ["equity"]),
        *([] if len(lines) == len(expected) else ["count"]),
    ], len(lines)
