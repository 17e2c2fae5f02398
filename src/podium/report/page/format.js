"use strict";
// Numbers, times and elements: what every part of the page needs.

const grouped = (decimals) =>
  new Intl.NumberFormat("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
const MONEY_DECIMALS = Number(document.body.dataset.decimals);
const money = grouped(MONEY_DECIMALS);
const hundredths = grouped(2);
const whole = grouped(0);
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 2 });

// So many decimals tell every multiple of a step apart.
const decimalsOf = (step) => {
  let decimals = 0;
  while (decimals < 8 && Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) decimals += 1;
  return decimals;
};
// How a value is written where it is pointed at, and how along an axis whose lines are a step apart.
const formats = {
  money: { value: (number) => money.format(number), axis: (number) => compact.format(number) },
  percent: {
    value: (number) => `${hundredths.format(number * 100)} %`,
    axis: (number, step) => `${grouped(decimalsOf(step * 100)).format(number * 100)} %`,
  },
  ratio: {
    value: (number) => hundredths.format(number),
    axis: (number, step) => grouped(decimalsOf(step)).format(number),
  },
  price: {
    value: (number, decimals) => grouped(decimals).format(number),
    axis: (number, step) => grouped(decimalsOf(step)).format(number),
  },
};

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (number) => String(number).padStart(2, "0");
const clock = (date) => `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
const day = (date) => `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
const moment = (seconds) => {
  const date = new Date(seconds * 1000);
  return `${day(date)} ${clock(date)}${date.getUTCSeconds() ? `:${two(date.getUTCSeconds())}` : ""}`;
};

const make = (space) => (tag, attributes = {}, ...children) => {
  const made = space ? document.createElementNS(space, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};
const html = make(null);
const svg = make("http://www.w3.org/2000/svg");

const dataOf = (id) => JSON.parse(document.getElementById(id).textContent);
const unpack = (packed) => {
  const bytes = Uint8Array.from(atob(packed.data), (sign) => sign.charCodeAt(0));
  return packed.type === "f4" ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer);
};
// The first place at which a growing array is not below a value.
const placeOf = (values, value) => {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
};

const valueSteps = (low, high, most) => {
  const rough = (high - low) / Math.max(most, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough * (1 - 1e-9));
  const lines = [];
  for (let count = Math.ceil(low / step - 1e-9); count * step <= high + step * 1e-9; count += 1) lines.push(count * step + 0);
  return { step, lines };
};

const MINUTE = 60;
const DAY = 86_400;
const SPANS = [1, 5, 15, 30, 60, 180, 360, 720].map((minutes) => minutes * MINUTE)
  .concat([1, 2, 7, 14].map((days) => days * DAY));
const MONTH_SPANS = [1, 2, 3, 6, 12, 24, 60, 120];
// Lines for times: at round minutes, hours, days, months or years, whatever leaves at most so many.
const timeSteps = (first, last, most) => {
  const rough = (last - first) / Math.max(most, 1);
  const span = SPANS.find((size) => size >= rough);
  const lines = [];
  if (span !== undefined) {
    for (let time = Math.ceil(first / span) * span; time <= last; time += span) {
      const date = new Date(time * 1000);
      const midnight = time % DAY === 0;
      const words = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
      lines.push({ time, text: span >= DAY || midnight ? words : clock(date) });
    }
    return lines;
  }
  const months = MONTH_SPANS.find((size) => size * 30 * DAY >= rough) ?? 240;
  const start = new Date(first * 1000);
  let month = Math.floor((start.getUTCFullYear() * 12 + start.getUTCMonth()) / months) * months;
  for (; ; month += months) {
    const [year, place] = [Math.floor(month / 12), month % 12];
    const time = Date.UTC(year, place, 1) / 1000;
    if (time > last) return lines;
    if (time >= first) lines.push({ time, text: place === 0 ? String(year) : MONTHS[place] });
  }
};
