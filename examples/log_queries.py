"""Ask the log of a run: who was blocked, how far each share was used, and whether the money adds up.

The guide docs/guides/log.md asks the same with jq.

It prints:

    1 backtest_completed
    1 backtest_started
  354 capital_allocated
   11 capital_limit_hit
  354 capital_released
  354 capital_reserved
    1 strategies_correlated
  548 strategy_signal
blocked {'reversal': 11}
trend used at most 98.0% of its share
reversal used at most 99.0% of its share
rebuilt 143432.37750060 stated 143432.3775006
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path

portfolio = Path(__file__).with_name("portfolio.yaml")
with tempfile.TemporaryDirectory() as folder:
    command = [sys.executable, "-m", "podium", "backtest", str(portfolio), "--out", folder, "--no-progress"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (log,) = Path(folder).glob("*/log.jsonl")
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]

for event, count in sorted(Counter(line["event"] for line in lines).items()):
    print(f"{count:>5} {event}")

blocked = Counter(line["strategy_id"] for line in lines if line["event"] == "capital_limit_hit")
print("blocked", dict(blocked))

moves = [line for line in lines if line["event"] in ("capital_allocated", "capital_released")]
for name in ("trend", "reversal"):
    shares = [
        Decimal(line["used_capital"]) / Decimal(line["allocation_limit"])
        for line in moves
        if line["strategy_id"] == name
    ]
    print(f"{name} used at most {max(shares):.1%} of its share")

# What every strategy was given, plus what its fills earned, minus their fees: the final equity, from the log alone.
started, completed = lines[0], lines[-1]
earned = sum(Decimal(line["realised"]) - Decimal(line["fee"]) for line in moves)
print("rebuilt", Decimal(started["total_capital"]) + earned, "stated", completed["final_equity"])
