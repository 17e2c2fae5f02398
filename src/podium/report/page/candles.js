"use strict";
// Prices of one symbol as candles, with the entries, exits, stops and targets of trades.

// Candles of one grey, so that the colours are the strategies': a rising one is hollow, a falling one is full.
class CandlePanel {
  constructor(prices) {
    Object.assign(this, { title: prices.symbol, share: 1, format: "price", decimals: prices.decimals });
    for (const name of ["open", "high", "low", "close"]) this[name] = unpack(prices[name]);
    this.trades = [];
  }

  bounds(first, last) {
    const [low, high] = [Math.min(...this.low.subarray(first, last)), Math.max(...this.high.subarray(first, last))];
    const room = (high - low || high) * 0.05;
    return [low - room, high + room];
  }

  draw(frame) {
    const { first, last, x, y, times, group } = frame;
    const step = times.length > 1 ? x(times[Math.min(first + 1, times.length - 1)]) - x(times[Math.min(first, times.length - 2)]) : 8;
    const half = Math.min(Math.max(step * 0.35, 0.4), 7);
    const wicks = { hollow: "", full: "" };
    const bodies = { hollow: "", full: "" };
    for (let row = first; row < last; row += 1) {
      const kind = this.close[row] >= this.open[row] ? "hollow" : "full";
      const at = x(times[row]).toFixed(1);
      const [top, bottom] = [y(Math.max(this.open[row], this.close[row])), y(Math.min(this.open[row], this.close[row]))];
      wicks[kind] += `M${at} ${y(this.high[row]).toFixed(1)}V${top.toFixed(1)}M${at} ${bottom.toFixed(1)}V${y(this.low[row]).toFixed(1)}`;
      bodies[kind] += `M${(at - half).toFixed(1)} ${top.toFixed(1)}h${(2 * half).toFixed(1)}V${Math.max(bottom, top + 0.6).toFixed(1)}h${(-2 * half).toFixed(1)}Z`;
    }
    for (const kind of ["hollow", "full"]) {
      group.append(svg("path", { d: wicks[kind], class: "wick" }), svg("path", { d: bodies[kind], class: `body ${kind}` }));
    }
    this.drawTrades(frame);
  }

  // One path for each strategy and kind of mark: thousands of trades are a few elements.
  drawTrades({ x, y, group, range }) {
    const seen = this.trades.filter((trade) => trade.exitTime >= range[0] && trade.entryTime <= range[1]);
    const size = (seen.length <= 60 ? 5.5 : seen.length <= 400 ? 4 : 3) * (narrow.matches ? 0.75 : 1);
    const layers = new Map();
    for (const trade of seen) {
      const key = `${trade.place} ${trade.chosen}`;
      if (!layers.has(key)) layers.set(key, { place: trade.place, chosen: trade.chosen, span: "", stop: "", target: "", entry: "", exit: "" });
      const layer = layers.get(key);
      const near = (number) => number.toFixed(1);
      const [from, to] = [x(trade.entryTime), x(trade.exitTime)];
      const [start, end] = [y(trade.entryPrice), y(trade.exitPrice)];
      const up = trade.side === "long" ? -1 : 1;
      layer.entry += `M${near(from)} ${near(start + up * size)}L${near(from + size)} ${near(start - up * size)}H${near(from - size)}Z`;
      layer.exit += exitSign(trade.reason, near(to), near(end), near(size), near(2 * size));
      if (seen.length > LINES_MOST && !trade.chosen) continue;
      const level = (price, begin) => `M${near(begin)} ${near(y(price))}H${near(Math.max(to, begin + 4))}`;
      layer.span += `M${near(from)} ${near(start)}L${near(to)} ${near(end)}`;
      if (trade.stop !== null) layer.stop += level(trade.stop, from);
      // A stop that moved was not at this level all the time: only its end is drawn.
      if (STOPS.has(trade.reason)) layer.stop += level(trade.exitPrice, Math.max(to - 5 * size, from));
      for (const target of trade.targets) layer.target += level(target, from);
    }
    for (const { place, chosen, ...paths } of [...layers.values()].sort((a, b) => a.chosen - b.chosen)) {
      const marks = svg("g", { class: chosen ? "trades chosen" : "trades", style: `--c:${colourOf(place)}` });
      for (const [kind, d] of Object.entries(paths)) if (d) marks.append(svg("path", { d, class: kind }));
      group.append(marks);
    }
    group.setAttribute("data-trades", seen.length);
  }

  told(row) {
    const price = (value) => formats.price.value(value, this.decimals);
    return [
      { name: "open", text: price(this.open[row]) }, { name: "high", text: price(this.high[row]) },
      { name: "low", text: price(this.low[row]) }, { name: "close", text: price(this.close[row]) },
    ];
  }
}

// Among more trades than these their lines would be one blot; they come back when the chart is zoomed.
const LINES_MOST = 1_500;
const STOPS = new Set(["stop_loss", "trailing_stop", "break_even"]);
// A bar at a stop, a ring at a target, a cross elsewhere: no colour is needed to tell them apart.
const exitSign = (reason, x, y, size, twice) => {
  if (STOPS.has(reason)) return `M${x} ${y}m-${size} 0h${twice}m-${size} -${size}v${twice}`;
  if (reason === "take_profit") return `M${x} ${y}m-${size} 0a${size} ${size} 0 1 0 ${twice} 0a${size} ${size} 0 1 0 -${twice} 0`;
  return `M${x} ${y}m-${size} -${size}l${twice} ${twice}m0 -${twice}l-${twice} ${twice}`;
};

class CandleChart extends TimeChart {
  constructor(place, prices) {
    super(place, { times: prices.times, panels: [prices], height: 440 });
  }

  panel(prices) {
    return new CandlePanel(prices);
  }

  show(trades) {
    this.panels[0].trades = trades;
    this.draw();
  }

  told(row) {
    const { times } = this;
    const from = row > 0 ? times[row - 1] : -Infinity;
    const near = this.panels[0].trades.filter((trade) =>
      (trade.entryTime > from && trade.entryTime <= times[row]) || (trade.exitTime > from && trade.exitTime <= times[row]));
    const more = near.length > 6 ? [{ name: `and ${near.length - 6} more` }] : [];
    const told = near.slice(0, 6).flatMap((trade) => {
      const entered = trade.entryTime > from && trade.entryTime <= times[row];
      const left = trade.exitTime > from && trade.exitTime <= times[row];
      return [
        ...(entered ? [{ name: `${trade.strategy} ${trade.number}: ${trade.side} ${trade.quantity} at`, place: trade.place, text: priced(trade.entryText, trade) }] : []),
        ...(left ? [{ name: `${trade.strategy} ${trade.number}: ${trade.reason} at`, place: trade.place, text: `${priced(trade.exitText, trade)} (${formats.money.value(Number(trade.pnl))})` }] : []),
      ];
    });
    return [...super.told(row), ...told, ...more];
  }
}
