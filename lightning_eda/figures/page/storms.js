// The storm page: unpacks the columns, draws three layers (land, density, storms), follows time and a storm.
(async function () {
  "use strict";
  const FADE = 10, NEAR = 16, LABELLED = 20, TICK_MS = 100;
  const KINDS = { u1: Uint8Array, u2: Uint16Array, i2: Int16Array, u4: Uint32Array, f4: Float32Array };
  const SVG = "http://www.w3.org/2000/svg";
  const page = JSON.parse(document.getElementById("figure").textContent);
  const { size: SIZE, places: PLACES, nowhere: NOWHERE } = page;
  const el = (id) => document.getElementById(id);
  const map = el("map"), slider = el("slider"), list = el("list"), curve = el("curve");
  const layers = ["base", "density", "storms"].map((id) => el(id).getContext("2d"));
  let view, minute, whole = true, chosen = -1, timer = null, dirty = 0;
  let left = 0, top = 0, zoom = 1, ratio = 1;

  async function unpack(text, kind) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new KINDS[kind](await new Response(plain).arrayBuffer());
  }
  async function columns(packed, kinds) {
    const found = Object.entries(kinds).map(async ([name, kind]) => [name, await unpack(packed[name], kind)]);
    return Object.fromEntries(await Promise.all(found));
  }
  const rising = (values) => { for (let i = 1; i < values.length; i += 1) values[i] += values[i - 1]; return values; };
  const starts = (counts) => { const at = [0]; counts.forEach((count) => at.push(at[at.length - 1] + count)); return at; };
  const offMiddle = ([x, y]) => Math.hypot(x - SIZE / 2, y - SIZE / 2);
  const clock = (at) => new Date(view.start_ms + at * 60000).toISOString().slice(11, 16);
  const degrees = (tenths, plus, minus, digits) => `${(Math.abs(tenths) / 10).toFixed(digits)}°${tenths < 0 ? minus : plus}`;
  const place = (i, digits) => `${degrees(view.points.lat[i], "N", "S", digits)} ${degrees(view.points.lon[i], "E", "W", digits)}`;
  const make = (tag, text = "", more = {}) => Object.assign(document.createElement(tag), { textContent: text, ...more });
  const amount = (value, unit, digits = 0) =>
    Number.isFinite(value) && value !== null ? value.toLocaleString("en", { maximumFractionDigits: digits }) + unit : "–";

  async function open(raw) {
    const paths = Object.entries(raw.lines).map(async ([name, line]) => [name, path(await columns(line, { x: "u2", y: "u2" }))]);
    view = {
      ...raw,
      labels: raw.labels.sort((a, b) => offMiddle(a) - offMiddle(b)),
      paths: Object.fromEntries(await Promise.all(paths)),
      flashes: await columns(raw.flashes, { t: "u4", x: "u2", y: "u2" }),
      points: await columns(raw.points, {
        count: "u4", minute: "u2", x: "u2", y: "u2", next_x: "u2", next_y: "u2", lat: "i2", lon: "i2", rate: "f4",
        area: "f4", speed: "f4", heading: "f4",
      }),
      rates: await columns(raw.rates, { count: "u4", minute: "i2", flashes: "u4" }),
      density: raw.density && { ...raw.density, ...(await columns(raw.density, { count: "u4", cell: "u4", level: "u1" })) },
    };
    rising(view.flashes.t);
    view.points.at = starts(view.points.count);
    view.rates.at = starts(view.rates.count);
    if (view.density) {
      rising(view.density.cell);
      view.density.at = starts(view.density.count);
      view.density.tables = [scale(false), scale(true)];
    }
    [slider.min, slider.max] = view.span;
    slider.value = minute = Math.min(Math.max(minute ?? view.span[1], view.span[0]), view.span[1]);
    el("words").textContent = view.words;
    el("empty").hidden = view.storms.length > 0;
    el("empty").textContent = view.absence;
    fillList();
    drawBars();
    choose(-1);
    fit();
  }

  function path(line) {
    const drawn = new Path2D();
    let on = false;
    for (let i = 0; i < line.x.length; i += 1) {
      if (line.x[i] === NOWHERE) { on = false; continue; }
      drawn[on ? "lineTo" : "moveTo"](line.x[i] / PLACES, line.y[i] / PLACES);
      on = true;
    }
    return drawn;
  }

  // Colours of the levels of density, from one flash to the most there are, for steps or for the whole time.
  function scale(total) {
    const { level, at, faintest, per_doubling: doubling } = view.density;
    const last = at[at.length - 2];
    const most = level.subarray(total ? last : 0, total ? level.length : last).reduce((a, b) => Math.max(a, b), 1);
    const flashes = (step) => faintest * 2 ** ((step - 1) / doubling);
    const high = Math.max(10, flashes(most));
    const colors = page.colors.map((color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16)));
    const table = new Uint32Array(256);
    for (let step = 1; step < 256; step += 1) {
      const place = Math.min(1, Math.max(0, Math.log(flashes(step)) / Math.log(high))) * (colors.length - 1);
      const low = Math.min(Math.floor(place), colors.length - 2), part = place - low;
      const [r, g, b] = colors[low].map((value, i) => Math.round(value + part * (colors[low + 1][i] - value)));
      table[step] = ((flashes(step) < 1 ? 190 : 240) << 24) | (b << 16) | (g << 8) | r;
    }
    return { table, high };
  }

  function showScale() {
    el("scale").hidden = !view.density;
    if (!view.density) return;
    const { high } = view.density.tables[Number(whole)];
    const side = 2 * view.density.side;
    el("scale").firstElementChild.textContent = "Flashes that touched a cell of 2 km, " +
      (side > 2 ? `mean of blocks of ${side} km, ` : "") + (whole ? "whole time" : `in ${page.step} minutes`);
    el("ramp").style.background = `linear-gradient(90deg, ${page.colors.join()})`;
    const ticks = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].filter((tick) => tick <= high);
    const shown = ticks.length > 6 ? ticks.filter((tick) => Number.isInteger(Math.log10(tick))) : ticks;
    el("ticks").replaceChildren(...shown.map((tick) => {
      const mark = make("span", tick);
      mark.style.left = `${(100 * Math.log(tick)) / Math.log(high)}%`;
      return mark;
    }));
  }

  function redraw(first) { // 0: all layers; 1: what changes with time
    if (!dirty) requestAnimationFrame(draw);
    dirty = Math.max(dirty, 2 - first);
  }
  function draw() {
    if (dirty === 2) drawBase();
    drawDensity();
    drawStorms();
    dirty = 0;
  }
  function cleared(layer) {
    layer.setTransform(1, 0, 0, 1, 0, 0);
    layer.clearRect(0, 0, layer.canvas.width, layer.canvas.height);
    return layer;
  }
  const sx = (x) => (x - left) * zoom, sy = (y) => (y - top) * zoom;

  function drawBase() {
    const base = cleared(layers[0]);
    base.setTransform(zoom, 0, 0, zoom, -left * zoom, -top * zoom);
    base.fillStyle = "#0b131c"; base.fill(view.paths.rim);
    base.fillStyle = "#1f2932"; base.fill(view.paths.land, "evenodd");
    [["grid", "#2c3d4d"], ["borders", "#54606c"], ["coasts", "#7d8c9b"]].forEach(([name, color]) => {
      base.strokeStyle = color; base.lineWidth = ratio / zoom; base.stroke(view.paths[name]);
    });
    base.setTransform(1, 0, 0, 1, 0, 0);
    base.fillStyle = "#8797a6"; base.font = `${11 * ratio}px system-ui, sans-serif`;
    if (zoom <= 0.3 * ratio) return;
    const taken = [];
    view.labels.forEach(([x, y, text]) => {
      const place = [sx(x) + 3 * ratio, sy(y) - 3 * ratio];
      if (isFree(base, taken, text, ...place)) base.fillText(text, ...place);
    });
  }

  function drawDensity() {
    const layer = cleared(layers[1]), density = view.density;
    if (!density) return;
    const { width, height } = layer.canvas, size = density.side * zoom;
    const step = whole ? density.count.length - 1 : Math.ceil(minute / page.step) - 1;
    if (step < 0 || (!whole && step > density.count.length - 2)) return;
    const levels = new Uint8Array(width * height);
    for (let i = density.at[step]; i < density.at[step + 1]; i += 1) {
      const row = Math.floor(density.cell[i] / density.wide);
      const x = sx((density.cell[i] - row * density.wide) * density.side), y = sy(row * density.side);
      if (x + size < 0 || y + size < 0 || x >= width || y >= height) continue;
      const x0 = Math.max(0, Math.floor(x)), x1 = Math.min(width, Math.max(x0 + 1, Math.floor(x + size)));
      const y1 = Math.min(height, Math.max(Math.floor(y) + 1, Math.floor(y + size)));
      for (let at = Math.max(0, Math.floor(y)); at < y1; at += 1) {
        for (let to = at * width + x0; to < at * width + x1; to += 1) if (levels[to] < density.level[i]) levels[to] = density.level[i];
      }
    }
    const image = layer.createImageData(width, height), colors = new Uint32Array(image.data.buffer);
    const { table } = density.tables[Number(whole)];
    for (let i = 0; i < levels.length; i += 1) if (levels[i]) colors[i] = table[levels[i]];
    layer.putImageData(image, 0, 0);
  }

  const fix = (i, x = view.points.x, y = view.points.y) => [sx(x[i] / PLACES), sy(y[i] / PLACES)];
  function current(storm) { // its last frame by now, or -1 when it is not there
    const { at, minute: minutes } = view.points;
    let i = at[storm + 1] - 1;
    if (i < at[storm] || (!whole && minute >= minutes[i] + page.step)) return -1;
    if (whole) return i;
    while (i >= at[storm] && minutes[i] > minute) i -= 1;
    return i < at[storm] ? -1 : i;
  }

  function drawStorms() {
    const layer = cleared(layers[2]);
    layer.lineJoin = "round";
    layer.font = `600 ${12 * ratio}px system-ui, sans-serif`;
    for (let storm = view.storms.length - 1; storm >= 0; storm -= 1) if (storm !== chosen) drawStorm(layer, storm);
    if (!whole) drawFlashes(layer);
    if (chosen >= 0) drawStorm(layer, chosen);
    drawLabels(layer);
  }

  function drawStorm(layer, storm) {
    const { at, area, next_x: nextX, next_y: nextY } = view.points, now = current(storm), mine = storm === chosen;
    const last = mine ? at[storm + 1] - 1 : now;
    if (last < 0 || last < at[storm]) return;
    layer.beginPath();
    for (let i = at[storm]; i <= last; i += 1) if (view.points.x[i] !== NOWHERE) layer.lineTo(...fix(i));
    stroke(layer, mine ? 3.5 : 1.4, mine ? "#ffffff" : "#dfe8f2");
    if (now < 0 || view.points.x[now] === NOWHERE) return;
    const [x, y] = fix(now);
    if (!whole || mine) {
      const radius = Math.max(5 * ratio, (Math.sqrt(area[now] / Math.PI) / 2) * zoom);
      layer.beginPath(); layer.arc(x, y, radius, 0, 7);
      stroke(layer, mine ? 3 : 1.4, "#ffffff");
      if (nextX[now] !== NOWHERE && !whole) {
        layer.beginPath(); layer.moveTo(x, y); layer.lineTo(...fix(now, nextX, nextY));
        layer.setLineDash([5 * ratio, 4 * ratio]); stroke(layer, mine ? 2.5 : 1.2, "#9fd0ff"); layer.setLineDash([]);
      }
    }
    view.storms[storm].jumps.forEach(([when, , , column, row]) => {
      if (whole || (when <= minute && minute - when < 30)) triangle(layer, sx(column), sy(row));
    });
  }
  function stroke(layer, wide, color) {
    layer.lineWidth = (wide + 2) * ratio; layer.strokeStyle = "#060b10b0"; layer.stroke();
    layer.lineWidth = wide * ratio; layer.strokeStyle = color; layer.stroke();
  }
  function triangle(layer, x, y) {
    const r = (whole && zoom < ratio ? 4.5 : 7) * ratio;
    layer.beginPath(); layer.moveTo(x, y - r); layer.lineTo(x + r, y + r * 0.7); layer.lineTo(x - r, y + r * 0.7); layer.closePath();
    layer.fillStyle = "#ffffff"; layer.strokeStyle = "#000000"; layer.lineWidth = 1.5 * ratio; layer.fill(); layer.stroke();
  }
  function isFree(layer, taken, text, x, y) { // whether a text hides none that was drawn before it
    const wide = layer.measureText(text).width;
    if (taken.some(([a, b, w]) => x < a + w && a < x + wide && Math.abs(y - b) < 11 * ratio)) return false;
    return taken.push([x, y, wide]);
  }
  function drawLabels(layer) { // the larger a storm, the sooner it gets its number
    const taken = [];
    [chosen, ...view.storms.keys()].slice(0, LABELLED + 1).forEach((storm) => {
      const now = storm < 0 ? -1 : current(storm), text = `${storm + 1}`;
      if (now < 0 || view.points.x[now] === NOWHERE) return;
      const [x, y] = fix(now).map((at, axis) => at + (axis ? -7 : 7) * ratio);
      if (!isFree(layer, taken, text, x, y)) return;
      layer.lineWidth = 3 * ratio; layer.strokeStyle = "#060b10"; layer.strokeText(text, x, y);
      layer.fillStyle = "#ffffff"; layer.fillText(text, x, y);
    });
  }
  function drawFlashes(layer) {
    const { t, x, y } = view.flashes;
    for (let i = before(t, (minute - FADE) * 600); i < t.length && t[i] < minute * 600; i += 1) {
      const age = Math.floor(minute - t[i] / 600), size = (age < 1 ? 5 : 3) * ratio * Math.min(1.3, Math.max(0.7, zoom / ratio));
      layer.fillStyle = age < 1 ? "#ffffff" : `rgba(255,255,255,${0.75 - 0.07 * age})`;
      layer.fillRect(sx(x[i] / PLACES) - size / 2, sy(y[i] / PLACES) - size / 2, size, size);
    }
  }
  function before(values, limit) {
    let low = 0, high = values.length;
    while (low < high) { const middle = (low + high) >> 1; if (values[middle] < limit) low = middle + 1; else high = middle; }
    return low;
  }

  function resize() {
    ratio = window.devicePixelRatio || 1;
    layers.forEach(({ canvas }) => { canvas.width = map.clientWidth * ratio; canvas.height = map.clientHeight * ratio; });
  }
  function fit() { // all flashes with a margin; the whole Earth without any
    const ends = (places) => (places.length
      ? [Math.min, Math.max].map((end) => places.reduce((a, b) => end(a, b)) / PLACES) : [0, SIZE]);
    resize();
    const { width, height } = layers[0].canvas, [x0, x1] = ends(view.flashes.x), [y0, y1] = ends(view.flashes.y);
    zoom = 0.92 * Math.min(width / Math.max(x1 - x0, 100), height / Math.max(y1 - y0, 100));
    centre((x0 + x1) / 2, (y0 + y1) / 2);
  }
  function centre(x, y) {
    left = x - layers[0].canvas.width / zoom / 2;
    top = y - layers[0].canvas.height / zoom / 2;
    redraw(0);
  }
  function scaleBy(factor, x = layers[0].canvas.width / 2, y = layers[0].canvas.height / 2) {
    const wanted = Math.min(40 * ratio, Math.max(0.08, zoom * factor));
    left += x / zoom - x / wanted; top += y / zoom - y / wanted; zoom = wanted;
    redraw(0);
  }
  function move(dx, dy) { left += dx / zoom; top += dy / zoom; redraw(0); }

  function follow() {
    const now = chosen < 0 ? -1 : current(chosen);
    if (now < 0 || view.points.x[now] === NOWHERE) redraw(1); else centre(view.points.x[now] / PLACES, view.points.y[now] / PLACES);
  }
  function go(at) {
    minute = Math.min(Math.max(at, view.span[0]), view.span[1]);
    slider.value = minute; whole = false;
    show(); follow();
  }
  function show() {
    const { t } = view.flashes;
    const [from, to] = whole ? view.span : [Math.max(view.span[0], minute - FADE), minute];
    const text = whole ? `${clock(from)} to ${to === 1440 ? "24:00" : clock(to)} UTC` : `${clock(minute)} UTC`;
    const count = whole ? t.length : before(t, to * 600) - before(t, from * 600);
    const flashes = `${count.toLocaleString("en")} flashes${whole ? "" : ` in ${to - from} minutes`}`;
    el("readout").replaceChildren(make("b", text), make("span", flashes));
    slider.setAttribute("aria-valuetext", text);
    el("whole").setAttribute("aria-pressed", String(whole));
    [...list.children].forEach((item, storm) => item.firstChild.classList.toggle("off", !whole && current(storm) < 0));
    showScale();
    tell(); drawCurve();
  }

  function choose(storm, near = false) {
    list.children[chosen]?.firstChild.setAttribute("aria-pressed", "false");
    chosen = storm;
    const item = list.children[storm]?.firstChild;
    item?.setAttribute("aria-pressed", "true");
    if (near) item?.scrollIntoView({ block: "nearest" });
    show();
    if (storm >= 0 && !whole && current(storm) < 0) go(view.points.minute[view.points.at[storm]]);
    if (storm >= 0 && zoom < 0.8 * ratio) zoom = 0.8 * ratio;
    follow();
  }
  function fillList() {
    list.replaceChildren(...view.storms.map((storm, number) => {
      const item = make("li"), button = item.appendChild(make("button", "", { type: "button" }));
      const texts = [`${number + 1}`, `${amount(storm.flashes, "")} flashes, ${storm.born.slice(11)} to ${storm.last}`,
        place(view.points.at[number], 0), storm.jumps.length ? `▲ ${storm.jumps.length}` : ""];
      button.append(...texts.map((text) => make("span", text)));
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => choose(chosen === number ? -1 : number));
      return item;
    }));
  }
  function tell() {
    const box = el("storm"), storm = view.storms[chosen];
    curve.toggleAttribute("hidden", !storm || !view.rates.count[chosen]);
    if (!storm) { box.textContent = view.storms.length ? "Choose a storm in the list or on the map." : ""; return; }
    const line = (words, more) => make("p", words, more);
    const link = (words, [name, place]) => {
      const button = make("button", place < 0 ? name : `storm ${place + 1}`, { type: "button", disabled: place < 0 });
      button.addEventListener("click", () => choose(place, true));
      const row = line(`${words} `);
      row.append(button);
      return row;
    };
    const way = (speed, heading) => (!Number.isFinite(speed) ? "motion not known yet"
      : speed < 0.5 ? "not moving" : `${amount(speed, " km/h")} to ${amount(heading, "°")}`);
    const now = current(chosen), { rate, area, speed, heading } = view.points;
    const live = whole ? `Most ${amount(storm.peak, " flashes a minute", 1)}, ${amount(storm.area, " km²")}; ${way(storm.speed, storm.heading)}`
      : now < 0 ? "Not there at this time."
      : `Now at ${place(now, 1)}, ${amount(rate[now], " flashes a minute", 1)}, ${amount(area[now], " km²")}; ${way(speed[now], heading[now])}`;
    const rows = [make("b", `Storm ${chosen + 1}`), line(storm.name, { className: "mono" }), line(`${amount(storm.flashes, "")} flashes, ${storm.born} to ${storm.last} UTC`), line(live)];
    if (storm.error !== null) rows.push(line(`Forecasts of 30 minutes were ${amount(storm.error, " km")} off`));
    if (storm.parent) rows.push(link("Split from", storm.parent));
    if (storm.merged) rows.push(link("Merged into", storm.merged));
    rows.push(line(storm.jumps.length ? "Jumps, UTC: " + storm.jumps.map(([when, sigma]) => `${clock(when)} (${sigma} σ)`).join(", ") : "No jump"));
    box.replaceChildren(...rows);
  }

  function shape(kind, at, parent = curve) {
    const node = parent.appendChild(document.createElementNS(SVG, kind));
    Object.entries(at).forEach(([name, value]) => node.setAttribute(name, String(value)));
    return node;
  }
  const span = () => {
    const { at, minute: minutes } = view.rates, ends = [minutes[at[chosen]], minutes[at[chosen + 1] - 1] + 2];
    return Number.isFinite(ends[1]) ? ends : [0, 2];
  };
  function drawCurve() { // flashes per minute of the chosen storm, its jumps, and now
    curve.replaceChildren();
    if (chosen < 0) return;
    const wide = curve.clientWidth || 300, high = 150, [from, to] = span(), { at, minute: minutes, flashes } = view.rates;
    const own = [...flashes.subarray(at[chosen], at[chosen + 1])].map((count) => count / 2);
    const most = Math.max(1, ...own), x = (when) => 34 + ((wide - 44) * (when - from)) / (to - from), y = (rate) => high - 22 - ((high - 44) * rate) / most;
    const steps = own.map((rate, i) => { const a = minutes[at[chosen] + i]; return `L${x(a)} ${y(rate)}L${x(a + 2)} ${y(rate)}`; });
    shape("path", { d: `M${x(from)} ${y(0)}${steps.join("")}L${x(to)} ${y(0)}Z`, fill: "#33597f", stroke: "#9fd0ff", "stroke-width": 1.5 });
    const text = (words, px, py, anchor) => {
      shape("text", { x: px, y: py, fill: "#a3b0bf", "font-size": 11, "text-anchor": anchor }).textContent = words;
    };
    text(amount(most, "", 1), 30, y(most) + 4, "end"); text("0", 30, y(0) + 4, "end");
    text("Flashes a minute, by two minutes; UTC", 34, 11, "start");
    text(clock(from), x(from), high - 6, "start"); text(clock(to), x(to), high - 6, "end");
    if (!whole && minute >= from && minute <= to) shape("path", { d: `M${x(minute)} 18V${high - 20}`, stroke: "#ffffff", "stroke-dasharray": "3 3" });
    view.storms[chosen].jumps.forEach(([when, sigma, rate]) => {
      const px = x(when + 1), py = y(rate) - 5;
      shape("path", { d: `M${px} ${py - 9}l6 10h-12Z`, fill: "#ffffff", stroke: "#000", class: "jump" });
      shape("title", {}, curve.lastChild).textContent = `Jump at ${clock(when)} UTC: ${sigma} σ, ${amount(rate, " a minute", 1)}`;
    });
    curve.setAttribute("viewBox", `0 0 ${wide} ${high}`);
    curve.setAttribute("aria-label", `Flashes a minute of storm ${chosen + 1}, at most ${amount(most, "", 1)}`);
  }
  function drawBars() {
    const [from, to] = view.span, counts = [], { t } = view.flashes;
    for (let at = from; at < to; at += page.step) counts.push(before(t, (at + page.step) * 600) - before(t, at * 600));
    const most = Math.max(1, ...counts), wide = 100 / counts.length;
    const bars = counts.map((count, i) => `M${i * wide} 20v${(-20 * count) / most}h${0.85 * wide}V20Z`);
    el("bars").firstElementChild.setAttribute("d", bars.join(""));
  }

  function stop() { clearInterval(timer); timer = null; el("play").textContent = "▶ Play"; }
  function play() {
    el("play").textContent = "❚❚ Pause";
    if (whole || minute >= view.span[1]) go(view.span[0]);
    timer = setInterval(() => (minute < view.span[1] ? go(minute + 1) : stop()), TICK_MS);
  }
  function all() { stop(); whole = true; show(); redraw(1); }
  function pick(x, y) { // the storm nearest to a click
    let best = -1, least = NEAR * ratio;
    const { at } = view.points;
    view.storms.forEach((_, storm) => {
      const now = current(storm);
      if (now < 0) return;
      for (let i = whole ? at[storm] : now; i <= now; i += 1) {
        const [px, py] = fix(i), far = Math.hypot(px - x, py - y);
        if (far < least) { best = storm; least = far; }
      }
    });
    choose(best, true);
  }
  const KEYS = {
    "+": () => scaleBy(1.4), "=": () => scaleBy(1.4), "-": () => scaleBy(1 / 1.4), 0: () => { choose(-1); fit(); },
    ArrowLeft: () => move(-60, 0), ArrowRight: () => move(60, 0), ArrowUp: () => move(0, -60), ArrowDown: () => move(0, 60),
  };
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && chosen >= 0) choose(-1); });
  map.addEventListener("keydown", (event) => {
    if (event.target === map && KEYS[event.key] && !event.ctrlKey && !event.metaKey) { KEYS[event.key](); event.preventDefault(); }
  });
  const onMap = (event) => {
    const box = map.getBoundingClientRect();
    return [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
  };
  map.addEventListener("wheel", (event) => {
    scaleBy(Math.exp(-event.deltaY / 400), ...onMap(event));
    event.preventDefault();
  }, { passive: false });
  let held = null;
  map.addEventListener("pointerdown", (event) => {
    if (event.target.closest("#zoom")) return;
    held = [event.clientX, event.clientY, 0];
    map.setPointerCapture(event.pointerId);
  });
  map.addEventListener("pointermove", (event) => {
    if (!held) return;
    const dx = event.clientX - held[0], dy = event.clientY - held[1];
    held = [event.clientX, event.clientY, held[2] + Math.abs(dx) + Math.abs(dy)];
    move(-dx * ratio, -dy * ratio);
  });
  map.addEventListener("pointerup", (event) => {
    const still = held && held[2] < 4;
    held = null;
    if (still) pick(...onMap(event));
  });
  el("zoom").addEventListener("click", (event) => KEYS[event.target.dataset.key]?.());
  curve.addEventListener("click", (event) => {
    const box = curve.getBoundingClientRect(), [from, to] = span();
    stop(); go(Math.round(from + ((to - from) * (event.clientX - box.left - 34)) / (box.width - 44)));
  });
  slider.addEventListener("input", () => { stop(); go(Number(slider.value)); });
  el("play").addEventListener("click", () => (timer === null ? play() : stop()));
  el("whole").addEventListener("click", all);
  new ResizeObserver(() => { if (view) { resize(); redraw(0); drawCurve(); } }).observe(map);
  const satellite = el("satellite");
  page.views.forEach((one, i) => satellite.add(new Option(one.name, i)));
  satellite.hidden = page.views.length < 2;
  satellite.addEventListener("change", () => { stop(); open(page.views[satellite.value]); });
  await open(page.views[0]);
  document.body.setAttribute("data-ready", "yes");
})();
