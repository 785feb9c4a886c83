// The time slider, the hover texts and the axis labels of the interactive map. Plotly draws.
(function () {
  "use strict";
  const SVG_LIMIT = 10000; // without WebGL every point is a node of the page
  const map = document.getElementById("map");
  const page = JSON.parse(document.getElementById("figure").textContent);
  const slider = document.getElementById("slider");
  const play = document.getElementById("play");
  const bars = document.getElementById("bars");
  const readout = document.getElementById("readout");
  let timer = null;

  function decode(text, Kind) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Kind(bytes.buffer);
  }

  function hasWebGL() {
    const canvas = document.createElement("canvas");
    return Boolean(canvas.getContext("webgl"));
  }

  const webgl = hasWebGL();
  const total = page.groups.reduce((sum, group) => sum + group.count, 0);
  const stride = webgl ? 1 : Math.max(1, Math.ceil(total / SVG_LIMIT));

  const groups = page.groups.map((group) => ({
    trace: group.trace,
    seconds: decode(group.seconds, Float64Array),
    x: decode(group.x, Float32Array),
    y: decode(group.y, Float32Array),
    energy: decode(group.energy_fj, Float32Array),
    area: decode(group.area_km2, Float32Array),
    duration: decode(group.duration_ms, Float32Array),
  }));

  const angle = (value, plus, minus) =>
    Math.abs(Math.round(value * 100) / 100) + "°" + (value > 0 ? plus : value < 0 ? minus : "");
  const wrap = (lon) => ((((lon + 180) % 360) + 360) % 360) - 180;
  const east = (lon) => {
    const at = wrap(lon);
    return at === -180 ? "180°" : angle(at, "E", "W");
  };
  const north = (lat) => angle(lat, "N", "S");
  const amount = (value, unit) =>
    Number.isFinite(value) ? Number(value.toPrecision(4)).toLocaleString("en") + " " + unit : "not recorded";
  const clock = (seconds) =>
    new Date(page.start_ms + seconds * 1000).toISOString().replace("T", " ").replace("Z", " UTC");

  function hoverText(group, i) {
    return (
      clock(group.seconds[i]) + "<br>" + north(group.y[i]) + " " + east(group.x[i]) +
      "<br>energy " + amount(group.energy[i], "fJ") + "<br>area " + amount(group.area[i], "km²") +
      "<br>duration " + amount(group.duration[i], "ms")
    );
  }

  function chosen(group, from, to) {
    const shown = { x: [], y: [], text: [] };
    for (let i = 0; i < group.x.length; i += stride) {
      if (group.seconds[i] >= from && group.seconds[i] < to) {
        shown.x.push(group.x[i]);
        shown.y.push(group.y[i]);
        shown.text.push(hoverText(group, i));
      }
    }
    return shown;
  }

  function limits(step) {
    const last = page.bins.length;
    if (step === 0) return [-Infinity, Infinity];
    const from = step === 1 ? -Infinity : (step - 1) * page.bin_seconds;
    return [from, step === last ? Infinity : step * page.bin_seconds];
  }

  function show(step) {
    const parts = groups.map((group) => chosen(group, ...limits(step)));
    const count = step === 0 ? page.flashes : page.bins[step - 1].count;
    readout.innerHTML = "";
    const label = step === 0 ? page.window : page.bins[step - 1].label;
    const bold = readout.appendChild(document.createElement("b"));
    bold.textContent = label;
    const small = readout.appendChild(document.createElement("span"));
    small.textContent = count.toLocaleString("en") + " " + page.noun;
    slider.setAttribute("aria-valuetext", label);
    [...bars.children].forEach((bar, i) => bar.classList.toggle("on", step === 0 || i === step - 1));
    return Plotly.restyle(
      map,
      { x: parts.map((p) => p.x), y: parts.map((p) => p.y), text: parts.map((p) => p.text) },
      groups.map((group) => group.trace)
    );
  }

  function go(step) {
    slider.value = step;
    return show(step);
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "▶ Play";
  }

  function start() {
    play.textContent = "❚❚ Pause";
    timer = setInterval(() => go((Number(slider.value) % page.bins.length) + 1), 500);
  }

  function drawBars() {
    const most = Math.max(1, ...page.bins.map((bin) => bin.count));
    const wide = 100 / page.bins.length;
    page.bins.forEach((bin, i) => {
      const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      const high = bin.count === 0 ? 0 : Math.max(0.6, (20 * bin.count) / most);
      const place = { x: i * wide + wide * 0.08, y: 20 - high, width: wide * 0.84, height: high };
      Object.entries(place).forEach(([name, value]) => bar.setAttribute(name, String(value)));
      bar.addEventListener("click", () => go(i + 1));
      bars.appendChild(bar);
    });
  }

  function ticks(range, text) {
    const span = Math.abs(range[1] - range[0]);
    const step = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30].find((s) => span / s <= 9) || 30;
    const values = [];
    const first = Math.floor((range[0] - span) / step);
    for (let i = first; i * step <= range[1] + span; i += 1) values.push(Number((i * step).toFixed(2)));
    return [values, values.map(text)];
  }

  let labelled = "";
  function labelAxes() {
    const xRange = map.layout.xaxis.range.map(Number);
    const yRange = map.layout.yaxis.range.map(Number);
    const key = [xRange, yRange].toString();
    if (key === labelled) return;
    labelled = key;
    const [xValues, xText] = ticks(xRange, east);
    const [yValues, yText] = ticks(yRange, north);
    Plotly.relayout(map, {
      "xaxis.tickvals": xValues, "xaxis.ticktext": xText, "yaxis.tickvals": yValues, "yaxis.ticktext": yText,
    });
  }

  if (!webgl) {
    page.data.forEach((trace) => { if (trace.type === "scattergl") trace.type = "scatter"; });
    if (stride > 1) {
      document.getElementById("note").textContent +=
        " WebGL is off in this browser: one point in " + stride + " is drawn.";
    }
  }
  const config = {
    scrollZoom: true, responsive: true, displaylogo: false,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
  };
  Plotly.newPlot(map, page.data, page.layout, config).then(() => {
    slider.max = String(page.bins.length);
    drawBars();
    slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
    play.addEventListener("click", () => (timer === null ? start() : stop()));
    document.getElementById("whole").addEventListener("click", () => { stop(); go(0); });
    map.on("plotly_relayout", labelAxes);
    labelAxes();
    return show(0);
  }).then(() => document.body.setAttribute("data-ready", "yes"));
})();
