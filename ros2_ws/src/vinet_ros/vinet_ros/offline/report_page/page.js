/* Copyright 2026 the vinet_ros maintainers
   SPDX-License-Identifier: Apache-2.0 */
"use strict";
// Everything that comes from the recording is put in as text or numbers, never as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const LEVELS = ["OK", "WARN", "ERROR", "STALE"];
  const LEVEL_COLORS = ["--ok", "--warn", "--error", "--stale"];
  const LEVEL_HEIGHTS = [0.4, 0.7, 1, 0.55];
  const LEFT = 46, RIGHT = 10, TOP = 8, BOTTOM = 20;
  const end = Math.max(data.duration, 0.001);
  const video = $("video"), seek = $("seek"), tip = $("tip");
  let now = 0, windowed = 0, playing = false, last = null, speed = 1;
  const plots = [];

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const make = (tag, text, attributes = {}) => {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = text;
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const clock = (t, digits = 1) => {
    const whole = Math.max(0, t), h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60;
    const s = (Math.floor((whole % 60) * 10 ** digits) / 10 ** digits).toFixed(digits);
    const seconds = s.padStart(digits ? digits + 3 : 2, "0");
    return h ? `${h}:${String(m).padStart(2, "0")}:${seconds}` : `${m}:${seconds}`;
  };
  const shown = (value, digits, unit = "") => value === null || value === undefined ? "–" : value.toFixed(digits).replace(/^-(?=0(\.0*)?$)/, "") + unit;

  // The last index whose time is not after t, -1 where there is none.
  const indexAt = (times, t) => {
    let low = 0, high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] <= t) low = middle + 1; else high = middle;
    }
    return low - 1;
  };
  const visible = () => {
    if (!windowed || windowed >= end) return [0, end];
    const start = Math.min(Math.max(now - windowed / 2, 0), end - windowed);
    return [start, start + windowed];
  };
  const niceStep = (span, count) => {
    const raw = span / count, power = 10 ** Math.floor(Math.log10(raw));
    return power * [1, 2, 5, 10].find((k) => k * power >= raw);
  };
  const timeStep = (span, count) => [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400].find((s) => s >= span / count) || 86400;

  class Plot {
    constructor(box, label) {
      this.box = box;
      this.still = document.createElement("canvas");
      this.moving = document.createElement("canvas");
      box.append(this.still, this.moving);
      for (const [key, value] of Object.entries({ role: "slider", tabindex: "0", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": end.toFixed(2) })) box.setAttribute(key, value);
      this.left = LEFT; this.right = RIGHT;
      box.addEventListener("pointerdown", (e) => { this.drag = true; box.setPointerCapture(e.pointerId); go(this.timeAt(e)); });
      box.addEventListener("pointermove", (e) => { if (this.drag) go(this.timeAt(e)); this.hover(e); });
      for (const kind of ["pointerup", "pointercancel"]) box.addEventListener(kind, (e) => { this.drag = false; if (e.pointerType !== "mouse") tip.hidden = true; });
      box.addEventListener("pointerleave", () => { tip.hidden = true; });
      box.addEventListener("keydown", keyed);
      plots.push(this);
    }
    timeAt(e) {
      const rect = this.box.getBoundingClientRect(), [a, b] = visible();
      const share = (e.clientX - rect.left - this.left) / (rect.width - this.left - this.right);
      return a + Math.min(Math.max(share, 0), 1) * (b - a);
    }
    x(t) { const [a, b] = visible(); return this.left + ((t - a) / (b - a)) * (this.width - this.left - this.right); }
    begin(canvas) {
      const ratio = window.devicePixelRatio || 1;
      this.width = this.box.clientWidth; this.height = this.box.clientHeight;
      canvas.width = Math.round(this.width * ratio); canvas.height = Math.round(this.height * ratio);
      const pen = canvas.getContext("2d");
      pen.scale(ratio, ratio);
      pen.font = "11px system-ui, sans-serif";
      return pen;
    }
    drawCursor() {
      const pen = this.begin(this.moving), x = Math.round(this.x(now)) + 0.5;
      if (x < this.left - 1 || x > this.width - this.right + 1) return;
      pen.strokeStyle = color("--cursor");
      pen.lineWidth = 1.5;
      pen.beginPath(); pen.moveTo(x, 0); pen.lineTo(x, this.height - (this.bottom || 0)); pen.stroke();
      this.mark(pen);
      this.box.setAttribute("aria-valuenow", now.toFixed(2));
      this.box.setAttribute("aria-valuetext", `${clock(now)}: ${this.text(now)}`);
    }
    mark() {}
    hover(e) {
      const t = this.timeAt(e);
      tip.textContent = `${clock(t, 2)}\n${this.text(t)}`;
      tip.hidden = false;
      const size = tip.getBoundingClientRect();
      tip.style.left = `${Math.max(4, Math.min(e.clientX + 14, innerWidth - size.width - 8))}px`;
      tip.style.top = `${Math.max(4, e.clientY - size.height - 12)}px`;
    }
  }

  class Lines extends Plot {
    // series: {name, color, times, values, dots, dash}; options: {unit, digits, zero}
    constructor(box, label, series, options) {
      super(box, label);
      this.series = series; this.options = options; this.bottom = BOTTOM;
      const all = series.flatMap((s) => s.values).filter((v) => v !== null);
      let low = all.reduce((a, b) => Math.min(a, b), options.zero ? 0 : Infinity), high = all.reduce((a, b) => Math.max(a, b), -Infinity);
      if (!(high > low)) { low -= 1; high = low + 2; }
      const step = niceStep(high - low, 4);
      this.low = Math.floor(low / step) * step; this.high = Math.ceil(high / step) * step; this.step = step;
    }
    y(v) { return TOP + ((this.high - v) / (this.high - this.low)) * (this.height - TOP - BOTTOM); }
    draw() {
      const pen = this.begin(this.still), [a, b] = visible(), right = this.width - RIGHT;
      const digits = Math.max(0, -Math.floor(Math.log10(this.step) + 1e-9));
      pen.strokeStyle = color("--grid"); pen.fillStyle = color("--muted"); pen.lineWidth = 1;
      pen.textAlign = "right"; pen.textBaseline = "middle";
      for (let v = this.low; v <= this.high + this.step / 2; v += this.step) {
        const y = Math.round(this.y(v)) + 0.5;
        pen.beginPath(); pen.moveTo(LEFT, y); pen.lineTo(right, y); pen.stroke();
        pen.fillText((Math.abs(v) < this.step / 1e6 ? 0 : v).toFixed(digits).replace("-", "−"), LEFT - 7, y);
      }
      pen.textAlign = "center"; pen.textBaseline = "alphabetic";
      const every = timeStep(b - a, Math.max(2, (right - LEFT) / 78));
      for (let k = Math.ceil(a / every - 1e-9); k * every <= b + 1e-9; k++) {
        const x = this.x(k * every);
        pen.beginPath(); pen.moveTo(Math.round(x) + 0.5, this.height - BOTTOM); pen.lineTo(Math.round(x) + 0.5, this.height - BOTTOM + 4); pen.stroke();
        pen.fillText(clock(k * every, every < 1 ? 1 : 0), Math.min(x, right - 12), this.height - 5);
      }
      pen.save();
      pen.beginPath(); pen.rect(LEFT, 0, right - LEFT, this.height - BOTTOM + 1); pen.clip();
      for (const s of this.series) this.drawSeries(pen, s, a, b);
      pen.restore();
    }
    drawSeries(pen, s, a, b) {
      const from = Math.max(0, indexAt(s.times, a)), to = Math.min(s.times.length - 1, indexAt(s.times, b) + 1);
      pen.strokeStyle = pen.fillStyle = color(s.color);
      if (s.dots) {
        const size = to - from > 2000 ? 1.5 : 3;
        for (let i = from; i <= to; i++) if (s.values[i] !== null) pen.fillRect(this.x(s.times[i]) - size / 2, this.y(s.values[i]) - size / 2, size, size);
        return;
      }
      pen.lineWidth = 1.8; pen.lineJoin = "round"; pen.setLineDash(s.dash ? [5, 3] : []);
      pen.beginPath();
      let before = null, column = null, low = 0, high = 0;
      const dense = to - from > 2 * this.width;
      for (let i = from; i <= to; i++) {
        const t = s.times[i], v = s.values[i];
        if (v === null) { before = null; continue; }
        const x = this.x(t), y = this.y(v);
        if (before === null || t - before > s.gap) pen.moveTo(x, y);
        else if (dense && Math.round(x) === column) {
          if (y < low) { low = y; pen.lineTo(x, y); }
          if (y > high) { high = y; pen.lineTo(x, y); }
        } else pen.lineTo(x, y);
        if (Math.round(x) !== column) { column = Math.round(x); low = high = y; }
        before = t;
      }
      pen.stroke(); pen.setLineDash([]);
      if (to - from < 2) for (let i = from; i <= to; i++) if (s.values[i] !== null) pen.fillRect(this.x(s.times[i]) - 2, this.y(s.values[i]) - 2, 4, 4);
    }
    valueAt(s, t) {
      const i = indexAt(s.times, t + 1e-6);
      return i < 0 || t - s.times[i] > Math.max(s.gap, 0.2) ? null : s.values[i];
    }
    mark(pen) {
      for (const s of this.series) {
        const v = this.valueAt(s, now);
        if (v === null) continue;
        pen.fillStyle = color(s.color); pen.strokeStyle = color("--card"); pen.lineWidth = 2;
        pen.beginPath(); pen.arc(this.x(now), this.y(v), 4.5, 0, 7); pen.fill(); pen.stroke();
      }
    }
    text(t) { return this.series.map((s) => `${s.name} ${shown(this.valueAt(s, t), this.options.digits, this.options.unit)}`).join("\n"); }
  }

  class Bands extends Plot {
    constructor(box, track, said) {
      super(box, `Status ${track.name}`);
      this.track = track; this.said = said; this.left = this.right = 0;
      this.times = track.said.map((s) => s[0]);
    }
    at(t) {
      if (this.track.gaps.some(([a, b]) => t > a && t < b)) return null;
      const i = indexAt(this.times, t + 1e-6);
      return i < 0 ? null : this.track.said[i];
    }
    draw() {
      const pen = this.begin(this.still), height = this.height;
      pen.fillStyle = color("--grid");
      pen.fillRect(0, height / 2 - 1, this.width, 2);
      const said = this.track.said;
      for (let i = 0, from = 0; i < said.length; i++) {
        if (i + 1 < said.length && said[i + 1][1] === said[from][1]) continue;
        this.bar(pen, said[from][0], i + 1 < said.length ? said[i + 1][0] : end, said[from][1]);
        from = i + 1;
      }
      for (const [a, b] of this.track.gaps) {
        pen.clearRect(this.x(a), 0, this.x(b) - this.x(a), height);
      }
    }
    bar(pen, a, b, level) {
      const x0 = Math.max(0, this.x(a)), x1 = Math.min(this.width, Math.max(this.x(b), this.x(a) + 2));
      if (x1 <= 0 || x0 >= this.width) return;
      const h = this.height * LEVEL_HEIGHTS[level], y = (this.height - h) / 2;
      pen.fillStyle = color(LEVEL_COLORS[level]);
      pen.fillRect(x0, y, x1 - x0, h);
    }
    text(t) { const s = this.at(t); return s ? `${LEVELS[s[1]]}: ${s[2]}` : "nothing reported"; }
    drawCursor() {
      super.drawCursor();
      const s = this.at(now), [badge, message] = this.said.children;
      badge.textContent = s ? LEVELS[s[1]] : "none";
      badge.dataset.level = s ? s[1] : 9;
      message.textContent = s ? s[2] : "nothing reported";
    }
  }

  function keyed(e) {
    const step = e.shiftKey ? 5 : 0.1;
    const moves = { ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step, PageUp: 5, PageDown: -5 };
    if (e.key in moves) go(now + moves[e.key]);
    else if (e.key === "Home") go(0);
    else if (e.key === "End") go(end);
    else if (e.key === " ") toggle();
    else return;
    e.preventDefault();
  }

  const inVideo = (t) => video && Number.isFinite(video.duration) && t >= data.video.start && t < data.video.start + video.duration;
  function go(t) {
    now = Math.min(Math.max(t, 0), end);
    if (video && video.readyState > 0) video.currentTime = Math.min(Math.max(now - data.video.start, 0), Math.max(video.duration - 0.001, 0));
    show(true);
  }
  function toggle() {
    playing = !playing;
    if (playing && now >= end - 0.01) go(0);
    last = null;
    if (playing) requestAnimationFrame(tick);
    if (video) { if (playing && inVideo(now)) video.play().catch(() => {}); else video.pause(); }
    dress();
  }
  function dress() {
    $("play").setAttribute("aria-label", playing ? "Pause" : "Play");
    $("play-icon").setAttribute("d", playing ? "M6 5h4v14H6zM14 5h4v14h-4z" : "M7 4.5v15l12.5-7.5z");
  }
  // Where the video runs it is the clock; before and after it the page's own time goes on.
  function tick(stamp) {
    if (!playing) return;
    if (inVideo(now) && !video.ended) {
      if (video.paused && !video.seeking) video.play().catch(() => {});
      now = Math.max(data.video.start, data.video.start + video.currentTime);
    } else if (last !== null) now += speed * Math.min(stamp - last, 250) / 1000;
    if (video && video.ended && inVideo(now)) now = data.video.start + video.duration;
    last = stamp;
    if (now >= end) { now = end; playing = false; dress(); }
    show(false);
    requestAnimationFrame(tick);
  }
  let drawn = null;
  function show(force) {
    const view = visible().join() + innerWidth;
    if (force || view !== drawn) { if (view !== drawn) for (const plot of plots) plot.draw(); drawn = view; }
    for (const plot of plots) plot.drawCursor();
    seek.value = now;
    seek.setAttribute("aria-valuetext", clock(now));
    $("clock").textContent = `${clock(now)} / ${clock(end)}`;
    tell();
  }
  function redraw() { drawn = null; show(true); }

  const gaze = data.gaze;
  function tell() {
    const list = $("now");
    if (!gaze) { list.hidden = true; return; }
    const i = indexAt(gaze.time, now + 1e-6), there = i >= 0 && now - gaze.time[i] < Math.max(gaze.gap, 0.5);
    const at = (name, digits, unit) => there && gaze[name] ? shown(gaze[name][i], digits, unit) : "–";
    const rows = [];
    if (gaze.pan_deg) rows.push(["Pan", at("pan_deg", 1, "°")], ["Tilt", at("tilt_deg", 1, "°")]);
    if (gaze.u) rows.push(["Pixel", there ? `${at("u", 0)}, ${at("v", 0)}` : "–"]);
    if (gaze.saliency) rows.push(["Saliency", at("saliency", 2)]);
    if (gaze.latency_ms) rows.push(["Latency", at("latency_ms", 0, " ms")]);
    if (gaze.candidates) rows.push(["Candidates: pixel (saliency)", there && gaze.candidates[i].length ? gaze.candidates[i].map(([u, v, s], k) => `${k + 1}. ${shown(u, 0)}, ${shown(v, 0)} (${shown(s, 2)})`).join(" · ") : "–"]);
    if (list.children.length !== rows.length) list.replaceChildren(...rows.map(([name], k) => { const row = make("div"); if (name.startsWith("Cand")) row.className = "wide"; row.append(make("dt", name), make("dd")); return row; }));
    rows.forEach(([, value], k) => { list.children[k].lastChild.textContent = value; });
  }

  // A pause of several periods breaks a line: nothing was known in it.
  const gapOf = (times) => {
    const steps = times.slice(1).map((t, i) => t - times[i]).sort((a, b) => a - b);
    return steps.length ? Math.max(0.5, 4 * steps[steps.length >> 1]) : 0.5;
  };
  function addLines(host, title, series, options) {
    const figure = make("figure", undefined, { class: "chart" }), caption = make("figcaption"), box = make("div", undefined, { class: "plot" });
    caption.append(make("b", title));
    for (const s of series) {
      s.gap = gapOf(s.times);
      const key = make("span", undefined, { class: "key" }), swatch = make("i", undefined, { class: s.dots ? "dot" : s.dash ? "dash" : "line" });
      swatch.style.borderColor = `var(${s.color})`;
      if (s.dots) swatch.style.background = `var(${s.color})`;
      key.append(swatch, s.name);
      caption.append(key);
    }
    figure.append(caption, box);
    host.append(figure);
    new Lines(box, `${title}, over time`, series, options);
  }
  function gazeCharts() {
    const host = $("gaze-charts");
    if (!gaze || !host) return;
    gaze.gap = gapOf(gaze.time);
    const line = (name, key, hue, more) => ({ name, color: hue, times: gaze.time, values: gaze[key], ...more });
    if (gaze.pan_deg) addLines(host, "Direction, degrees", [line("pan (left +)", "pan_deg", "--a"), line("tilt (up +)", "tilt_deg", "--b", { dash: true })], { unit: "°", digits: 1 });
    if (gaze.u && !gaze.pan_deg) addLines(host, "Place in the image, pixels", [line("u (right)", "u", "--a"), line("v (down)", "v", "--b", { dash: true })], { unit: "", digits: 0 });
    if (gaze.saliency) addLines(host, "Saliency at the gaze", [line("saliency", "saliency", "--c")], { unit: "", digits: 2, zero: true });
    table(host, gaze);
  }
  function latencyCharts() {
    const host = $("latency-charts");
    if (!host) return;
    const lines = data.latencies.map((s, k) => ({ name: `node's ${s.name}, last 10 s`, color: k ? "--c" : "--b", dash: k === 1, times: s.time, values: s.values }));
    if (gaze && gaze.latency_ms) lines.unshift({ name: "each gaze, image's stamp to recorder", color: "--a", dots: true, times: gaze.time, values: gaze.latency_ms });
    if (lines.length) addLines(host, "Latency, ms", lines, { unit: " ms", digits: 0, zero: true });
    const rates = data.rates.map((s, k) => ({ name: s.name, color: k ? "--b" : "--a", dash: k === 1, times: s.time, values: s.values }));
    if (rates.length) addLines(host, "Rate, per second", rates, { unit: "", digits: 1, zero: true });
  }
  function table(host, track) {
    const names = [["pan_deg", "pan °", 1], ["tilt_deg", "tilt °", 1], ["u", "u", 0], ["v", "v", 0], ["saliency", "saliency", 2], ["latency_ms", "latency ms", 0]].filter(([key]) => track[key]);
    const details = make("details"), scroll = make("div", undefined, { class: "scroll", tabindex: "0", role: "region", "aria-label": "Gaze, one row a second" });
    details.append(make("summary", "Values as a table, one row a second"), scroll);
    details.addEventListener("toggle", () => {
      if (!details.open || scroll.firstChild) return;
      const grid = make("table"), head = make("tr"), body = make("tbody");
      head.append(make("th", "time"), ...names.map(([, label]) => make("th", label, { class: "n" })));
      let next = -Infinity;
      track.time.forEach((t, i) => {
        if (t < next || body.children.length >= 3600) return;
        next = Math.floor(t) + 1;
        const row = make("tr");
        row.append(make("td", clock(t)), ...names.map(([key, , digits]) => make("td", shown(track[key][i], digits), { class: "n" })));
        body.append(row);
      });
      const thead = make("thead"); thead.append(head); grid.append(thead, body); scroll.append(grid);
    });
    host.append(details);
  }
  function statusBands() {
    const host = $("status-bands");
    if (!host) return;
    for (const track of data.statuses) {
      const row = make("div", undefined, { class: "band" }), box = make("div", undefined, { class: "plot" }), said = make("div", undefined, { class: "said" });
      said.append(make("span", "", { class: "level" }), make("span", ""));
      row.append(make("span", track.name, { class: "name" }), box, said);
      host.append(row);
      new Bands(box, track, said);
    }
    const events = [];
    for (const track of data.statuses) {
      let level = 0;
      for (const [t, l, message] of track.said) { if (l !== level) events.push([t, l, track.name, message]); level = l; }
    }
    events.sort((a, b) => a[0] - b[0]);
    const list = $("status-events");
    for (const [t, level, name, message] of events.slice(0, 500)) {
      const item = make("li"), button = make("button", undefined, { type: "button" });
      button.append(make("time", clock(t)), make("span", LEVELS[level], { class: "level", "data-level": level }), make("span", `${name}: ${message}`));
      button.addEventListener("click", () => go(t));
      item.append(button); list.append(item);
    }
    $("status-count").textContent = events.length ? `Changes of level (${events.length})` : "No change of level: all was well from the start";
  }
  function startVideo() {
    if (!video) return;
    const stored = $("video-data");
    if (stored) {
      // A blob instead of a data URI: some browsers do not seek in, or play, data URIs.
      const bytes = Uint8Array.from(atob(stored.textContent.trim()), (c) => c.charCodeAt(0));
      stored.remove();
      video.src = URL.createObjectURL(new Blob([bytes], { type: "video/mp4" }));
    }
    video.addEventListener("click", toggle);
    video.addEventListener("loadeddata", () => go(now));
    video.addEventListener("error", () => { $("video-error").hidden = false; });
    // Fullscreen controls and media keys act on the video itself.
    video.addEventListener("play", () => { if (!playing) toggle(); });
    video.addEventListener("pause", () => { if (playing && inVideo(now) && !video.ended && !video.seeking) { playing = false; dress(); } });
    video.addEventListener("seeked", () => { if (document.fullscreenElement === video && !playing) { now = data.video.start + video.currentTime; show(false); } });
  }

  seek.max = end.toFixed(3);
  seek.addEventListener("input", () => go(Number(seek.value)));
  $("play").addEventListener("click", toggle);
  $("speed").addEventListener("change", (e) => { speed = Number(e.target.value); if (video) video.playbackRate = speed; });
  for (const button of document.querySelectorAll("[data-window]")) {
    if (Number(button.dataset.window) >= end) { button.hidden = true; continue; }
    button.addEventListener("click", () => {
      windowed = Number(button.dataset.window);
      for (const other of document.querySelectorAll("[data-window]")) other.setAttribute("aria-pressed", other === button);
      redraw();
    });
  }
  if (end <= 10) document.querySelector(".zoom").hidden = true;
  gazeCharts(); latencyCharts(); statusBands(); startVideo();
  window.addEventListener("resize", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  window.gazeReport = { get time() { return now; }, get playing() { return playing; }, go, toggle };
  document.documentElement.dataset.ready = "yes";
  redraw();
})();
