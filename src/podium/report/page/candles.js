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

  drawTrades({ x, y, group, range }) {
    const seen = this.trades.filter((trade) => trade.exitTime >= range[0] && trade.entryTime <= range[1]);
    const size = (seen.length <= 60 ? 5.5 : seen.length <= 400 ? 4 : 3) * (narrow.matches ? 0.75 : 1);
    for (const trade of seen) {
      const [from, to] = [x(trade.entryTime), x(trade.exitTime)];
      const [start, end] = [y(trade.entryPrice), y(trade.exitPrice)];
      const marks = svg("g", { class: trade.chosen ? "trade chosen" : "trade", style: `--c:${colourOf(trade.place)}` });
      const level = (price, kind) =>
        marks.append(svg("line", { x1: from, x2: Math.max(to, from + 4), y1: y(price), y2: y(price), class: `level ${kind}` }));
      if (trade.stop !== null) level(trade.stop, "stop");
      for (const target of trade.targets) level(target, "target");
      // A stop that moved was not at this level all the time: only its end is drawn.
      if (STOPS.has(trade.reason)) {
        marks.append(svg("line", { x1: Math.max(to - 5 * size, from), x2: to, y1: end, y2: end, class: "level stop" }));
      }
      const up = trade.side === "long" ? -1 : 1;
      marks.append(
        svg("line", { x1: from, y1: start, x2: to, y2: end, class: "span" }),
        svg("path", { d: `M${from} ${start + up * size}L${from + size} ${start - up * size}H${from - size}Z`, class: "entry" }),
        svg("path", { d: exitSign(trade.reason, to, end, size), class: "exit" }),
      );
      group.append(marks);
    }
  }

  told(row) {
    const price = (value) => formats.price.value(value, this.decimals);
    return [
      { name: "open", text: price(this.open[row]) }, { name: "high", text: price(this.high[row]) },
      { name: "low", text: price(this.low[row]) }, { name: "close", text: price(this.close[row]) },
    ];
  }
}

const STOPS = new Set(["stop_loss", "trailing_stop", "break_even"]);
// A bar at a stop, a ring at a target, a cross elsewhere: no colour is needed to tell them apart.
const exitSign = (reason, x, y, size) => {
  if (STOPS.has(reason)) return `M${x - size} ${y}h${2 * size}M${x} ${y - size}v${2 * size}`;
  if (reason === "take_profit") return `M${x - size} ${y}a${size} ${size} 0 1 0 ${2 * size} 0a${size} ${size} 0 1 0 ${-2 * size} 0`;
  return `M${x - size} ${y - size}l${2 * size} ${2 * size}M${x - size} ${y + size}l${2 * size} ${-2 * size}`;
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
        ...(entered ? [{ name: `${trade.strategy} ${trade.number}: ${trade.side} ${trade.quantity} at`, place: trade.place, text: trade.entryText }] : []),
        ...(left ? [{ name: `${trade.strategy} ${trade.number}: ${trade.reason} at`, place: trade.place, text: `${trade.exitText} (${formats.money.value(Number(trade.pnl))})` }] : []),
      ];
    });
    return [...super.told(row), ...told, ...more];
  }
}
