"use strict";
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 640px)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const drawn = new Set();

  // A figure names the page's colours ("ink", "surface"); here they become those of the theme.
  const painted = (value) => {
    if (Array.isArray(value)) return value;
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, painted(inner)]));
    }
    return value === "ink" || value === "surface" ? colour(value) : value;
  };

  const themed = (layout) => {
    const axis = { gridcolor: colour("line"), linecolor: colour("line"), zerolinecolor: colour("soft") };
    const result = {
      ...layout,
      autosize: true,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      dragmode: narrow.matches ? false : "zoom",
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("soft"), activecolor: colour("ink") },
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("ink") },
      hoverlabel: { bgcolor: colour("surface"), bordercolor: colour("line"), font: { color: colour("ink") }, namelength: -1 },
    };
    for (const name of Object.keys(layout)) {
      if (/^[xy]axis/.test(name)) result[name] = { ...axis, ...layout[name] };
    }
    if (narrow.matches) {
      result.margin = { ...layout.margin, l: 46, r: 6 };
      result.height = Math.round(layout.height * 0.85);
      for (const name of Object.keys(result)) if (/^yaxis/.test(name)) delete result[name].title;
    }
    return result;
  };

  // On a narrow screen a finger scrolls the page; there is no room for buttons and no zoom by dragging.
  const options = () => ({
    responsive: true,
    displaylogo: false,
    displayModeBar: narrow.matches ? false : "hover",
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
  });

  const draw = (place) => {
    const figure = JSON.parse(document.getElementById(place.dataset.figure).textContent);
    const money = place.dataset.unit === "money";
    const data = figure.data.map((trace) => {
      const result = painted(trace);
      if (trace.meta && trace.meta.money) {
        result.y = money ? trace.meta.money : trace.meta.growth;
        result.hovertemplate = money ? "%{y:,.2f}" : "%{y:.2%}";
      }
      return result;
    });
    const layout = themed(figure.layout);
    if (money) {
      const title = narrow.matches ? undefined : { text: figure.layout.meta.currency };
      layout.yaxis = { ...layout.yaxis, tickformat: ",~s", title };
    }
    Plotly.react(place, data, layout, options());
    drawn.add(place);
  };

  // One chart at a time, so that the page answers while they are drawn; a folded one when it is opened.
  const waiting = [...document.querySelectorAll(".plot")].filter((place) => !place.closest("details:not([open])"));
  const drawNext = () => {
    const place = waiting.shift();
    if (place === undefined) return;
    if (!drawn.has(place)) draw(place);
    setTimeout(drawNext);
  };
  setTimeout(drawNext);
  document.querySelectorAll("details").forEach((folder) => folder.addEventListener("toggle", () => {
    if (folder.open) folder.querySelectorAll(".plot").forEach((place) => drawn.has(place) || draw(place));
  }));
  for (const query of [dark, narrow]) query.addEventListener("change", () => drawn.forEach(draw));

  document.querySelectorAll(".choice input").forEach((input) => {
    input.addEventListener("change", () => {
      const place = document.getElementById("equity");
      place.dataset.unit = input.value;
      if (drawn.has(place)) draw(place);
    });
  });

  const key = (cell) => {
    const value = cell.dataset.value ?? cell.textContent;
    return value !== "" && !Number.isNaN(Number(value)) ? Number(value) : value;
  };
  document.querySelectorAll("table.sortable").forEach((table) => {
    table.querySelectorAll("thead th").forEach((heading, column) => {
      heading.querySelector("button").addEventListener("click", () => {
        const down = heading.getAttribute("aria-sort") === "descending";
        table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", down ? "ascending" : "descending");
        const body = table.tBodies[0];
        const rows = [...body.rows].map((row) => [key(row.cells[column]), row]);
        rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (down ? 1 : -1));
        body.append(...rows.map(([, row]) => row));
      });
    });
  });
})();
