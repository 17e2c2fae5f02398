"use strict";
// The trades: one list, filtered and sorted, that the table and the price chart show.

const PAGE_ROWS = 50;

const readTrades = () => {
  const given = dataOf("trades-data");
  const [entries, exits, ratios] = [unpack(given.entry_time), unpack(given.exit_time), unpack(given.ratio)];
  return given.number.map((number, row) => ({
    number,
    place: given.strategy[row],
    strategy: given.strategies[given.strategy[row]],
    symbol: given.symbols[given.symbol[row]],
    side: given.side[row] ? "long" : "short",
    reason: given.reasons[given.reason[row]],
    quantity: given.quantity[row],
    entryTime: entries[row],
    exitTime: exits[row],
    decimals: given.decimals[given.symbol[row]],
    entryText: given.entry_price[row],
    exitText: given.exit_price[row],
    entryPrice: Number(given.entry_price[row]),
    exitPrice: Number(given.exit_price[row]),
    pnl: given.pnl[row],
    ratio: ratios[row],
    costs: given.costs[row],
    bars: given.bars[row],
    stop: given.stop[row] === null ? null : Number(given.stop[row]),
    targets: given.targets[row].map(Number),
    chosen: false,
  }));
};

const separated = (text) => {
  const [units, rest] = text.split(".");
  return units.replace(/\B(?=(\d{3})+$)/g, ",") + (rest === undefined ? "" : `.${rest}`);
};
// An average price has no end: one digit more than the tick tells it apart from a price, all of them stand in its title.
const priced = (text, { decimals }) => {
  const rest = text.split(".")[1] ?? "";
  return separated(decimals === null || rest.length <= decimals ? text : Number(text).toFixed(decimals + 1));
};
const newsOf = (text) => (Number(text) > 0 ? "gain" : Number(text) < 0 ? "loss" : "");
const COLUMNS = [
  { name: "strategy", left: true, key: (trade) => trade.strategy },
  { name: "trade", key: (trade) => trade.number, text: (trade) => whole.format(trade.number) },
  { name: "symbol", left: true, key: (trade) => trade.symbol },
  { name: "side", left: true, key: (trade) => trade.side },
  { name: "quantity", key: (trade) => Number(trade.quantity), text: (trade) => separated(trade.quantity) },
  { name: "entry", key: (trade) => trade.entryTime, text: (trade) => moment(trade.entryTime) },
  { name: "entry price", key: (trade) => trade.entryPrice, text: (trade) => priced(trade.entryText, trade), exact: (trade) => trade.entryText },
  { name: "exit", key: (trade) => trade.exitTime, text: (trade) => moment(trade.exitTime) },
  { name: "exit price", key: (trade) => trade.exitPrice, text: (trade) => priced(trade.exitText, trade), exact: (trade) => trade.exitText },
  { name: "result", key: (trade) => Number(trade.pnl), text: (trade) => money.format(Number(trade.pnl)), news: true, exact: (trade) => trade.pnl },
  { name: "return", key: (trade) => trade.ratio, text: (trade) => formats.percent.value(trade.ratio), news: true },
  { name: "costs", key: (trade) => Number(trade.costs), text: (trade) => money.format(Number(trade.costs)), exact: (trade) => trade.costs },
  { name: "bars", key: (trade) => trade.bars, text: (trade) => whole.format(trade.bars) },
  { name: "exit reason", left: true, key: (trade) => trade.reason },
];

class TradeView {
  constructor(section) {
    this.section = section;
    this.trades = readTrades();
    this.prices = new Map();
    this.filters = [...section.querySelectorAll("[data-filter]")];
    this.choice = document.getElementById("chart-symbol");
    this.place = document.getElementById("prices");
    this.body = section.querySelector("tbody");
    this.order = { column: COLUMNS.find(({ name }) => name === "exit"), down: true };
    this.rows = PAGE_ROWS;
    this.filters.forEach((filter) => filter.addEventListener("change", () => {
      if (filter.dataset.filter === "symbol" && filter.value && this.choice) this.choice.value = filter.value;
      this.rows = PAGE_ROWS;
      this.update();
    }));
    this.choice?.addEventListener("change", () => this.update());
    this.more = section.querySelector(".more");
    this.more.addEventListener("click", () => {
      this.rows += 4 * PAGE_ROWS;
      this.list();
    });
    section.querySelector(".clear").addEventListener("click", () => {
      for (const filter of this.filters) filter.value = "";
      this.update();
    });
    section.querySelectorAll("thead th").forEach((heading, place) => {
      heading.querySelector("button").addEventListener("click", () => this.sort(COLUMNS[place]));
    });
    this.update();
  }

  passes(trade, but) {
    return this.filters.every(({ dataset, value }) => {
      if (value === "" || dataset.filter === but) return true;
      if (dataset.filter === "result") return newsOf(trade.pnl) === value;
      return String(dataset.filter === "strategy" ? trade.place : trade[dataset.filter]) === value;
    });
  }

  sort(column) {
    this.order = { column, down: this.order.column === column ? !this.order.down : true };
    this.list();
  }

  update() {
    this.list();
    this.draw();
  }

  list() {
    const { column, down } = this.order;
    const found = this.trades.filter((trade) => this.passes(trade));
    const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    const keyed = found.map((trade) => [column.key(trade), trade]).sort(([a], [b]) => compare(a, b) * (down ? -1 : 1));
    this.section.querySelectorAll("thead th").forEach((heading, place) => {
      if (COLUMNS[place] === column) heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      else heading.removeAttribute("aria-sort");
    });
    this.body.replaceChildren(...keyed.slice(0, this.rows).map(([, trade]) => this.line(trade)));
    const shown = Math.min(this.rows, found.length);
    const sum = found.reduce((total, trade) => total + Number(trade.pnl), 0);
    const costs = found.reduce((total, trade) => total + Number(trade.costs), 0);
    const words = found.length
      ? `${whole.format(shown)} of ${whole.format(found.length)} trades shown; result ${money.format(sum)}, costs ${money.format(costs)}`
      : this.trades.length ? "No trade fits these filters." : "No trade was closed.";
    this.section.querySelector(".count").textContent = words;
    this.section.dataset.found = found.length;
    this.more.hidden = shown === found.length;
  }

  line(trade) {
    const cells = COLUMNS.map((column) => {
      const text = column.text ? column.text(trade) : column.key(trade);
      const kinds = [column.left ? "left" : "", column.name === "strategy" ? "name" : "", column.news ? newsOf(trade.pnl) : ""];
      const cell = html("td", { class: kinds.filter(Boolean).join(" ") }, text);
      if (column.name === "strategy") cell.prepend(html("span", { class: "swatch", style: `--c:${colourOf(trade.place)}` }));
      cell.title = column.exact ? column.exact(trade) : column.name === "strategy" ? trade.strategy : "";
      return cell;
    });
    const row = html("tr", { class: trade.chosen ? "chosen" : "" }, ...cells);
    if (this.choice) row.addEventListener("click", () => this.visit(trade));
    return row;
  }

  // Show one trade in the chart, with as much time before and after it as it took.
  visit(trade) {
    for (const other of this.trades) other.chosen = other === trade;
    this.choice.value = trade.symbol;
    this.update();
    const room = Math.max(trade.exitTime - trade.entryTime, 40 * this.chart.figure.panels[0].seconds);
    this.chart.zoom([trade.entryTime - room, trade.exitTime + room]);
    document.getElementById("trades").scrollIntoView({ block: "start" });
  }

  draw() {
    if (!this.choice) return;
    const symbol = this.choice.value;
    if (this.symbol !== symbol) {
      this.symbol = symbol;
      this.chart = new CandleChart(this.place, dataOf(`prices-${this.choice.selectedIndex}`));
    }
    this.chart.show(this.trades.filter((trade) => trade.symbol === symbol && this.passes(trade, "symbol")));
    const { bars, bars_each: each, timeframe } = this.chart.figure.panels[0];
    const joined = each > 1 ? `, ${whole.format(each)} to a candle` : "";
    this.section.querySelector(".drawn").textContent =
      `${whole.format(bars)} bars of ${timeframe}${joined}; ${whole.format(this.chart.panels[0].trades.length)} trades drawn, all exact.`;
  }
}
