"use strict";
// Draw what the page holds: charts when they come into sight, again when the page's width changes.

const charts = [];
const drawChart = (place) => {
  if (place.dataset.drawn) return;
  place.dataset.drawn = "yes";
  const figure = dataOf(place.dataset.figure);
  if (figure.views) {
    const inputs = [...document.querySelectorAll(`input[name="${place.id}-view"]`)];
    const chart = new TimeChart(place, { ...figure, ...figure.views[inputs.find((input) => input.checked).value] });
    inputs.forEach((input) =>
      input.addEventListener("change", () => chart.view({ ...figure, ...figure.views[input.value] })));
    charts.push(chart);
  } else charts.push(figure.kind === "bins" ? new BinChart(place, figure) : new TimeChart(place, figure));
};
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) drawChart(entry.target);
}, { rootMargin: "600px" });
const places = [...document.querySelectorAll(".plot[data-figure]")];
places.forEach((place) => watcher.observe(place));

const section = document.getElementById("trades");
const view = section?.querySelector("tbody") ? new TradeView(section) : null;

const redraw = () => {
  charts.forEach((chart) => chart.draw());
  view?.chart?.draw();
};
let waiting = 0;
addEventListener("resize", () => {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(redraw);
});
// Paper has another width than the screen, and everything must be on it.
const printing = (width) => {
  places.forEach(drawChart);
  document.body.style.width = width;
  redraw();
};
addEventListener("beforeprint", () => printing("720px"));
addEventListener("afterprint", () => printing(""));
