"""Wrong input of every kind: the exact message, exit code 2, and nothing written.

The messages are product: each says where, what came, what was expected and, where something can be said, what to do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from podium.cli.main import run

PORTFOLIO, TREND, REVERSAL, BARS = "portfolio.yaml", "trend.yaml", "reversal.py", "bars/ETH-USDT_1h.csv"
FILES = {
    PORTFOLIO: """\
portfolio:
  name: demo
  capital: 100_000
data:
  source: csv
  path: bars
  timeframe: 1h
symbols:
  BTC/USDT: {tick: 0.1, lot: 0.001, taker_fee: 0.1%}
  ETH/USDT: {tick: 0.01, lot: 0.01}
simulation: {slippage: 0.02%}
strategies:
  - id: trend
    file: trend.yaml
    weight: 0.5
    symbols: [BTC/USDT, ETH/USDT]
    params: {fast: 3}
  - id: reversal
    class: reversal.py:Reversal
    weight: 0.3
""",
    TREND: """\
name: trend
params: {fast: 2, slow: 5}
indicators:
  fast_ma: sma(close, fast)
  slow_ma: sma(close, slow)
entry:
  long: crosses_above(fast_ma, slow_ma)
exit:
  long: crosses_below(fast_ma, slow_ma)
stop: 2 * atr(3)
targets: [{percent: 3%, close: 50%}, {percent: 6%, close: 50%}]
trail: {distance: 3 * atr(3), after: 2%}
size: {risk: 1%}
""",
    REVERSAL: """\
class Reversal:
    depth = 2

    def should_enter(self, bars):
        return len(bars) > self.depth and bars[-1].close < bars[-2].close

    def should_exit(self, position, bars):
        return bars[-1].close > bars[-2].close
""",
}
CSV = "time,open,high,low,close,volume\n" + "".join(
    f"2024-01-01T{hour:02}:00:00Z,{100 + hour % 5},{103 + hour % 5},{98 + hour % 5},{101 + hour % 5},{10 + hour}\n"
    for hour in range(24)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """State a wrong input: what is changed in good files, the command, and all that it prints to the error stream."""

    name: str
    edits: tuple[tuple[str, str | None, str | bytes], ...] = ()
    command: tuple[str, ...] = ("check", PORTFOLIO)
    environment: dict[str, str] = field(default_factory=dict)
    message: str


CASES = (
    Case(
        name="file that does not exist",
        command=("check", "portfolio.yml"),
        message="""\
portfolio.yml: there is no such file
  expected: a YAML file
  hint: did you mean 'portfolio.yaml'?
""",
    ),
    Case(
        name="folder instead of a file",
        command=("check", "bars"),
        message="""\
bars: this is a folder
  expected: a YAML file
  hint: name the file in it
""",
    ),
    Case(
        name="file that is empty",
        edits=((PORTFOLIO, None, ""),),
        message="""\
portfolio.yaml:1:1: the file is empty
  expected: key: value
""",
    ),
    Case(
        name="file that is a list",
        edits=((PORTFOLIO, None, "- portfolio\n- data\n"),),
        message="""\
portfolio.yaml:1:1: this is not a map of names and values
  expected: key: value
""",
    ),
    Case(
        name="file that is not UTF-8",
        edits=((PORTFOLIO, None, b"portfolio: \xff\xfe\n"),),
        message="""\
portfolio.yaml:1: byte 11 is not UTF-8
  expected: a YAML file in UTF-8
  hint: save the file as UTF-8
""",
    ),
    Case(
        name="tab as an indent",
        edits=((PORTFOLIO, "  name: demo", "\tname: demo"),),
        message="""\
portfolio.yaml:2:1: a tab stands here
  expected: spaces
  hint: indent with spaces
""",
    ),
    Case(
        name="key without a space after the colon",
        edits=((PORTFOLIO, "  name: demo", "  name:demo"),),
        message="""\
portfolio.yaml:3:10: this ':' does not fit here
  expected: one 'key: value' on a line, with a space after the colon, at the same indent as its neighbours
  hint: look at the line above, too; put text that contains any of : # , [ ] { } in quotes
""",
    ),
    Case(
        name="line with a wrong indent",
        edits=((PORTFOLIO, "  capital: 100_000", "   capital: 100_000"),),
        message="""\
portfolio.yaml:3:11: this ':' does not fit here
  expected: one 'key: value' on a line, with a space after the colon, at the same indent as its neighbours
  hint: look at the line above, too; put text that contains any of : # , [ ] { } in quotes
""",
    ),
    Case(
        name="quoted text that is not closed",
        edits=((PORTFOLIO, "name: demo", "name: 'demo"),),
        message="""\
portfolio.yaml:2:9: this quoted text is not closed
  expected: the same quote at its end
""",
    ),
    Case(
        name="list that is not closed",
        edits=((PORTFOLIO, "[BTC/USDT, ETH/USDT]", "[BTC/USDT, ETH/USDT"),),
        message="""\
portfolio.yaml:17:11: found ':' in the list that starts at 16:14
  expected: ',' or ']'
  hint: close the bracket before; put text that contains any of : # , [ ] { } in quotes
""",
    ),
    Case(
        name="map that is not closed",
        edits=((PORTFOLIO, "{fast: 3}", "{fast: 3"),),
        message="""\
portfolio.yaml:18:7: found ':' in the map that starts at 17:13
  expected: ',' or '}'
  hint: close the bracket before; put text that contains any of : # , [ ] { } in quotes
""",
    ),
    Case(
        name="key twice",
        edits=((PORTFOLIO, "  name: demo", "  name: demo\n  name: other"),),
        message="""\
portfolio.yaml:3:3: 'name' stands here a second time
  expected: each key once
  hint: the first is at portfolio.yaml:2:3
""",
    ),
    Case(
        name="second document",
        edits=((PORTFOLIO, "data:\n", "---\ndata:\n"),),
        message="""\
portfolio.yaml:4:1: a second document starts here
  expected: one document in a file
  hint: remove the ---
""",
    ),
    Case(
        name="unknown YAML tag",
        edits=((PORTFOLIO, "name: demo", "name: !label demo"),),
        message="""\
portfolio.yaml:2:9: the YAML tag '!label' is not known here
  expected: a plain value
  hint: put text that contains any of : # , [ ] { } in quotes
""",
    ),
    Case(
        name="reference to nothing",
        edits=((PORTFOLIO, "name: demo", "name: *demo"),),
        message="""\
portfolio.yaml:2:9: '*demo' refers to a name that was not given
  expected: a value
  hint: put text that starts with * in quotes
""",
    ),
    Case(
        name="unknown section",
        edits=((PORTFOLIO, "simulation:", "simulaton:"),),
        message="""\
portfolio.yaml:11:1: unknown key 'simulaton' in the file
  expected: one of portfolio, data, symbols, conversion, simulation, risk, defaults, strategies, multi_strategy, services, orchestrator, event_bus, journal
  hint: did you mean 'simulation'?
""",
    ),
    Case(
        name="section of a later release",
        edits=((PORTFOLIO, "simulation:", "notify: {url: x}\nsimulation:"),),
        message="""\
portfolio.yaml:11:1: 'notify' comes in a later release
  expected: one of portfolio, data, symbols, conversion, simulation, risk, defaults, strategies, multi_strategy, services, orchestrator, event_bus, journal
  hint: remove 'notify' until then
""",
    ),
    Case(
        name="limits that contradict each other",
        edits=((PORTFOLIO, "simulation:", "risk: {symbol_exposure: 60%, gross_exposure: 50%}\nsimulation:"),),
        message="""\
portfolio.yaml:11:25: symbol_exposure is 60%, but gross_exposure is 50%
  expected: symbol_exposure of at most 50%
  hint: raise gross_exposure, or write gross_exposure: off
""",
    ),
    Case(
        name="limit of an unknown group",
        edits=((PORTFOLIO, "simulation:", "risk:\n  group_exposure: {majors: 50%}\nsimulation:"),),
        message="""\
portfolio.yaml:12:28: there is no group 'majors'
  expected: a name of 'groups'
  hint: groups: {majors: [BTC/USDT, ETH/USDT]}
""",
    ),
    Case(
        name="group with an unknown symbol",
        edits=(
            (
                PORTFOLIO,
                "simulation:",
                "risk:\n  groups: {majors: [BTC/USDT, ETH/USDC]}\n  group_exposure: {majors: 80%}\nsimulation:",
            ),
        ),
        message="""\
portfolio.yaml:12:31: 'ETH/USDC' is not a symbol of this portfolio
  expected: one of BTC/USDT, ETH/USDT
  hint: did you mean 'ETH/USDT'?
""",
    ),
    Case(
        name="unknown key of a limit",
        edits=((PORTFOLIO, "simulation:", "risk: {daily_loss: {limit: 5%, cooldown: 4h}}\nsimulation:"),),
        message="""\
portfolio.yaml:11:32: unknown key 'cooldown' in risk.daily_loss
  expected: one of action, limit, money, factor, cool_down, daily_reset
  hint: did you mean 'cool_down'?
""",
    ),
    Case(
        name="limit that is finer than money",
        edits=((PORTFOLIO, "simulation:", "risk: {order_value: {money: 0.000000001}}\nsimulation:"),),
        message="""\
portfolio.yaml:11:29: risk.order_value.money is 1E-9, finer than the ledger keeps
  expected: at most 8 decimals
""",
    ),
    Case(
        name="section that is missing",
        edits=(
            (
                PORTFOLIO,
                "symbols:\n  BTC/USDT: {tick: 0.1, lot: 0.001, taker_fee: 0.1%}\n  ETH/USDT: {tick: 0.01, lot: 0.01}\n",
                "",
            ),
        ),
        message="""\
portfolio.yaml:1:1: the file has no 'symbols'
  expected: symbols: the symbols with their grid and costs: {BTC/USDT: {tick: 0.1, lot: 0.001}}
""",
    ),
    Case(
        name="section that is a text",
        edits=((PORTFOLIO, "simulation: {slippage: 0.02%}", "simulation: fast"),),
        message="""\
portfolio.yaml:11:13: simulation is 'fast'
  expected: a map of names and values
""",
    ),
    Case(
        name="unknown key of a strategy",
        edits=((PORTFOLIO, "    weight: 0.5", "    weigth: 0.5"),),
        message="""\
portfolio.yaml:15:5: unknown key 'weigth' in strategies[0]
  expected: one of id, file, class, weight, symbols, params, timeframe, priority, enabled
  hint: did you mean 'weight'?
""",
    ),
    Case(
        name="several problems at once",
        edits=(
            (PORTFOLIO, "name: demo", "name: demo\n  curency: USD"),
            (PORTFOLIO, "timeframe: 1h", "timeframe: 1hour"),
            (PORTFOLIO, "weight: 0.3", "weight: -0.3"),
        ),
        message="""\
portfolio.yaml:3:3: unknown key 'curency' in portfolio
  expected: one of name, currency, compounding, conflicts, execution, rebalance_threshold, rebalancing, benchmark, logging_level, capital, equal_weights
  hint: did you mean 'currency'?
portfolio.yaml:8:14: data.timeframe is '1hour'
  expected: a whole number and one of s, m, h, d, w, such as 1m, 4h, 1d
portfolio.yaml:21:13: strategies[1].weight is -0.3
  expected: a ratio above 0 and at most 1, such as 0.5 or 50%
""",
    ),
    Case(
        name="capital of zero",
        edits=((PORTFOLIO, "100_000", "0"),),
        message="""\
portfolio.yaml:3:12: portfolio.capital is 0
  expected: a number above 0, such as 100_000
""",
    ),
    Case(
        name="capital in quotes",
        edits=((PORTFOLIO, "100_000", "'100,000'"),),
        message="""\
portfolio.yaml:3:12: portfolio.capital is '100,000'
  expected: a number above 0, such as 100_000
  hint: write 100000 without quotes and commas
""",
    ),
    Case(
        name="capital that is infinite",
        edits=((PORTFOLIO, "100_000", ".inf"),),
        message="""\
portfolio.yaml:3:12: portfolio.capital is Infinity
  expected: a number above 0, such as 100_000
""",
    ),
    Case(
        name="capital that is missing",
        edits=((PORTFOLIO, "  capital: 100_000\n", ""),),
        message="""\
portfolio.yaml:2:3: portfolio has no 'capital'
  expected: capital: the money at the start, in the account currency
""",
    ),
    Case(
        name="currency in lower case",
        edits=((PORTFOLIO, "name: demo", "name: demo\n  currency: usdt"),),
        message="""\
portfolio.yaml:3:13: portfolio.currency is 'usdt'
  expected: a currency code, such as USDT
""",
    ),
    Case(
        name="yes instead of true",
        edits=((PORTFOLIO, "name: demo", "name: demo\n  compounding: yes"),),
        message="""\
portfolio.yaml:3:16: portfolio.compounding is 'yes'
  expected: true or false
  hint: write true without quotes
""",
    ),
    Case(
        name="unknown conflict mode",
        edits=((PORTFOLIO, "name: demo", "name: demo\n  conflicts: alow"),),
        message="""\
portfolio.yaml:3:14: portfolio.conflicts is 'alow'
  expected: one of allow, first_wins, priority, net_signal, cancel_both
  hint: did you mean 'allow'?
""",
    ),
    Case(
        name="unknown conflict mode of a symbol",
        edits=((PORTFOLIO, "name: demo", "name: demo\n  conflicts: {default: allow, BTC/USDT: first}"),),
        message="""\
portfolio.yaml:3:41: portfolio.conflicts.BTC/USDT is 'first'
  expected: one of allow, first_wins, priority, net_signal, cancel_both
  hint: did you mean 'first_wins'?
""",
    ),
    Case(
        name="conflict mode of an unknown symbol",
        edits=((PORTFOLIO, "name: demo", "name: demo\n  conflicts: {BTC/USD: priority}"),),
        message="""\
portfolio.yaml:3:15: 'BTC/USD' is not a symbol of this portfolio
  expected: one of BTC/USDT, ETH/USDT
  hint: did you mean 'BTC/USDT'?
""",
    ),
    Case(
        name="conflicts that net sizes of the fill",
        edits=(
            (PORTFOLIO, "name: demo", "name: demo\n  conflicts: net_signal"),
            (PORTFOLIO, "simulation: {", "simulation: {size_at: fill, "),
        ),
        message="""\
portfolio.yaml:3:14: portfolio.conflicts nets sizes that size_at: fill leaves open
  expected: size_at: decision, or another mode than net_signal
""",
    ),
    Case(
        name="unknown execution",
        edits=((PORTFOLIO, "name: demo", "name: demo\n  execution: net"),),
        message="""\
portfolio.yaml:3:14: portfolio.execution is 'net'
  expected: one of separate, netted
  hint: did you mean 'netted'?
""",
    ),
    Case(
        name="rebalancing by an unknown rule",
        edits=((PORTFOLIO, "name: demo", "name: demo\n  rebalancing: {rule: risk_party}"),),
        message="""\
portfolio.yaml:3:23: portfolio.rebalancing.rule is 'risk_party'
  expected: one of weights, equal_weight, inverse_volatility, risk_parity, volatility_target, drawdown_aware
  hint: did you mean 'risk_parity'?
""",
    ),
    Case(
        name="rebalancing to a volatility that is not stated",
        edits=((PORTFOLIO, "name: demo", "name: demo\n  rebalancing: {rule: volatility_target}"),),
        message="""\
portfolio.yaml:3:16: portfolio.rebalancing has the rule volatility_target, but no 'volatility'
  expected: volatility: a ratio, such as 15%
""",
    ),
    Case(
        name="rebalancing with a level that its rule does not look at",
        edits=((PORTFOLIO, "name: demo", "name: demo\n  rebalancing: {drawdown: 20%}"),),
        message="""\
portfolio.yaml:3:27: portfolio.rebalancing.drawdown is stated, but the rule weights does not look at it
  expected: the rule drawdown_aware
  hint: remove 'drawdown'
""",
    ),
    Case(
        name="rebalancing by more history than there is",
        edits=((PORTFOLIO, "name: demo", "name: demo\n  rebalancing: {rule: risk_parity}"),),
        message="""\
portfolio.yaml:3:3: shares are looked at behind the end of each day, and the run goes on behind none
  expected: a run that goes on behind the end of a day
  hint: use more bars, or look more often, such as every: hour
""",
    ),
    Case(
        name="rebalance threshold of one",
        edits=((PORTFOLIO, "name: demo", "name: demo\n  rebalance_threshold: 1"),),
        message="""\
portfolio.yaml:3:24: portfolio.rebalance_threshold is 1
  expected: a ratio above 0 and below 1, such as 10% or 0.1
  hint: if per cent is meant, write 1%
""",
    ),
    Case(
        name="benchmark that is no symbol",
        edits=((PORTFOLIO, "name: demo", "name: demo\n  benchmark: BTC/USD"),),
        message="""\
portfolio.yaml:3:14: 'BTC/USD' is not a symbol of this portfolio
  expected: one of BTC/USDT, ETH/USDT
  hint: did you mean 'BTC/USDT'?
""",
    ),
    Case(
        name="name with a slash",
        edits=((PORTFOLIO, "name: demo", "name: a/b"),),
        message="""\
portfolio.yaml:2:9: portfolio.name is 'a/b'
  expected: a name of letters, digits, spaces and - _ .
""",
    ),
    Case(
        name="weights above one",
        edits=((PORTFOLIO, "weight: 0.3", "weight: 0.6"),),
        message="""\
portfolio.yaml:20:13: the weight 0.6 of 'reversal' brings the sum of the weights to 1.1
  expected: weights that sum to at most 1; here trend 0.5, reversal 0.6
  hint: at most 0.5 is left for 'reversal'
""",
    ),
    Case(
        name="weight in per cent without the sign",
        edits=((PORTFOLIO, "weight: 0.3", "weight: 30"),),
        message="""\
portfolio.yaml:20:13: strategies[1].weight is 30
  expected: a ratio above 0 and at most 1, such as 0.5 or 50%
  hint: if per cent is meant, write 30%
""",
    ),
    Case(
        name="weight of zero",
        edits=((PORTFOLIO, "weight: 0.3", "weight: 0"),),
        message="""\
portfolio.yaml:20:13: strategies[1].weight is 0
  expected: a ratio above 0 and at most 1, such as 0.5 or 50%
""",
    ),
    Case(
        name="weight that is missing",
        edits=((PORTFOLIO, "    weight: 0.3\n", ""),),
        message="""\
portfolio.yaml:18:5: strategies[1] 'reversal' has no 'weight'
  expected: weight: its share of the capital, such as 0.5
  hint: or write equal_weights: true in 'portfolio'
""",
    ),
    Case(
        name="weight beside equal weights",
        edits=((PORTFOLIO, "name: demo", "name: demo\n  equal_weights: true"), (PORTFOLIO, "    weight: 0.3\n", "")),
        message="""\
portfolio.yaml:16:5: 'trend' has a weight beside equal_weights
  expected: weights or equal_weights: true
  hint: remove one of them
""",
    ),
    Case(
        name="no strategy enabled",
        edits=(
            (PORTFOLIO, "weight: 0.5", "weight: 0.5\n    enabled: false"),
            (PORTFOLIO, "weight: 0.3", "weight: 0.3\n    enabled: false"),
        ),
        message="""\
portfolio.yaml:13:3: no strategy is enabled
  expected: at least one strategy
  hint: write enabled: true for one of them
""",
    ),
    Case(
        name="two strategies in a portfolio for one",
        edits=((PORTFOLIO, "simulation:", "multi_strategy: {enabled: false}\nsimulation:"),),
        message="""\
portfolio.yaml:11:27: multi_strategy.enabled is false, but 2 strategies are enabled
  expected: one enabled strategy
  hint: write enabled: true, or disable the other strategies with enabled: false
""",
    ),
    Case(
        name="id twice",
        edits=((PORTFOLIO, "id: reversal", "id: trend"),),
        message="""\
portfolio.yaml:18:9: strategies[1] has the id 'trend' of strategies[0]
  expected: an id of its own for each strategy
  hint: for example trend_2
""",
    ),
    Case(
        name="id of the portfolio",
        edits=((PORTFOLIO, "id: reversal", "id: portfolio"),),
        message="""\
portfolio.yaml:18:9: strategies[1].id is 'portfolio'
  expected: another name: netting, unallocated, portfolio are rows of the results
  hint: for example portfolio_1
""",
    ),
    Case(
        name="id of the cash that no strategy has",
        edits=((PORTFOLIO, "id: reversal", "id: unallocated"),),
        message="""\
portfolio.yaml:18:9: strategies[1].id is 'unallocated'
  expected: another name: netting, unallocated, portfolio are rows of the results
  hint: for example unallocated_1
""",
    ),
    Case(
        name="id with a blank",
        edits=((PORTFOLIO, "id: reversal", "id: my reversal"),),
        message="""\
portfolio.yaml:18:9: strategies[1].id is 'my reversal'
  expected: a name of letters, digits, - and _
""",
    ),
    Case(
        name="strategy without file and class",
        edits=((PORTFOLIO, "    class: reversal.py:Reversal\n", ""),),
        message="""\
portfolio.yaml:18:5: strategies[1] has neither 'file' nor 'class'
  expected: file: a strategy file, or class: a Python file and a class
  hint: for example file: strategies/trend.yaml
""",
    ),
    Case(
        name="strategy with file and class",
        edits=(
            (PORTFOLIO, "    class: reversal.py:Reversal", "    file: trend.yaml\n    class: reversal.py:Reversal"),
        ),
        message="""\
portfolio.yaml:18:5: strategies[1] has both 'file' and 'class'
  expected: file: a strategy file, or class: a Python file and a class
  hint: remove one of them
""",
    ),
    Case(
        name="unknown symbol of a strategy",
        edits=((PORTFOLIO, "[BTC/USDT, ETH/USDT]", "[BTC/USDT, ETH/USD]"),),
        message="""\
portfolio.yaml:16:25: 'ETH/USD' is not a symbol of this portfolio
  expected: one of BTC/USDT, ETH/USDT
  hint: did you mean 'ETH/USDT'?
""",
    ),
    Case(
        name="symbol twice in a strategy",
        edits=((PORTFOLIO, "[BTC/USDT, ETH/USDT]", "[BTC/USDT, BTC/USDT]"),),
        message="""\
portfolio.yaml:16:25: 'BTC/USDT' stands here a second time
  expected: each symbol once
""",
    ),
    Case(
        name="tick of zero",
        edits=((PORTFOLIO, "tick: 0.1,", "tick: 0,"),),
        message="""\
portfolio.yaml:9:20: symbols.BTC/USDT.tick is 0
  expected: a number above 0
""",
    ),
    Case(
        name="fee above one",
        edits=((PORTFOLIO, "taker_fee: 0.1%", "taker_fee: 100%"),),
        message="""\
portfolio.yaml:9:48: symbols.BTC/USDT.taker_fee is '100%'
  expected: a ratio above -1 and below 1, such as 0.1% or 0.001
""",
    ),
    Case(
        name="leverage below one",
        edits=((PORTFOLIO, "lot: 0.01}", "lot: 0.01, leverage: 0.5}"),),
        message="""\
portfolio.yaml:10:47: symbols.ETH/USDT.leverage is 0.5
  expected: a number of at least 1
""",
    ),
    Case(
        name="least quantity off the lot",
        edits=((PORTFOLIO, "lot: 0.01}", "lot: 0.01, quantity_minimum: 0.005}"),),
        message="""\
portfolio.yaml:10:55: symbols.ETH/USDT.quantity_minimum is 0.005
  expected: a multiple of the lot 0.01
""",
    ),
    Case(
        name="leverage beside an initial margin",
        edits=((PORTFOLIO, "lot: 0.01}", "lot: 0.01, leverage: 3, initial_margin: 50}"),),
        message="""\
portfolio.yaml:10:47: symbols.ETH/USDT.leverage stands beside an initial_margin
  expected: leverage or initial_margin
""",
    ),
    Case(
        name="maintenance above what an entry binds",
        edits=((PORTFOLIO, "lot: 0.01}", "lot: 0.01, leverage: 20, maintenance_rate: 5%}"),),
        message="""\
portfolio.yaml:10:69: symbols.ETH/USDT.maintenance_rate is 0.05
  expected: a ratio from 0 to below 1 ÷ leverage 20
""",
    ),
    Case(
        name="maintenance margin without an initial one",
        edits=((PORTFOLIO, "lot: 0.01}", "lot: 0.01, maintenance_margin: 50}"),),
        message="""\
portfolio.yaml:10:57: symbols.ETH/USDT.maintenance_margin is 50
  expected: an initial_margin beside it, or a maintenance_rate
""",
    ),
    Case(
        name="settlement by another word",
        edits=((PORTFOLIO, "lot: 0.01}", "lot: 0.01, settlement: dayly}"),),
        message="""\
portfolio.yaml:10:49: symbols.ETH/USDT.settlement is 'dayly'
  expected: one of at_exit, daily
  hint: did you mean 'daily'?
""",
    ),
    Case(
        name="funding file that does not exist",
        edits=((PORTFOLIO, "lot: 0.01}", "lot: 0.01, funding: funding.csv}"),),
        message="""\
funding.csv:1: this cannot be read: No such file or directory
  expected: a CSV file
""",
    ),
    Case(
        name="funding file without rates",
        edits=((PORTFOLIO, "lot: 0.01}", "lot: 0.01, funding: bars/ETH-USDT_1h.csv}"),),
        message="""\
bars/ETH-USDT_1h.csv:1: there is no column rate
  expected: the columns time, rate
""",
    ),
    Case(
        name="funding rate that is no number",
        edits=(
            (PORTFOLIO, "lot: 0.01}", "lot: 0.01, funding: f.yaml}"),
            ("f.yaml", None, "time,rate\n2024-01-01,0.0001\n2024-01-02,high\n"),
        ),
        message="""\
f.yaml:3: rate is 'high'
  expected: a number
""",
    ),
    Case(
        name="funding times out of order",
        edits=(
            (PORTFOLIO, "lot: 0.01}", "lot: 0.01, funding: f.yaml}"),
            ("f.yaml", None, "time,rate\n2024-01-02,0.0001\n2024-01-01,0.0001\n"),
        ),
        message="""\
f.yaml:3: the time 2024-01-01 is not after the line before
  expected: the oldest first
""",
    ),
    Case(
        name="funding rate above one",
        edits=(
            (PORTFOLIO, "lot: 0.01}", "lot: 0.01, funding: f.yaml}"),
            ("f.yaml", None, "time,rate\n2024-01-02,1.5\n"),
        ),
        message="""\
f.yaml:2: carry: rate of a funding is 1.5
  expected: a ratio between -1 and 1, with at most 12 decimals
""",
    ),
    Case(
        name="currency without a rate",
        edits=((PORTFOLIO, "lot: 0.01}", "lot: 0.01, currency: BTC}"),),
        message="""\
portfolio.yaml:10:37: 'ETH/USDT' is quoted in BTC, and there is no rate of it in USDT
  expected: conversion: {BTC: a symbol such as BTC/USDT, a file of rates, or a number}
  hint: write 1 where BTC counts as USDT
""",
    ),
    Case(
        name="pairs in another currency without a rate",
        edits=((PORTFOLIO, "portfolio:\n", "portfolio:\n  currency: EUR\n"),),
        message="""\
portfolio.yaml:10:3: 'BTC/USDT' is quoted in USDT, and there is no rate of it in EUR
  expected: conversion: {USDT: a symbol such as USDT/EUR, a file of rates, or a number}
  hint: write 1 where USDT counts as EUR, or state the currency of 'BTC/USDT'
portfolio.yaml:11:3: 'ETH/USDT' is quoted in USDT, and there is no rate of it in EUR
  expected: conversion: {USDT: a symbol such as USDT/EUR, a file of rates, or a number}
  hint: write 1 where USDT counts as EUR, or state the currency of 'ETH/USDT'
""",
    ),
    Case(
        name="currency that is no code",
        edits=((PORTFOLIO, "lot: 0.01}", "lot: 0.01, currency: euro}"),),
        message="""\
portfolio.yaml:10:47: symbols.ETH/USDT.currency is 'euro'
  expected: a currency code, such as USDT
""",
    ),
    Case(
        name="rate that nobody needs",
        edits=(
            (PORTFOLIO, "lot: 0.01}", "lot: 0.01, currency: EUR}"),
            (PORTFOLIO, "simulation:", "conversion: {EUR: 1.08, EURO: 2}\nsimulation:"),
        ),
        message="""\
portfolio.yaml:11:25: no symbol is quoted in EURO
  expected: one of EUR
  hint: did you mean 'EUR'?
""",
    ),
    Case(
        name="rate of the account currency",
        edits=((PORTFOLIO, "simulation:", "conversion: {USDT: 1}\nsimulation:"),),
        message="""\
portfolio.yaml:11:14: USDT is the account currency: it needs no rate
  expected: rates of other currencies
  hint: remove it
""",
    ),
    Case(
        name="rate of 0",
        edits=(
            (PORTFOLIO, "lot: 0.01}", "lot: 0.01, currency: EUR}"),
            (PORTFOLIO, "simulation:", "conversion: {EUR: 0}\nsimulation:"),
        ),
        message="""\
portfolio.yaml:11:19: conversion.EUR is 0
  expected: a symbol, a CSV file of rates, or a rate above 0
""",
    ),
    Case(
        name="rate finer than is kept",
        edits=(
            (PORTFOLIO, "lot: 0.01}", "lot: 0.01, currency: EUR}"),
            (PORTFOLIO, "simulation:", "conversion: {EUR: 1.0000000000001}\nsimulation:"),
        ),
        message="""\
portfolio.yaml:11:19: conversion: the rate is 1.0000000000001
  expected: a number above 0 and below 1,000,000, with at most 12 decimals
""",
    ),
    Case(
        name="rate from an unknown symbol",
        edits=(
            (PORTFOLIO, "lot: 0.01}", "lot: 0.01, currency: EUR}"),
            (PORTFOLIO, "simulation:", "conversion: {EUR: BTC/USD}\nsimulation:"),
        ),
        message="""\
portfolio.yaml:11:14: 'BTC/USD' is not a symbol of this portfolio
  expected: one of BTC/USDT, ETH/USDT
  hint: did you mean 'BTC/USDT'?
""",
    ),
    Case(
        name="rate from a symbol that is none of it",
        edits=(
            (PORTFOLIO, "lot: 0.01}", "lot: 0.01, currency: EUR}"),
            (PORTFOLIO, "simulation:", "conversion: {EUR: BTC/USDT}\nsimulation:"),
        ),
        message="""\
portfolio.yaml:11:14: 'BTC/USDT' is quoted in USDT: it says nothing about EUR in USDT
  expected: EUR in USDT, or USDT in EUR
""",
    ),
    Case(
        name="rate file that does not exist",
        edits=(
            (PORTFOLIO, "lot: 0.01}", "lot: 0.01, currency: EUR}"),
            (PORTFOLIO, "simulation:", "conversion: {EUR: eur.csv}\nsimulation:"),
        ),
        message="""\
eur.csv:1: this cannot be read: No such file or directory
  expected: a CSV file
""",
    ),
    Case(
        name="rate file with a rate of 0",
        edits=(
            (PORTFOLIO, "lot: 0.01}", "lot: 0.01, currency: EUR}"),
            (PORTFOLIO, "simulation:", "conversion: {EUR: eur.csv}\nsimulation:"),
            ("eur.csv", None, "time,rate\n2023-12-31,1.1\n2024-01-02,0\n"),
        ),
        message="""\
eur.csv:3: conversion: the rate is 0
  expected: a number above 0 and below 1,000,000, with at most 12 decimals
""",
    ),
    Case(
        name="rate file without a line",
        edits=(
            (PORTFOLIO, "lot: 0.01}", "lot: 0.01, currency: EUR}"),
            (PORTFOLIO, "simulation:", "conversion: {EUR: eur.csv}\nsimulation:"),
            ("eur.csv", None, "time,rate\n"),
        ),
        message="""\
eur.csv:1: there is no rate
  expected: at least one line
""",
    ),
    Case(
        name="rate file out of order",
        edits=(
            (PORTFOLIO, "lot: 0.01}", "lot: 0.01, currency: EUR}"),
            (PORTFOLIO, "simulation:", "conversion: {EUR: eur.csv}\nsimulation:"),
            ("eur.csv", None, "time,rate\n2024-01-02,1.1\n2024-01-01,1.1\n"),
        ),
        message="""\
eur.csv:3: the time 2024-01-01 is not after the line before
  expected: the oldest first
""",
    ),
    Case(
        name="rate that begins after the bars",
        edits=(
            (PORTFOLIO, "lot: 0.01}", "lot: 0.01, currency: EUR}"),
            (PORTFOLIO, "simulation:", "conversion: {EUR: eur.csv}\nsimulation:"),
            ("eur.csv", None, "time,rate\n2024-01-02,1.1\n"),
        ),
        message="""\
portfolio.yaml:11:14: the rate of EUR begins at 2024-01-02T00:00:00Z, after the first bar of 'ETH/USDT' at 2024-01-01T01:00:00Z
  expected: a rate that is known when the bars that need it begin
  hint: give it an earlier rate, or let the bars begin later with data: {from: ...}
""",
    ),
    Case(
        name="capital that is too much in another currency",
        edits=(
            (PORTFOLIO, "lot: 0.01}", "lot: 0.01, currency: VND}"),
            (PORTFOLIO, "simulation:", "conversion: {VND: 0.000000001}\nsimulation:"),
        ),
        message="""\
portfolio.yaml:3:3: a capital of 100000 at leverage 1 does not fit an exact ledger in units of 1e-8 of the currency of 'ETH/USDT'
  expected: a capital of at most 11
""",
    ),
    Case(
        name="factor file with a wrong date",
        edits=(
            (PORTFOLIO, "lot: 0.01}", "lot: 0.01, factors: f.yaml}"),
            ("f.yaml", None, "date,price_factor,split_factor,reference_price\n2024-01-02,1,1,1\n"),
        ),
        message="""\
f.yaml:2: date is '2024-01-02'
  expected: a date such as 20040819
""",
    ),
    Case(
        name="factor of zero",
        edits=(
            (PORTFOLIO, "lot: 0.01}", "lot: 0.01, factors: f.yaml}"),
            ("f.yaml", None, "date,price_factor,split_factor,reference_price\n20240102,0,1,1\n"),
        ),
        message="""\
f.yaml:2: price_factor is 0
  expected: a number above 0
""",
    ),
    Case(
        name="factors beside splits",
        edits=((PORTFOLIO, "lot: 0.01}", "lot: 0.01, splits: [{date: 2024-01-02, new: 2}], factors: f.csv}"),),
        message="""\
portfolio.yaml:10:84: symbols.ETH/USDT.factors stands beside dividends or splits
  expected: the one or the other
""",
    ),
    Case(
        name="adjusted prices without factors",
        edits=((PORTFOLIO, "lot: 0.01}", "lot: 0.01, adjust: prices}"),),
        message="""\
portfolio.yaml:10:45: symbols.ETH/USDT.adjust is prices, without factors
  expected: factors: a factor file
""",
    ),
    Case(
        name="dividends out of order",
        edits=(
            (
                PORTFOLIO,
                "lot: 0.01}",
                "lot: 0.01, dividends: [{date: 2024-01-02, amount: 1}, {date: 2024-01-01, amount: 1}]}",
            ),
        ),
        message="""\
portfolio.yaml:10:13: carry: dividends is out of order at 2024-01-01
  expected: each time once, the oldest first
""",
    ),
    Case(
        name="unknown key of a symbol",
        edits=((PORTFOLIO, "lot: 0.01}", "lotsize: 0.01}"),),
        message="""\
portfolio.yaml:10:26: unknown key 'lotsize' in symbols.ETH/USDT
  expected: one of tick, currency, lot, multiplier, taker_fee, maker_fee, fee_per_unit, fee_minimum, leverage, initial_margin, maintenance_rate, maintenance_margin, settlement, funding, borrow_rate, dividends, splits, factors, adjust, slippage, spread, quantity_minimum, quantity_maximum, slippage_model, volume_limit, notional_minimum
  hint: did you mean 'lot'?
""",
    ),
    Case(
        name="least notional below 0",
        edits=((PORTFOLIO, "lot: 0.01}", "lot: 0.01, notional_minimum: -5}"),),
        message="""\
portfolio.yaml:10:55: symbols.ETH/USDT.notional_minimum is -5
  expected: a number of at least 0
""",
    ),
    Case(
        name="least notional finer than the ledger",
        edits=((PORTFOLIO, "lot: 0.01}", "lot: 0.01, notional_minimum: 0.0000000001}"),),
        command=("backtest", PORTFOLIO, "--no-progress"),
        message="""\
portfolio.yaml:10:37: notional_minimum 0.0000000001 has more decimals than the ledger keeps
  expected: at most 8 decimals
""",
    ),
    Case(
        name="fee tiers that do not begin at 0",
        edits=((PORTFOLIO, "slippage: 0.02%", "fee_tiers: [{volume: 5, taker: 0.1%, maker: 0}]"),),
        message="""\
portfolio.yaml:11:35: simulation.fee_tiers[0].volume is 5
  expected: a first tier from volume 0 on
""",
    ),
    Case(
        name="fee tiers that fall",
        edits=(
            (
                PORTFOLIO,
                "slippage: 0.02%",
                "fee_tiers: [{volume: 0, taker: 0.1%, maker: 0}, {volume: 0, taker: 0, maker: 0}]",
            ),
        ),
        message="""\
portfolio.yaml:11:71: simulation.fee_tiers[1].volume is 0
  expected: more than the 0 before it
""",
    ),
    Case(
        name="fee tier without a maker's fee",
        edits=((PORTFOLIO, "slippage: 0.02%", "fee_tiers: [{volume: 0, taker: 0.1%}]"),),
        message="""\
portfolio.yaml:11:26: simulation.fee_tiers[0] has no 'maker'
  expected: maker: fee of resting limit orders, a ratio of the notional
""",
    ),
    Case(
        name="too many fee tiers",
        edits=(
            (
                PORTFOLIO,
                "slippage: 0.02%",
                f"fee_tiers: [{', '.join(f'{{volume: {tier}, taker: 0, maker: 0}}' for tier in range(17))}]",
            ),
        ),
        message="""\
portfolio.yaml:11:25: simulation.fee_tiers has 17 tiers
  expected: at most 16
""",
    ),
    Case(
        name="slippage model that is a ratio",
        edits=((PORTFOLIO, "slippage: 0.02%", "slippage_model: 0.02%"),),
        message="""\
portfolio.yaml:11:30: simulation.slippage_model is '0.02%'
  expected: a map of names and values
""",
    ),
    Case(
        name="unknown key of a slippage model",
        edits=((PORTFOLIO, "slippage: 0.02%", "slippage_model: {tick: 2}"),),
        message="""\
portfolio.yaml:11:31: unknown key 'tick' in simulation.slippage_model
  expected: one of ticks, money, volatility, impact, window, stops
  hint: did you mean 'ticks'?
""",
    ),
    Case(
        name="half a tick of slippage",
        edits=((PORTFOLIO, "lot: 0.01}", "lot: 0.01, slippage_model: {ticks: 0.5}}"),),
        message="""\
portfolio.yaml:10:61: symbols.ETH/USDT.slippage_model.ticks is 0.5
  expected: a whole number of at least 0
""",
    ),
    Case(
        name="slippage model with a window of no bar",
        edits=((PORTFOLIO, "slippage: 0.02%", "slippage_model: {impact: 1, window: 0}"),),
        message="""\
portfolio.yaml:11:50: simulation.slippage_model.window is 0
  expected: a whole number of at least 1 and at most 100000
""",
    ),
    Case(
        name="slippage model with a coefficient of thousands",
        edits=((PORTFOLIO, "slippage: 0.02%", "slippage_model: {impact: 1001}"),),
        message="""\
portfolio.yaml:11:39: simulation.slippage_model.impact is 1001
  expected: a number of at least 0 and at most 1000, such as 0.5
""",
    ),
    Case(
        name="impact without volumes",
        edits=(
            (PORTFOLIO, "slippage: 0.02%", "slippage_model: {impact: 1}"),
            (BARS, None, re.sub(r",\d+$", ",0", CSV, flags=re.MULTILINE)),
        ),
        command=("backtest", PORTFOLIO, "--no-progress"),
        message="""\
bars/ETH-USDT_1h.csv: the bars of 'ETH/USDT' have no volume, but the impact of its slippage model needs one
  expected: a column 'volume'
  hint: or neither a volume limit nor an impact
""",
    ),
    Case(
        name="volume limit of nothing",
        edits=((PORTFOLIO, "slippage: 0.02%", "volume_limit: 0"),),
        message="""\
portfolio.yaml:11:28: simulation.volume_limit is 0
  expected: a ratio above 0 and at most 1, such as 10% or 0.1
""",
    ),
    Case(
        name="volume limit beyond the volume",
        edits=((PORTFOLIO, "lot: 0.01}", "lot: 0.01, volume_limit: 20}"),),
        message="""\
portfolio.yaml:10:51: symbols.ETH/USDT.volume_limit is 20
  expected: a ratio above 0 and at most 1, such as 10% or 0.1
  hint: if per cent is meant, write 20%
""",
    ),
    Case(
        name="volume limit without volumes",
        edits=(
            (PORTFOLIO, "slippage: 0.02%", "volume_limit: 10%"),
            (BARS, None, re.sub(r",\d+$", ",0", CSV, flags=re.MULTILINE)),
        ),
        command=("backtest", PORTFOLIO, "--no-progress"),
        message="""\
bars/ETH-USDT_1h.csv: the bars of 'ETH/USDT' have no volume, but its volume limit needs one
  expected: a column 'volume'
  hint: or neither a volume limit nor an impact
""",
    ),
    Case(
        name="slippage finer than a billionth",
        edits=((PORTFOLIO, "0.02%", "0.00000001%"),),
        message="""\
portfolio.yaml:11:24: simulation.slippage is '0.00000001%', finer than Podium computes
  expected: a multiple of 0.000000001
""",
    ),
    Case(
        name="unknown fill",
        edits=((PORTFOLIO, "slippage: 0.02%", "fill: next_close"),),
        message="""\
portfolio.yaml:11:20: simulation.fill is 'next_close'
  expected: one of next_open, close
  hint: did you mean 'next_open'?
""",
    ),
    Case(
        name="unknown source",
        edits=((PORTFOLIO, "source: csv", "source: parket"),),
        message="""\
portfolio.yaml:5:11: data.source is 'parket'
  expected: one of parquet, csv, sample
  hint: did you mean 'parquet'?
""",
    ),
    Case(
        name="source of a later release",
        edits=((PORTFOLIO, "source: csv", "source: binance"),),
        message="""\
portfolio.yaml:5:11: data.source is 'binance', which comes in a later release
  expected: one of parquet, csv, sample
""",
    ),
    Case(
        name="path that does not exist",
        edits=((PORTFOLIO, "path: bars", "path: bar"),),
        message="""\
portfolio.yaml:6:9: there is no file or folder bar
  expected: a file or a folder of bars, seen from the portfolio file
  hint: did you mean 'bars'?
""",
    ),
    Case(
        name="path that is missing",
        edits=((PORTFOLIO, "  path: bars\n", ""),),
        message="""\
portfolio.yaml:5:3: data has no 'path'
  expected: path: a csv file or a folder of them
  hint: for a market that needs no files write source: sample
""",
    ),
    Case(
        name="time frame that is none",
        edits=((PORTFOLIO, "timeframe: 1h", "timeframe: 1H"),),
        message="""\
portfolio.yaml:7:14: data.timeframe is '1H'
  expected: a whole number and one of s, m, h, d, w, such as 1m, 4h, 1d
  hint: did you mean '1h'?
""",
    ),
    Case(
        name="unknown kind of flaw",
        edits=((PORTFOLIO, "timeframe: 1h", "timeframe: 1h\n  flaws: {gaps: warn}"),),
        message="""\
portfolio.yaml:8:11: the name 'gaps' does not fit in data.flaws
  expected: one of gap, duplicate, backward_time, non_positive, high_below_low, bad_print, jump, off_tick, zero_volume_run, odd_session, naive_time, not_a_number, negative_volume
  hint: did you mean 'gap'?
""",
    ),
    Case(
        name="policy that cannot be had",
        edits=((PORTFOLIO, "timeframe: 1h", "timeframe: 1h\n  flaws: {duplicate: warn}"),),
        message="""\
portfolio.yaml:8:22: data.flaws.duplicate is 'warn', but such bars cannot be used
  expected: error or drop
""",
    ),
    Case(
        name="period that ends before it starts",
        edits=((PORTFOLIO, "timeframe: 1h", "timeframe: 1h\n  from: 2024-02-01\n  to: 2024-01-01"),),
        message="""\
portfolio.yaml:9:7: the period ends at 2024-01-01
  expected: an end after its start 2024-02-01
""",
    ),
    Case(
        name="date that does not exist",
        edits=((PORTFOLIO, "timeframe: 1h", "timeframe: 1h\n  from: 2024-02-31"),),
        message="""\
portfolio.yaml:8:9: data.from is '2024-02-31'
  expected: ISO 8601, such as 2024-01-31 or 2024-01-31T12:00Z
""",
    ),
    Case(
        name="strategy file that does not exist",
        edits=((PORTFOLIO, "file: trend.yaml", "file: trends.yaml"),),
        message="""\
portfolio.yaml:14:11: there is no strategy file trends.yaml
  expected: a YAML file, seen from the portfolio file
  hint: did you mean 'trend.yaml'?
""",
    ),
    Case(
        name="strategy parameter that does not exist",
        edits=((PORTFOLIO, "params: {fast: 3}", "params: {fats: 3}"),),
        message="""\
portfolio.yaml:17:14: the strategy has no parameter 'fats'
  expected: one of fast, slow
  hint: did you mean 'fast'?
""",
    ),
    Case(
        name="parameter that is text",
        edits=((PORTFOLIO, "params: {fast: 3}", "params: {fast: quick}"),),
        message="""\
portfolio.yaml:17:20: params.fast is 'quick'
  expected: a number such as 20, 0.5 or 2%, true, false, or the name of a series such as high
""",
    ),
    Case(
        name="strategy time frame that does not fit",
        edits=((PORTFOLIO, "params: {fast: 3}", "timeframe: 90m"),),
        message="""\
portfolio.yaml:17:16: 'trend' decides on bars of '90m'
  expected: a multiple of the portfolio's bars of 1h
""",
    ),
    Case(
        name="unknown key of a strategy file",
        edits=((TREND, "targets:", "target:"),),
        message="""\
trend.yaml:11:1: unknown key 'target' in the file
  expected: one of name, params, timeframe, indicators, entry, exit, stop, targets, trail, breakeven, max_bars, size
  hint: did you mean 'targets'?
""",
    ),
    Case(
        name="key of a later release in a strategy file",
        edits=((TREND, "size:", "regimes: {trending: adx(14) > 25}\nsize:"),),
        message="""\
trend.yaml:13:1: 'regimes' comes in a later release
  expected: one of name, params, timeframe, indicators, entry, exit, stop, targets, trail, breakeven, max_bars, size
  hint: remove 'regimes' until then
""",
    ),
    Case(
        name="strategy without an entry",
        edits=((TREND, "entry:\n  long: crosses_above(fast_ma, slow_ma)\n", ""),),
        message="""\
trend.yaml:1:1: the file has no 'entry'
  expected: entry: when to enter: {long: condition, short: condition}
""",
    ),
    Case(
        name="entry without a side",
        edits=((TREND, "entry:\n  long: crosses_above(fast_ma, slow_ma)", "entry: {}"),),
        message="""\
trend.yaml:6:8: entry has neither long nor short
  expected: long: a condition, short: a condition, or both
""",
    ),
    Case(
        name="size of two kinds",
        edits=((TREND, "{risk: 1%}", "{risk: 1%, fraction: 1}"),),
        message="""\
trend.yaml:13:7: size has fraction and risk together
  expected: exactly one of fraction, quantity, money, risk
  hint: for example {risk: 1%}
""",
    ),
    Case(
        name="risk without a stop",
        edits=((TREND, "stop: 2 * atr(3)\n", ""),),
        message="""\
trend.yaml:12:14: size.risk needs a stop to measure the risk to
  expected: stop: a distance, a per cent or a level
  hint: add for example stop: 2 * atr(14), or size by {fraction: 50%}
""",
    ),
    Case(
        name="targets above all",
        edits=((TREND, "{percent: 6%, close: 50%}", "{percent: 6%}"),),
        message="""\
trend.yaml:11:10: the targets close 150 % of a position
  expected: at most 100 % together
  hint: give each target its share, such as {percent: 3%, close: 50%}
""",
    ),
    Case(
        name="targets out of order",
        edits=((TREND, "percent: 3%", "percent: 8%"),),
        message="""\
trend.yaml:11:10: the targets are not in order
  expected: the nearest target first
""",
    ),
    Case(
        name="level of no kind",
        edits=((TREND, "stop: 2 * atr(3)", "stop: {close: 2}"),),
        message="""\
trend.yaml:10:8: unknown key 'close' in stop
  expected: one of percent, price, distance
""",
    ),
    Case(
        name="trail by a price",
        edits=((TREND, "trail: {distance: 3 * atr(3), after: 2%}", "trail: {price: 3, after: 2%}"),),
        message="""\
trend.yaml:12:9: unknown key 'price' in trail
  expected: one of percent, distance, after
  hint: did you mean 'percent'?
""",
    ),
    Case(
        name="max_bars of zero",
        edits=((TREND, "size:", "max_bars: 0\nsize:"),),
        message="""\
trend.yaml:13:11: max_bars is 0
  expected: a whole number of at least 1, such as 48
""",
    ),
    Case(
        name="parameter with the name of a series",
        edits=((TREND, "slow: 5}", "slow: 5, close: 1}"),),
        message="""\
trend.yaml:2:28: the name 'close' does not fit in params
  expected: a name that is not a series of the bar (open, high, low, close, volume, hl2, hlc3, ohlc4)
""",
    ),
    Case(
        name="name with two meanings",
        edits=((TREND, "slow: 5}", "slow: 5, fast_ma: 1}"),),
        message="""\
trend.yaml:4:12: 'fast_ma' is a parameter and an indicator
  expected: one meaning for a name
""",
    ),
    Case(
        name="indicators in a circle",
        edits=(
            (TREND, "slow_ma: sma(close, slow)", "slow_ma: sma(fast_ma, slow)"),
            (TREND, "fast_ma: sma(close, fast)", "fast_ma: sma(slow_ma, fast)"),
        ),
        message="""\
trend.yaml:5:12: the indicator 'fast_ma' needs itself: fast_ma -> slow_ma -> fast_ma
  expected: indicators that do not go in a circle
  hint: write one of them out without the others
""",
    ),
    Case(
        name="unknown name in an expression",
        edits=((TREND, "crosses_above(fast_ma, slow_ma)", "crosses_above(fast_ma, slo_ma)"),),
        message="""\
trend.yaml:7:32: unknown name 'slo_ma'
  expected: a series (open, high, low, close, volume, hl2, hlc3, ohlc4), or one of fast, fast_ma, slow, slow_ma
  hint: did you mean 'slow_ma'?
""",
    ),
    Case(
        name="unknown function",
        edits=((TREND, "sma(close, fast)", "smma(close, fast)"),),
        message="""\
trend.yaml:4:12: unknown function 'smma'
  expected: a function of the reference, such as ema(close, 20)
  hint: did you mean 'sma'?
""",
    ),
    Case(
        name="function that is called otherwise elsewhere",
        edits=((TREND, "sma(close, fast)", "log(close)"),),
        message="""\
trend.yaml:4:12: unknown function 'log'
  expected: a function of the reference, such as ema(close, 20)
  hint: the natural logarithm is ln(x), the decimal one log10(x)
""",
    ),
    Case(
        name="smaller of two series",
        edits=((TREND, "sma(close, fast)", "min(close, open)"),),
        message="""\
trend.yaml:4:12: the argument 'timeperiod' of min is open, which changes from bar to bar
  expected: a plain number or a parameter: min(price, timeperiod=30)
  hint: the smaller of two numbers is where(a < b, a, b)
""",
    ),
    Case(
        name="number where a condition is expected",
        edits=((TREND, "crosses_above(fast_ma, slow_ma)", "fast_ma - slow_ma"),),
        message="""\
trend.yaml:7:9: sma(close, 3) - sma(close, 5) is a number
  expected: a condition for 'entry.long'
  hint: compare it with something, such as sma(close, 3) - sma(close, 5) > 0; put comparisons in parentheses
""",
    ),
    Case(
        name="condition where a number is expected",
        edits=((TREND, "2 * atr(3)", "close > 2"),),
        message="""\
trend.yaml:10:7: close > 2 is a condition
  expected: a number for 'stop.distance'
  hint: where(condition, 1, 0) makes a number of a condition
""",
    ),
    Case(
        name="stop with the sign of a loss",
        edits=((TREND, "stop: 2 * atr(3)", "stop: -2%"),),
        message="""\
trend.yaml:10:7: stop.percent is '-2%'
  expected: a ratio above 0, such as 2%
  hint: write 2%: on which side it lies follows from the position
""",
    ),
    Case(
        name="distance with a sign",
        edits=((TREND, "distance: 3 * atr(3)", "distance: -3"),),
        message="""\
trend.yaml:12:19: trail.distance is -3
  expected: a distance above 0, such as 2 * atr(14)
  hint: write 3: on which side it lies follows from the position
""",
    ),
    Case(
        name="too many arguments",
        edits=((TREND, "sma(close, slow)", "sma(close, slow, 3)"),),
        message="""\
trend.yaml:5:12: sma takes 2 arguments, not 3
  expected: sma(price, timeperiod=30)
""",
    ),
    Case(
        name="argument out of range",
        edits=((TREND, "slow: 5}", "slow: 0}"),),
        message="""\
trend.yaml:5:12: the argument 'timeperiod' of sma is 0
  expected: a whole number ≥ 1 and ≤ 100000: sma(price, timeperiod=30)
""",
    ),
    Case(
        name="parenthesis that is not closed",
        edits=((TREND, "crosses_above(fast_ma, slow_ma)", "crosses_above(fast_ma, slow_ma"),),
        message="""\
trend.yaml:7:9: the rule is not an expression: '(' was never closed
  expected: an expression, such as close > sma(close, 20)
""",
    ),
    Case(
        name="look into the future",
        edits=((TREND, "crosses_above(fast_ma, slow_ma)", "close > close[-1]"),),
        message="""\
trend.yaml:7:23: [-1] would look into the future
  expected: [n] with n ≥ 0: the value n bars ago
""",
    ),
    Case(
        name="function of a later release",
        edits=((TREND, "crosses_above(fast_ma, slow_ma)", "close > at('4h', sma(close, 3))"),),
        message="""\
trend.yaml:7:17: at() comes in a later release
""",
    ),
    Case(
        name="assignment in an expression",
        edits=((TREND, "crosses_above(fast_ma, slow_ma)", "fast_ma = slow_ma"),),
        message="""\
trend.yaml:7:9: the rule is not an expression: invalid syntax. Maybe you meant '==' or ':=' instead of '='?
  expected: an expression, such as close > sma(close, 20)
""",
    ),
    Case(
        name="output that does not exist",
        edits=((TREND, "crosses_above(fast_ma, slow_ma)", "macd(close).sgnal > 0"),),
        message="""\
trend.yaml:7:9: macd has no output 'sgnal'
  expected: one of signal, hist, macd, macdsignal, macdhist
  hint: did you mean 'signal'?
""",
    ),
    Case(
        name="call with several outputs as a number",
        edits=((TREND, "crosses_above(fast_ma, slow_ma)", "macd(close) > 0"),),
        message="""\
trend.yaml:7:9: macd(close, 12, 26, 9) has several outputs
  expected: one of them: .signal, .hist, .macd, .macdsignal, .macdhist
  hint: write macd(close, 12, 26, 9).signal
""",
    ),
    Case(
        name="error in a folded text",
        edits=(
            (TREND, "  long: crosses_above(fast_ma, slow_ma)", "  long: >\n    fast_ma > slow_ma and\n    close > opn"),
        ),
        message="""\
trend.yaml:9:13: unknown name 'opn'
  expected: a series (open, high, low, close, volume, hl2, hlc3, ohlc4), or one of fast, fast_ma, slow, slow_ma
  hint: did you mean 'open'?
""",
    ),
    Case(
        name="error in a quoted text",
        edits=((TREND, "crosses_above(fast_ma, slow_ma)", "'fast_ma > slow_ma and close > opn'"),),
        message="""\
trend.yaml:7:40: unknown name 'opn'
  expected: a series (open, high, low, close, volume, hl2, hlc3, ohlc4), or one of fast, fast_ma, slow, slow_ma
  hint: did you mean 'open'?
""",
    ),
    Case(
        name="error in a literal text",
        edits=(
            (TREND, "  long: crosses_above(fast_ma, slow_ma)", "  long: |\n    fast_ma > slow_ma\n    and clse > open"),
        ),
        message="""\
trend.yaml:9:9: unknown name 'clse'
  expected: a series (open, high, low, close, volume, hl2, hlc3, ohlc4), or one of fast, fast_ma, slow, slow_ma
  hint: did you mean 'close'?
""",
    ),
    Case(
        name="bracket inside braces",
        edits=((TREND, "stop: 2 * atr(3)", "stop: {price: low[1]}"),),
        message="""\
trend.yaml:10:18: found '[' in the map that starts at 10:7
  expected: ',' or '}'
  hint: close the bracket before; put text that contains any of : # , [ ] { } in quotes
""",
    ),
    Case(
        name="comma inside braces",
        edits=((TREND, "stop: 2 * atr(3)", "stop: {price: lowest(low, 3)}"),),
        message="""\
trend.yaml:10:27: '3)' came as a key
  expected: key: value
  hint: inside { } a comma ends the value: put the expression in quotes
""",
    ),
    Case(
        name="Python that is not an expression",
        edits=((TREND, "crosses_above(fast_ma, slow_ma)", "__import__('os').system('true')"),),
        message="""\
trend.yaml:7:9: __import__('os').system cannot be called
  expected: the name of a function
""",
    ),
    Case(
        name="class that does not exist",
        edits=((PORTFOLIO, "reversal.py:Reversal", "reversal.py:Reversed"),),
        message="""\
portfolio.yaml:19:12: reversal.py has no class 'Reversed'
  expected: one of Reversal
  hint: did you mean 'Reversal'?
""",
    ),
    Case(
        name="class without a colon",
        edits=((PORTFOLIO, "reversal.py:Reversal", "reversal.py"),),
        message="""\
portfolio.yaml:19:12: strategies[1].class is 'reversal.py'
  expected: a Python file and a class, such as strategies/reversal.py:Reversal
""",
    ),
    Case(
        name="Python file that does not exist",
        edits=((PORTFOLIO, "reversal.py:Reversal", "reversed.py:Reversal"),),
        message="""\
portfolio.yaml:19:12: there is no file reversed.py
  expected: a Python file, seen from the portfolio file
  hint: did you mean 'reversal.py'?
""",
    ),
    Case(
        name="Python file that is not Python",
        edits=((REVERSAL, "    depth = 2", "    depth == = 2"),),
        message="""\
reversal.py:2:14: this is not Python: invalid syntax
  expected: Python 3.11 or later
""",
    ),
    Case(
        name="Python file that raises",
        edits=((REVERSAL, "    depth = 2", "    depth = 2 / 0"),),
        message="""\
reversal.py:2:13: loading this file raised ZeroDivisionError: division by zero
  expected: a file that can be imported
""",
    ),
    Case(
        name="class that is no strategy",
        edits=((REVERSAL, "should_enter", "enter"),),
        message="""\
portfolio.yaml:19:12: the class 'Reversal' of reversal.py is not a strategy
  expected: a class with on_bar, with long_entry or short_entry, or with should_enter and should_exit
""",
    ),
    Case(
        name="class that needs arguments",
        edits=(
            (REVERSAL, "    depth = 2", "    depth = 2\n\n    def __init__(self, depth):\n        self.depth = depth"),
        ),
        message="""\
portfolio.yaml:19:12: Reversal() raised TypeError: Reversal.__init__() missing 1 required positional argument: 'depth'
  expected: a class that can be made without arguments
  hint: give each argument of __init__ a default
""",
    ),
    Case(
        name="unknown parameter of a class",
        edits=((PORTFOLIO, "weight: 0.3", "weight: 0.3\n    params: {dept: 3}"),),
        message="""\
portfolio.yaml:21:14: the strategy has no parameter 'dept'
  expected: one of depth
  hint: did you mean 'depth'?
""",
    ),
    Case(
        name="symbol without bars",
        edits=((PORTFOLIO, "ETH/USDT: {tick", "ETH/USD: {tick"), (PORTFOLIO, "[BTC/USDT, ETH/USDT]", "[BTC/USDT]")),
        message="""\
portfolio.yaml:10:3: there are no bars of 'ETH/USD' in bars
  expected: one of BTC/USDT, ETH/USDT
  hint: did you mean 'ETH/USDT'?
""",
    ),
    Case(
        name="bars with a column missing",
        edits=((BARS, "close,volume", "last,volume"),),
        message="""\
bars/ETH-USDT_1h.csv: ETH/USDT: there is no column 'close'; there are time, open, high, low, last, volume
  expected: columns open, high, low, close, volume (may be missing) and a time called ts, time, timestamp, date, datetime, open_time, close_time
""",
    ),
    Case(
        name="bars with text as a price",
        edits=((BARS, "101,10", "none,10"),),
        message="""\
bars/ETH-USDT_1h.csv:2: ETH/USDT: row 0: close is 'none', which is not a number
  expected: a number such as 61204.5
""",
    ),
    Case(
        name="bars with a high below the low",
        edits=((BARS, "100,103,98,101,10", "100,97,98,101,10"),),
        message="""\
bars/ETH-USDT_1h.csv:2: ETH/USDT: high_below_low in the bar closing 2024-01-01T01:00:00Z (row 0): open 100, high 97, low 98, close 101, volume 10
  hint: mend the source, or state what to do about it: data: {flaws: {high_below_low: drop}} (or warn)
""",
    ),
    Case(
        name="bars with a time twice",
        edits=((BARS, "2024-01-01T03:00:00Z", "2024-01-01T02:00:00Z"),),
        message="""\
bars/ETH-USDT_1h.csv:5: ETH/USDT: duplicate in the bar closing 2024-01-01T03:00:00Z (row 3): this close time was there before
  hint: mend the source, or state what to do about it: data: {flaws: {duplicate: drop}}
""",
    ),
    Case(
        name="bars with a price of zero",
        edits=((BARS, "100,103,98,101,10", "0,103,0,101,10"),),
        message="""\
bars/ETH-USDT_1h.csv:2: ETH/USDT: non_positive in the bar closing 2024-01-01T01:00:00Z (row 0): open 0, high 103, low 0, close 101, volume 10
  hint: mend the source, or state what to do about it: data: {flaws: {non_positive: drop}}
""",
    ),
    Case(
        name="bars file that is empty",
        edits=((BARS, None, ""),),
        message="""\
bars/ETH-USDT_1h.csv: ETH/USDT: this is no readable CSV file: empty CSV
""",
    ),
    Case(
        name="folder without bars",
        edits=((PORTFOLIO, "path: bars", "path: ."),),
        message="""\
.: the folder holds no bars
  expected: files such as BTC-USDT_1h.parquet or BTC-USDT_1h.csv
""",
    ),
    Case(
        name="file of another kind",
        edits=((PORTFOLIO, "path: bars", "path: trend.yaml"),),
        message="""\
portfolio.yaml:6:9: trend.yaml is no csv file
  expected: a .csv file or a folder of them
""",
    ),
    Case(
        name="period without bars",
        edits=((PORTFOLIO, "timeframe: 1h", "timeframe: 1h\n  from: 2025-01-01"),),
        message="""\
portfolio.yaml:10:3: no bar of 'BTC/USDT' lies in the period
  expected: a period within 2024-01-01T01:00:00Z to 2024-01-02T00:00:00Z
  hint: change --from and --to, or data.from and data.to
""",
    ),
    Case(
        name="symbol that the sample market lacks",
        edits=(
            (PORTFOLIO, "source: csv\n  path: bars", "source: sample"),
            (PORTFOLIO, "ETH/USDT: {tick", "LTC/USDT: {tick"),
            (PORTFOLIO, "[BTC/USDT, ETH/USDT]", "[BTC/USDT]"),
        ),
        message="""\
portfolio.yaml:9:3: there are no bars of 'LTC/USDT' in the sample market
  expected: one of BTC/USDT, ETH/USDT, SOL/USDT, XRP/USDT
""",
    ),
    Case(
        name="path beside the sample market",
        edits=((PORTFOLIO, "source: csv", "source: sample"),),
        message="""\
portfolio.yaml:6:9: the sample market has no path
  expected: data without path
  hint: remove 'path'
""",
    ),
    Case(
        name="command that does not exist",
        command=("backtets", PORTFOLIO),
        message="""\
podium: there is no command 'backtets'
  expected: one of backtest, run, parity, check, schema, reproduce, report, events, data, journal
  hint: did you mean 'backtest'?
""",
    ),
    Case(
        name="file that is not given",
        command=("backtest",),
        message="""\
podium backtest: FILE is missing
  expected: a portfolio file, such as portfolio.yaml
""",
    ),
    Case(
        name="word too much",
        command=("check", PORTFOLIO, "now"),
        message="""\
podium check: 'now' is too much
  expected: FILE and nothing more
""",
    ),
    Case(
        name="option that does not exist",
        command=("backtest", PORTFOLIO, "--form", "2024-01-01"),
        message="""\
podium backtest: there is no option '--form'
  expected: one of --from, --to, --out, --json, --attribution, --no-progress, --set, --help
  hint: did you mean '--from'?
""",
    ),
    Case(
        name="option without its value",
        command=("backtest", PORTFOLIO, "--out"),
        message="""\
podium backtest: the option '--out' needs a value
  expected: --out VALUE
""",
    ),
    Case(
        name="switch with a value",
        command=("backtest", PORTFOLIO, "--json=yes"),
        message="""\
podium backtest: the option '--json' takes no value
  expected: --json alone
""",
    ),
    Case(
        name="set without a value",
        command=("backtest", PORTFOLIO, "--set", "strategies.trend.weight"),
        message="""\
--set strategies.trend.weight sets nothing
  expected: --set PATH=VALUE, such as --set strategies.trend.params.fast=10
""",
    ),
    Case(
        name="set of a strategy that does not exist",
        command=("backtest", PORTFOLIO, "--set", "strategies.trent.weight=0.1"),
        message="""\
--set strategies.trent.weight=0.1: there is no strategy 'trent'
  expected: one of trend, reversal
  hint: did you mean 'trend'?
""",
    ),
    Case(
        name="set of a key that does not exist",
        command=("backtest", PORTFOLIO, "--set", "portfolio.captal=5"),
        message="""\
--set portfolio.captal=5: unknown key 'captal' in portfolio
  expected: one of name, currency, compounding, conflicts, execution, rebalance_threshold, rebalancing, benchmark, logging_level, capital, equal_weights
  hint: did you mean 'capital'?
""",
    ),
    Case(
        name="set of a parameter that does not exist",
        command=("backtest", PORTFOLIO, "--set", "strategies.trend.params.fats=5"),
        message="""\
--set strategies.trend.params.fats=5: the strategy has no parameter 'fats'
  expected: one of fast, slow
  hint: did you mean 'fast'?
""",
    ),
    Case(
        name="set of a value out of range",
        command=("backtest", PORTFOLIO, "--set", "strategies.trend.weight=0.9"),
        message="""\
portfolio.yaml:20:13: the weight 0.3 of 'reversal' brings the sum of the weights to 1.2
  expected: weights that sum to at most 1; here trend 0.9, reversal 0.3
  hint: at most 0.1 is left for 'reversal'
""",
    ),
    Case(
        name="set of a value that is not YAML",
        command=("backtest", PORTFOLIO, "--set", "strategies.trend.symbols=[BTC/USDT"),
        message="""\
--set strategies.trend.symbols=[BTC/USDT: this list is not closed
  expected: a ']'
""",
    ),
    Case(
        name="from that is no time",
        command=("backtest", PORTFOLIO, "--from", "yesterday"),
        message="""\
--from: 'yesterday' is not a time
  expected: ISO 8601, such as 2024-01-31 or 2024-01-31T12:00Z
""",
    ),
    Case(
        name="period of options that ends before it starts",
        command=("backtest", PORTFOLIO, "--from", "2024-02-01", "--to", "2024-01-01"),
        message="""\
--to: the period ends at 2024-01-02T00:00:00Z
  expected: an end after its start 2024-02-01T00:00:00Z
""",
    ),
    Case(
        name="period of options without bars",
        command=("backtest", PORTFOLIO, "--from", "2025-01-01"),
        message="""\
portfolio.yaml:9:3: no bar of 'BTC/USDT' lies in the period
  expected: a period within 2024-01-01T01:00:00Z to 2024-01-02T00:00:00Z
  hint: change --from and --to, or data.from and data.to
""",
    ),
    Case(
        name="bars that do not exist",
        command=("data", "check", "bar"),
        message="""\
bar: there is no such file or folder
  expected: a .parquet or .csv file, or a folder of them
  hint: did you mean 'bars'?
""",
    ),
    Case(
        name="label that is none",
        command=("data", "check", "bars", "--label", "middle"),
        message="""\
--label is 'middle'
  expected: open or close
""",
    ),
    Case(
        name="tick option of zero",
        command=("data", "check", "bars", "--tick", "0"),
        message="""\
--tick is '0'
  expected: a number above 0, such as 0.01
""",
    ),
    Case(
        name="seed that is no number",
        command=("data", "sample", "new", "--seed", "lucky"),
        message="""\
--seed: 'lucky' is not a whole number
  expected: a whole number of at least 0
""",
    ),
    Case(
        name="run that does not exist",
        command=("reproduce", "runs/demo"),
        message="""\
runs/demo: there is no run here
  expected: a folder that podium backtest left behind, with a manifest.json in it
""",
    ),
    Case(
        name="manifest that is not JSON",
        command=("reproduce", "bars"),
        edits=(("bars/manifest.json", None, '{"run_id": "a"\n"seed": null}\n'),),
        message="""\
bars/manifest.json:2:1: this is not JSON: Expecting ',' delimiter
  expected: the manifest as podium backtest wrote it
  hint: run the portfolio file again: the same input makes the same run folder
""",
    ),
    Case(
        name="manifest that is cut off",
        command=("reproduce", "bars"),
        edits=(("bars/manifest.json", None, '{"run_id": "a", "is_complete": true}\n'),),
        message="""\
bars/manifest.json: portfolio_file: field required
  expected: the manifest as podium backtest wrote it
  hint: run the portfolio file again: the same input makes the same run folder
""",
    ),
    Case(
        name="folder for runs that is a file",
        command=("backtest", PORTFOLIO, "--out", TREND),
        message="""\
--out: trend.yaml is a file
  expected: a folder, made if it is missing
""",
    ),
    Case(
        name="folder for runs below a file",
        command=("backtest", PORTFOLIO, "--out", f"{TREND}/runs"),
        message="""\
--out: trend.yaml is a file
  expected: a folder, made if it is missing
""",
    ),
    Case(
        name="folder for runs that cannot be made",
        command=("backtest", PORTFOLIO, "--out", "o" * 300),
        message=f"""\
--out: {"o" * 300} cannot be written: File name too long
  expected: a folder on a disk with room that you may write to
""",
    ),
    Case(
        name="unknown key in the defaults for strategies",
        edits=((PORTFOLIO, "simulation:", "defaults: {stopp: 2%}\nsimulation:"),),
        message="""\
portfolio.yaml:11:12: unknown key 'stopp' in the file
  expected: one of name, params, timeframe, indicators, entry, exit, stop, targets, trail, breakeven, max_bars, size
  hint: did you mean 'stop'?
""",
    ),
    Case(
        name="expression in the defaults for strategies",
        edits=((PORTFOLIO, "simulation:", "defaults: {exit: {short: close > opne}}\nsimulation:"),),
        message="""\
portfolio.yaml:11:34: unknown name 'opne'
  expected: a series (open, high, low, close, volume, hl2, hlc3, ohlc4), or one of fast, fast_ma, slow, slow_ma
  hint: did you mean 'open'?
""",
    ),
    Case(
        name="environment with a value out of range",
        environment={"PODIUM__PORTFOLIO__CAPITAL": "-5"},
        message="""\
environment PODIUM__PORTFOLIO__CAPITAL: portfolio.capital is -5
  expected: a number above 0, such as 100_000
""",
    ),
    Case(
        name="environment with a strategy that does not exist",
        environment={"PODIUM__STRATEGIES__TREN__WEIGHT": "0.1"},
        message="""\
environment PODIUM__STRATEGIES__TREN__WEIGHT: there is no strategy 'tren'
  expected: one of trend, reversal
  hint: did you mean 'trend'?
""",
    ),
    Case(
        name="break-even without a return",
        edits=((TREND, "size:", "breakeven: {offset: 0.1%}\nsize:"),),
        message="""\
trend.yaml:13:12: breakeven has no 'after'
  expected: after: the open return from which it acts
""",
    ),
    Case(
        name="quantity in per cent",
        edits=((TREND, "{risk: 1%}", "{quantity: 10%}"),),
        message="""\
trend.yaml:13:18: size.quantity is '10%'
  expected: a number above 0, such as 1
""",
    ),
    Case(
        name="percent of a level above all",
        edits=((TREND, "stop: 2 * atr(3)", "stop: 200%"),),
        message="""\
trend.yaml:10:7: stop.percent is '200%'
  expected: a ratio above 0 and below 1, such as 2% or 0.02
""",
    ),
    Case(
        name="capital with too many decimals",
        edits=((PORTFOLIO, "100_000", "0.1234567891"),),
        message="""\
portfolio.yaml:3:12: portfolio.capital is 0.1234567891, finer than the ledger keeps
  expected: at most 8 decimals
""",
    ),
    Case(
        name="too many targets",
        edits=(
            (
                TREND,
                "[{percent: 3%, close: 50%}, {percent: 6%, close: 50%}]",
                "[{percent: 1%, close: 10%}, {percent: 2%, close: 10%}, {percent: 3%, close: 10%}, {percent: 4%, close: 10%}, {percent: 5%, close: 10%}, {percent: 6%, close: 10%}, {percent: 7%, close: 10%}, {percent: 8%, close: 10%}, {percent: 9%, close: 10%}]",
            ),
        ),
        message="""\
trend.yaml:11:119: there are 9 targets
  expected: at most 4
""",
    ),
    Case(
        name="quantity off the lot",
        edits=((TREND, "{risk: 1%}", "{quantity: 0.005}"),),
        message="""\
trend.yaml:13:18: the size 0.005 of 'trend' is no whole number of lots of ETH/USDT
  expected: a multiple of its lot 0.01
""",
    ),
    Case(
        name="symbol twice in a list of symbols",
        edits=(
            (
                PORTFOLIO,
                "symbols:\n  BTC/USDT: {tick: 0.1, lot: 0.001, taker_fee: 0.1%}\n  ETH/USDT: {tick: 0.01, lot: 0.01}\n",
                "symbols: [BTC/USDT, ETH/USDT, BTC/USDT]\n",
            ),
        ),
        message="""\
portfolio.yaml:8:31: 'BTC/USDT' stands here a second time
  expected: each symbol once
""",
    ),
    Case(
        name="map in a list of symbols",
        edits=(
            (
                PORTFOLIO,
                "symbols:\n  BTC/USDT: {tick: 0.1, lot: 0.001, taker_fee: 0.1%}\n  ETH/USDT: {tick: 0.01, lot: 0.01}\n",
                "symbols: [BTC/USDT, {ETH/USDT: {tick: 1}}]\n",
            ),
        ),
        message="""\
portfolio.yaml:8:21: symbols[1] is a map
  expected: a symbol, such as BTC/USDT
""",
    ),
    Case(
        name="listed symbol without bars",
        edits=(
            (
                PORTFOLIO,
                "symbols:\n  BTC/USDT: {tick: 0.1, lot: 0.001, taker_fee: 0.1%}\n  ETH/USDT: {tick: 0.01, lot: 0.01}\n",
                "symbols:\n  - BTC/USDT\n  - ETH/USDT\n  - SOL/USDT\n",
            ),
        ),
        message="""\
portfolio.yaml:11:5: there are no bars of 'SOL/USDT' in bars
  expected: one of BTC/USDT, ETH/USDT
  hint: its file is called SOL-USDT_1h.csv
""",
    ),
    Case(
        name="flawed bars in a backtest",
        edits=((BARS, "100,103,98,101,10", "100,97,98,101,10"),),
        command=("backtest", PORTFOLIO, "--no-progress"),
        message="""\
bars/ETH-USDT_1h.csv:2: ETH/USDT: high_below_low in the bar closing 2024-01-01T01:00:00Z (row 0): open 100, high 97, low 98, close 101, volume 10
  hint: mend the source, or state what to do about it: data: {flaws: {high_below_low: drop}} (or warn)
""",
    ),
    Case(
        name="order size beyond all lots",
        edits=((TREND, "{risk: 1%}", "{money: 1e30}"),),
        command=("backtest", PORTFOLIO, "--no-progress"),
        message="""\
trend.yaml:13:15: size.money is 1E+30, more than Podium can hold exactly
  expected: a number above 0, such as 1000; with at most 18 digits on a side of the point
""",
    ),
    Case(
        name="no strategies",
        edits=(
            (
                PORTFOLIO,
                "strategies:\n  - id: trend\n    file: trend.yaml\n    weight: 0.5\n    symbols: [BTC/USDT, ETH/USDT]\n    params: {fast: 3}\n  - id: reversal\n    class: reversal.py:Reversal\n    weight: 0.3\n",
                "strategies: []\n",
            ),
        ),
        message="""\
portfolio.yaml:12:13: strategies is an empty list
  expected: at least one strategy
  hint: for example - {id: trend, file: trend.yaml}
""",
    ),
    Case(
        name="strategies that are a map",
        edits=(
            (
                PORTFOLIO,
                "strategies:\n  - id: trend\n    file: trend.yaml\n    weight: 0.5\n    symbols: [BTC/USDT, ETH/USDT]\n    params: {fast: 3}\n  - id: reversal\n    class: reversal.py:Reversal\n    weight: 0.3\n",
                "strategies: {trend: trend.yaml}\n",
            ),
        ),
        message="""\
portfolio.yaml:12:13: strategies is a map
  expected: a list, its items behind '-' or in [ ]
""",
    ),
    Case(
        name="no symbols",
        edits=(
            (
                PORTFOLIO,
                "symbols:\n  BTC/USDT: {tick: 0.1, lot: 0.001, taker_fee: 0.1%}\n  ETH/USDT: {tick: 0.01, lot: 0.01}\n",
                "symbols: {}\n",
            ),
        ),
        message="""\
portfolio.yaml:8:10: symbols is empty
  expected: at least one symbol, such as BTC/USDT: {tick: 0.1}
""",
    ),
    Case(
        name="strategy with an empty list of symbols",
        edits=((PORTFOLIO, "[BTC/USDT, ETH/USDT]", "[]"),),
        message="""\
portfolio.yaml:16:14: strategies[0].symbols is an empty list
  expected: symbols
  hint: leave 'symbols' out for all
""",
    ),
    Case(
        name="fee finer than a billionth of the ledger's unit",
        edits=((PORTFOLIO, "taker_fee: 0.1%", "fee_per_unit: 0.1234567890123456"),),
        command=("backtest", PORTFOLIO, "--no-progress"),
        message="""\
portfolio.yaml:9:37: the fee_per_unit of 0.1234567890123456 is finer than Podium computes for a lot of 0.001
  expected: fee_per_unit × lot with at most 17 decimals
  hint: round it to fewer decimals
""",
    ),
    Case(
        name="fee beyond a ledger with a fine unit",
        edits=(
            (PORTFOLIO, "tick: 0.1, lot: 0.001, taker_fee: 0.1%", "tick: 0.000000000001, lot: 1, fee_per_unit: 5"),
            (PORTFOLIO, "capital: 100_000", "capital: 100"),
        ),
        command=("backtest", PORTFOLIO, "--no-progress"),
        message="""\
portfolio.yaml:9:44: the fee_per_unit of 5 does not fit an exact ledger in units of 1e-12
  expected: at most 0.0023
  hint: a coarser tick or lot makes the unit coarser, here or for the portfolio's finest symbol
""",
    ),
    Case(
        name="largest quantity below the least",
        edits=((PORTFOLIO, "lot: 0.01}", "lot: 0.01, quantity_minimum: 0.05, quantity_maximum: 0.02}"),),
        message="""\
portfolio.yaml:10:79: symbols.ETH/USDT.quantity_maximum is 0.02
  expected: at least the least quantity 0.05
""",
    ),
    Case(
        name="parameter of a class that is text",
        edits=((PORTFOLIO, "weight: 0.3", "weight: 0.3\n    params: {depth: deep}"),),
        message="""\
portfolio.yaml:21:21: params.depth is 'deep'
  expected: a number, such as 20, 0.5 or 2%
""",
    ),
    Case(
        name="rules class with a wrong rule",
        edits=((REVERSAL, "    depth = 2\n", "    depth = 2\n    long_entry = 'clos > open'\n"),),
        message="""\
portfolio.yaml:19:12: Reversal.long_entry: unknown name 'clos'
  expected: a series (open, high, low, close, volume, hl2, hlc3, ohlc4), or one of depth
  hint: did you mean 'close'?
""",
    ),
    Case(
        name="set of a path with a hole",
        command=("check", PORTFOLIO, "--set", "strategies..weight=0.1"),
        message="""\
--set strategies..weight=0.1: a part of the path is empty
  expected: a path such as strategies.trend.params.fast
""",
    ),
    Case(
        name="character that cannot be printed",
        edits=((PORTFOLIO, "name: demo", "name: de\u0001mo"),),
        message="""\
portfolio.yaml:2:11: the character U+0001 cannot be printed
  expected: text that can be printed
""",
    ),
    Case(
        name="merge of something that is no map",
        edits=((PORTFOLIO, "{tick: 0.01, lot: 0.01}", "{<<: cheap, tick: 0.01}"),),
        message="""\
portfolio.yaml:10:18: << takes over something that is not a map
  expected: <<: *name
""",
    ),
    Case(
        name="number with too many digits",
        edits=((PORTFOLIO, "100_000", "111111111111111111111111111111111111111111111111111111111111"),),
        message="""\
portfolio.yaml:3:12: this number has more digits than can be meant
  expected: at most 40 digits
""",
    ),
    Case(
        name="key that is a list",
        edits=((PORTFOLIO, "name: demo", "? [name]\n  : demo"),),
        message="""\
portfolio.yaml:2:5: a key is a list or a map
  expected: text
  hint: put text that contains any of : # , [ ] { } in quotes
""",
    ),
    Case(
        name="bare per cent as a time exit",
        edits=((TREND, "size:", "max_bars: 2%\nsize:"),),
        message="""\
trend.yaml:13:11: max_bars is '2%'
  expected: a whole number of at least 1, such as 48
""",
    ),
    Case(
        name="class that leaves the program when it is made",
        edits=(
            (REVERSAL, "    depth = 2\n", "    depth = 2\n\n    def __init__(self):\n        raise SystemExit(3)\n"),
        ),
        message="""\
reversal.py:5:9: Reversal() raised SystemExit: 3
  expected: a class that can be made without arguments
""",
    ),
    Case(
        name="warm-up that is no number",
        edits=(
            (
                REVERSAL,
                None,
                "from podium import Strategy\n\nclass Reversal(Strategy):\n    warm_up = 'x'\n    on_bar = print\n",
            ),
        ),
        command=("backtest", PORTFOLIO, "--no-progress"),
        message="""\
portfolio.yaml:18:5: strategy 'reversal': Reversal.warm_up is 'x'
  expected: a whole number of bars, 0 or more
""",
    ),
    Case(
        name="class with on_bar that is no Strategy",
        edits=((REVERSAL, "    depth = 2\n", "    depth = 2\n\n    def on_bar(self, bar):\n        pass\n"),),
        message="""\
portfolio.yaml:19:12: the class 'Reversal' of reversal.py has on_bar but is no Strategy
  expected: class Reversal(Strategy)
  hint: from podium import Strategy
""",
    ),
    Case(
        name="class with rules and on_bar",
        edits=(
            (
                REVERSAL,
                "    depth = 2\n",
                "    depth = 2\n    long_entry = 'close > open'\n\n    def on_bar(self, bar):\n        pass\n",
            ),
        ),
        message="""\
portfolio.yaml:19:12: the class 'Reversal' of reversal.py has both rules and on_bar
  expected: rules as class attributes, or on_bar
  hint: remove one of them, or make two strategies
""",
    ),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a portfolio in which nothing is wrong."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "bars").mkdir()
    for symbol in ("BTC", "ETH"):
        (tmp_path / "bars" / f"{symbol}-USDT_1h.csv").write_text(CSV, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _change(folder: Path, case: Case) -> None:
    for name, old, new in case.edits:
        file = folder / name
        if isinstance(new, bytes):
            file.write_bytes(new)
        elif old is None:
            file.write_text(new, encoding="utf-8")
        else:
            text = file.read_text(encoding="utf-8")
            assert old in text
            file.write_text(text.replace(old, new, 1), encoding="utf-8")


def _everything(folder: Path) -> dict[Path, bytes | None]:
    # Python keeps the byte code of a strategy file beside it; that is no output of ours.
    found = (path for path in folder.rglob("*") if "__pycache__" not in path.parts)
    return {path: path.read_bytes() if path.is_file() else None for path in found}


def test_the_good_files_are_good(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a change the check finds nothing: each case is wrong because of its change alone. (D-06)"""
    assert run(["check", PORTFOLIO]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "2 strategies, 2 symbols, 48 bars" in printed.out


def test_the_table_is_long_enough() -> None:
    """At least sixty wrong inputs, each with a message of its own place. (D-06)"""
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_wrong_input_is_told_exactly_and_nothing_is_written(
    case: Case, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says where, what came, what was expected, what to do; the code is 2; no file appears. (B-16, B-19, D-06)"""
    _change(folder, case)
    for name, value in case.environment.items():
        monkeypatch.setenv(name, value)
    before = _everything(folder)
    code = run(case.command)
    printed = capsys.readouterr()
    assert printed.err == case.message
    assert code == 2
    assert printed.out == ""
    assert _everything(folder) == before
    assert not (folder / "runs").exists()
