"use strict";
// Charts over time, drawn as SVG whose colours are the page's: light, dark and print need no second drawing.

const narrow = matchMedia("(max-width: 640px)");
const path = (points) => {
  let text = "";
  let pen = "M";
  for (const [x, y] of points) {
    if (Number.isFinite(y)) {
      text += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
      pen = "L";
    } else pen = "M";
  }
  return text;
};
// A place is a strategy's in the portfolio; the whole has none, -1 is idle cash and -2 what netting saved.
const colourOf = (place) => (place === null ? "var(--ink)" : place < 0 ? "var(--soft)" : `var(--s${place % 7})`);
const isIdle = (place) => place === -1;
const keyOf = ({ place, name }) => `${place} ${name}`;
// From the eighth strategy on colours repeat, and the lines are broken.
const dashOf = (place) => (place === null || place < 0 ? "none" : ["none", "6 3", "2 2", "8 3 2 3"][Math.floor(place / 7) % 4]);

// Lines, or areas one on the other: what is above 0 upwards, what is below downwards.
class SeriesPanel {
  constructor(panel, hidden) {
    Object.assign(this, panel);
    this.series = panel.series.map((one) => ({ ...one, values: unpack(one.values) }));
    this.hidden = hidden;
  }

  get shown() {
    return this.series.filter((one) => !this.hidden.has(keyOf(one)));
  }

  // What is above 0 stands on what is above 0, and what is below hangs below: each series has an area on both sides, so
  // that none jumps across the others when its sign changes.
  layers(first, last) {
    const stacked = this.shown.filter((one) => one.stacked);
    return [Math.max, Math.min].flatMap((part) => {
      const reached = new Float64Array(last - first);
      return stacked.filter((one) => one.values.some((value) => part(value, 0) !== 0)).map((one) => {
        const from = Float64Array.from(reached);
        for (let row = first; row < last; row += 1) reached[row - first] += part(one.values[row], 0) || 0;
        return { ...one, from, to: Float64Array.from(reached) };
      });
    });
  }

  // Areas stand on 0; lines from close by need it no longer.
  bounds(first, last, zoomed) {
    const grounded = this.zero && (!zoomed || this.shown.some((one) => one.stacked));
    let [low, high] = grounded ? [0, 0] : [Infinity, -Infinity];
    const see = (value) => {
      if (value < low) low = value;
      if (value > high) high = value;
    };
    for (const layer of this.layers(first, last)) layer.to.forEach(see);
    for (const one of this.shown) if (!one.stacked) one.values.subarray(first, last).forEach(see);
    if (!(high >= low)) return [0, 1];
    if (high === low) return [low, low + (Math.abs(low) || 0.05)];
    const room = (high - low || Math.abs(high) || 1) * 0.04;
    return [low < 0 || !grounded ? low - room : low, high > 0 || !grounded ? high + room : high];
  }

  draw(frame) {
    const { first, last, x, y, times, group } = frame;
    for (const { place, from, to } of this.layers(first, last)) {
      const rows = [...to.keys()];
      const outline = rows.map((row) => [x(times[first + row]), y(to[row])])
        .concat(rows.reverse().map((row) => [x(times[first + row]), y(from[row])]));
      group.append(svg("path", { d: `${path(outline)}Z`, class: isIdle(place) ? "area idle" : "area", style: `--c:${colourOf(place)}` }));
    }
    for (const { place, values, stacked } of this.shown) {
      if (stacked) continue;
      const points = [];
      for (let row = first; row < last; row += 1) points.push([x(times[row]), y(values[row])]);
      const style = `--c:${colourOf(place)};stroke-dasharray:${dashOf(place)}`;
      group.append(svg("path", { d: path(points), class: place === null ? "line whole" : "line", style }));
    }
  }

  told(row) {
    const told = this.shown.filter((one) => Number.isFinite(one.values[row]))
      .map(({ name, place, values }) => ({ name, place, text: formats[this.format].value(values[row]) }));
    return told.length ? [{ name: this.title }, ...told] : [];
  }
}

// What tells causes apart, beside their lanes: a stroke, a triangle, a cross, a ring, a square. No colour is needed.
const CAUSE_SIGNS = [
  (x, y, size) => `M${x} ${y - size}v${2 * size}`,
  (x, y, size) => `M${x - size} ${y - size}h${2 * size}l${-size} ${2 * size}Z`,
  (x, y, size) => `M${x - size} ${y - size}l${2 * size} ${2 * size}m0 ${-2 * size}l${-2 * size} ${2 * size}`,
  (x, y, size) => `M${x - size} ${y}a${size} ${size} 0 1 0 ${2 * size} 0a${size} ${size} 0 1 0 ${-2 * size} 0`,
  (x, y, size) => `M${x - size} ${y - size}h${2 * size}v${2 * size}h${-2 * size}Z`,
];
const causeOf = ({ name }) => `cause ${name}`;

// A row for each strategy: how much was in use as an area from 0 to 1, and above it a lane of signs for each cause that
// blocked entries.
class RowPanel {
  constructor(panel, hidden) {
    Object.assign(this, panel);
    this.series = panel.series.map((one) => {
      const [rows, reasons, counts] = ["rows", "reasons", "counts"].map((name) => unpack(one.blocked[name]));
      return { ...one, values: unpack(one.values), blocked: [...rows].map((row, at) => ({ row, reason: reasons[at], count: counts[at] })) };
    });
    this.hidden = hidden;
  }

  blocks(one) {
    return one.blocked.filter(({ reason }) => !this.hidden.has(causeOf(this.causes[this.reasons[reason].cause])));
  }

  bounds() {
    return [0, this.series.length];
  }

  draw({ first, last, x, y, times, group, range, tall }) {
    const each = tall / this.series.length;
    const lane = Math.min(9, (each * 0.6) / Math.max(this.causes.length, 1));
    const room = 1 - (lane * this.causes.length + 7) / each;
    this.series.forEach((one, row) => {
      const { name, place, values } = one;
      const floor = this.series.length - row - 1;
      const height = (value) => y(floor + Math.min(value, 1) * room);
      group.append(svg("line", { x1: x(range[0]), x2: x(range[1]), y1: y(floor), y2: y(floor), class: "grid" }));
      if (this.hidden.has(keyOf({ name, place }))) return;
      let outline = `M${x(times[first]).toFixed(1)} ${y(floor)}`;
      for (let at = first; at < last; at += 1) {
        if (at > first) outline += `H${x(times[at - 1]).toFixed(1)}`;
        outline += `V${height(values[at]).toFixed(1)}H${x(times[at]).toFixed(1)}`;
      }
      group.append(svg("path", { d: `${outline}V${y(floor)}Z`, class: "area", style: `--c:${colourOf(place)}` }));
      // Above the area, so that many signs do not hide it; those that would stand on each other are one.
      const signs = this.causes.map(() => ({ d: "", before: -Infinity }));
      for (const { row: at, reason } of this.blocks(one)) {
        const { cause } = this.reasons[reason];
        const across = Math.round(x(times[at]) * 2) / 2;
        if (times[at] < range[0] || times[at] > range[1] || across - signs[cause].before < 2) continue;
        signs[cause].before = across;
        signs[cause].d += CAUSE_SIGNS[this.causes[cause].sign](across, y(floor + 1) + 4 + lane * (cause + 0.5), lane * 0.32);
      }
      for (const { d } of signs) if (d) group.append(svg("path", { d, class: "mark" }));
    });
  }

  told(row) {
    const shown = this.series.filter((one) => !this.hidden.has(keyOf(one)));
    const told = shown.map(({ name, place, values }) => ({ name, place, text: formats.percent.value(values[row]) }));
    const blocked = shown.flatMap((one) => this.blocks(one).filter((block) => block.row === row).map(({ reason, count }) =>
      ({ name: `${one.name}: ${this.reasons[reason].name}`, place: one.place, text: `${whole.format(count)} ×`, count })));
    const most = blocked.sort((a, b) => b.count - a.count).slice(0, 8);
    const more = blocked.length - most.length;
    return [
      ...(told.length ? [{ name: "Capital in use" }, ...told] : []),
      ...(most.length ? [{ name: "Blocked entries" }, ...most, ...(more ? [{ name: `and ${more} more reasons` }] : [])] : []),
    ];
  }
}

class TimeChart {
  constructor(place, figure) {
    this.place = place;
    this.figure = figure;
    this.times = unpack(figure.times);
    this.hidden = new Set();
    this.range = null;
    this.panels = figure.panels.map((panel) => this.panel(panel));
    this.tip = html("div", { class: "tip", hidden: "" });
    this.legend = html("div", { class: "legend" });
    this.canvas = html("div", { class: "canvas" });
    this.back = html("button", { type: "button", class: "back", hidden: "" }, "whole period");
    this.back.addEventListener("click", () => this.zoom(null));
    place.replaceChildren(this.legend, this.canvas, this.tip, this.back);
    this.listen();
    this.name();
    this.draw();
  }

  panel(panel) {
    return panel.kind === "rows" ? new RowPanel(panel, this.hidden) : new SeriesPanel(panel, this.hidden);
  }

  name() {
    const names = new Map();
    for (const panel of this.figure.panels) for (const one of panel.series ?? []) names.set(keyOf(one), one);
    const causes = this.figure.panels.flatMap((panel) => panel.causes ?? []);
    this.legend.replaceChildren(
      ...(names.size < 2 ? [] : [...names].map(([key, { name, place }]) => this.entry(key, name,
        html("span", { class: place === null ? "key whole" : isIdle(place) ? "key idle" : "key", style: `--c:${colourOf(place)}` })))),
      ...causes.map((cause) => this.entry(causeOf(cause), `blocked by ${cause.name} (${whole.format(cause.count)})`,
        svg("svg", { class: "sign", viewBox: "-6 -6 12 12", width: 12, height: 12, "aria-hidden": "true" },
          svg("path", { class: "mark", d: CAUSE_SIGNS[cause.sign](0, 0, 4) })))),
    );
  }

  // A name of the legend; pressing it hides what it names.
  entry(key, words, sign) {
    const button = html("button", { type: "button", "aria-pressed": String(!this.hidden.has(key)), title: words },
      sign, html("span", { class: "who" }, words));
    button.addEventListener("click", () => {
      if (this.hidden.has(key)) this.hidden.delete(key);
      else this.hidden.add(key);
      button.setAttribute("aria-pressed", String(!this.hidden.has(key)));
      this.draw();
    });
    return button;
  }

  // Show other panels over the same times.
  view(figure) {
    this.figure = figure;
    this.panels = figure.panels.map((panel) => this.panel(panel));
    this.name();
    this.draw();
  }

  zoom(range) {
    this.range = range;
    this.back.hidden = range === null;
    this.draw();
  }

  // The rows to draw: those in the range and one on each side of it.
  rows() {
    const { times } = this;
    const range = this.range ?? [times[0], times[times.length - 1]];
    return {
      range: range[0] === range[1] ? [range[0] - DAY, range[1] + DAY] : range,
      first: Math.max(placeOf(times, range[0]) - 1, 0),
      last: Math.min(placeOf(times, range[1]) + 2, times.length),
    };
  }

  draw() {
    const width = this.place.clientWidth;
    if (width === 0 || this.times.length === 0) return;
    const height = Math.round(this.figure.height * (narrow.matches ? 0.8 : 1));
    const [right, bottom, gap] = [8, 24, 32];
    const { range, first, last } = this.rows();
    const space = height - bottom - gap * this.panels.length;
    // Each panel with its lines across; their numbers need room at the left.
    const scales = this.panels.map((panel) => {
      const tall = space * panel.share;
      const [low, high] = panel.bounds(first, last, this.range !== null);
      const { step, lines } = panel.format ? valueSteps(low, high, tall / 38) : { step: 1, lines: [] };
      return { tall, low, high, lines: lines.map((value) => ({ value, text: formats[panel.format].axis(value, step) })) };
    });
    const longest = Math.max(0, ...scales.flatMap(({ lines }) => lines.map(({ text }) => text.length)));
    const left = Math.max(narrow.matches ? 46 : 60, 7 * longest + 12);
    const x = (time) => left + ((time - range[0]) / (range[1] - range[0])) * (width - left - right);
    const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" });
    const steps = timeSteps(range[0], range[1], (width - left - right) / (narrow.matches ? 64 : 96));
    let top = 0;
    this.frames = this.panels.map((panel, place) => {
      top += gap;
      const { tall, low, high, lines } = scales[place];
      const from = top;
      const y = (value) => from + (1 - (value - low) / (high - low)) * tall;
      const identity = `${this.place.id}-clip-${place}`;
      const group = svg("g", { "clip-path": `url(#${identity})` });
      const clip = svg("clipPath", { id: identity },
        svg("rect", { x: left, y: from - 2, width: Math.max(width - left - right, 0), height: tall + 4 }));
      root.append(clip, svg("text", { x: 0, y: from - 10, class: "title" }, panel.title));
      for (const { time } of steps) {
        root.append(svg("line", { x1: x(time), x2: x(time), y1: from, y2: from + tall, class: "grid" }));
      }
      for (const { value, text } of lines) {
        const up = y(value);
        root.append(
          svg("line", { x1: left, x2: width - right, y1: up, y2: up, class: value === 0 ? "grid zero" : "grid" }),
          svg("text", { x: left - 8, y: up + 4, class: "value" }, text),
        );
      }
      root.append(group);
      const frame = { panel, first, last, range, x, y, group, top: from, tall, low, high, times: this.times };
      panel.draw(frame);
      top += tall;
      return frame;
    });
    let free = -Infinity;
    for (const { time, text } of steps) {
      const across = Math.min(Math.max(x(time), left + 14), width - 18);
      if (across < free) continue;
      root.append(svg("text", { x: across, y: height - 6, class: "time" }, text));
      free = across + text.length * 7 + 10;
    }
    this.cursor = svg("line", { y1: gap, y2: height - bottom, class: "cursor", visibility: "hidden" });
    this.brush = svg("rect", { y: gap, height: height - bottom - gap, class: "brush", visibility: "hidden" });
    root.append(this.brush, this.cursor);
    this.canvas.replaceChildren(root);
    this.scale = { left, right: width - right, x, range };
  }

  timeAt(across) {
    const { left, right, range } = this.scale;
    return range[0] + ((Math.min(Math.max(across, left), right) - left) / (right - left)) * (range[1] - range[0]);
  }

  rowAt(time) {
    const after = Math.min(placeOf(this.times, time), this.times.length - 1);
    return after > 0 && time - this.times[after - 1] < this.times[after] - time ? after - 1 : after;
  }

  told(row) {
    return this.panels.flatMap((panel) => panel.told(row));
  }

  point(across) {
    const row = this.rowAt(this.timeAt(across));
    const at = this.scale.x(this.times[row]);
    this.cursor.setAttribute("x1", at);
    this.cursor.setAttribute("x2", at);
    this.cursor.setAttribute("visibility", "visible");
    this.tell([{ name: `${moment(this.times[row])} UTC` }, ...this.told(row)], at);
  }

  tell(lines, at) {
    this.tip.replaceChildren(...lines.map(({ name, place, text }) => {
      if (text === undefined) return html("div", { class: "of" }, name);
      const key = place === undefined ? "" : html("span", { class: "key", style: `--c:${colourOf(place)}` });
      return html("div", {}, html("span", { class: "who" }, key, name), html("b", {}, text));
    }));
    this.tip.hidden = false;
    const room = this.place.clientWidth - this.tip.offsetWidth;
    const beside = at + 14 > room ? at - this.tip.offsetWidth - 14 : at + 14;
    this.tip.style.left = `${Math.min(Math.max(beside, 0), Math.max(room, 0))}px`;
    this.tip.style.top = `${this.canvas.offsetTop + 26}px`;
  }

  quiet() {
    this.tip.hidden = true;
    this.cursor?.setAttribute("visibility", "hidden");
    this.brush?.setAttribute("visibility", "hidden");
  }

  listen() {
    const across = (event) => event.clientX - this.canvas.getBoundingClientRect().left;
    let from = null;
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse" && event.button === 0) from = across(event);
      else this.point(across(event));
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!this.scale) return;
      const now = across(event);
      if (from !== null && Math.abs(now - from) > 6) {
        const ends = [from, now].map((place) => Math.min(Math.max(place, this.scale.left), this.scale.right));
        this.brush.setAttribute("x", Math.min(...ends));
        this.brush.setAttribute("width", Math.abs(ends[1] - ends[0]));
        this.brush.setAttribute("visibility", "visible");
      }
      this.point(now);
    });
    this.canvas.addEventListener("pointerleave", () => {
      from = null;
      this.quiet();
    });
    this.canvas.addEventListener("pointerup", (event) => {
      const ends = from === null ? [] : [from, across(event)].sort((a, b) => a - b);
      from = null;
      if (ends.length && ends[1] - ends[0] > 6) this.zoom(ends.map((end) => this.timeAt(end)));
    });
    this.canvas.addEventListener("dblclick", () => this.zoom(null));
  }
}

// How often daily returns fell into each bin.
class BinChart {
  constructor(place, figure) {
    this.place = place;
    this.figure = figure;
    this.draw();
  }

  draw() {
    const width = this.place.clientWidth;
    if (width === 0) return;
    const { edges, counts, height, title } = this.figure;
    const [left, right, top, bottom] = [narrow.matches ? 40 : 60, 8, 26, 24];
    const most = Math.max(...counts);
    const [low, high] = [edges[0], edges[edges.length - 1]];
    const x = (value) => left + ((value - low) / (high - low)) * (width - left - right);
    const y = (count) => top + (1 - count / (most * 1.04)) * (height - top - bottom);
    const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" },
      svg("text", { x: 0, y: 14, class: "title" }, title));
    for (const count of valueSteps(0, most * 1.04, (height - top - bottom) / 44).lines) {
      if (count % 1) continue;
      root.append(
        svg("line", { x1: left, x2: width - right, y1: y(count), y2: y(count), class: "grid" }),
        svg("text", { x: left - 8, y: y(count) + 4, class: "value" }, whole.format(count)),
      );
    }
    counts.forEach((count, bin) => {
      const [from, to] = [x(edges[bin]), x(edges[bin + 1])];
      const words = `${formats.percent.value(edges[bin])} to ${formats.percent.value(edges[bin + 1])}: ${whole.format(count)} days`;
      root.append(svg("rect", {
        x: from + 0.5, y: y(count), width: Math.max(to - from - 1, 0.5), height: y(0) - y(count),
        class: edges[bin] < 0 ? "bin loss" : "bin gain",
      }, svg("title", {}, words)));
    });
    const { step, lines } = valueSteps(low, high, (width - left - right) / 64);
    for (const value of lines) {
      root.append(svg("text", { x: Math.min(x(value), width - 20), y: height - 6, class: "time" }, formats.percent.axis(value, step)));
    }
    this.place.replaceChildren(root);
  }
}
