// The console's browser side: formats, table filters, the map, ticking spans. Loaded before NiceGUI's modules.
// `bw.c` (language, words, looks of states, clock) is set by each page.
"use strict";
window.bw = (() => {
  const escape = (text) => String(text ?? "").replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  const look = (state) => bw.c.looks[state] ?? bw.c.looks[0];
  const now = () => Date.now() + (bw.c.skew ?? 0);

  const span = (seconds) => {
    const [D, H, M, S] = bw.c.units;
    seconds = Math.max(0, Math.floor(seconds));
    const d = Math.floor(seconds / 86400), h = Math.floor(seconds / 3600) % 24, m = Math.floor(seconds / 60) % 60, s = seconds % 60;
    const two = (n) => String(n).padStart(2, "0");
    return d ? `${d} ${D} ${h} ${H}` : h ? `${h} ${H} ${two(m)} ${M}` : m ? `${m} ${M} ${two(s)} ${S}` : `${s} ${S}`;
  };
  const number = (value, digits) => value.toFixed(digits).replace(".", bw.c.mark);
  const local = (ms, options) => new Intl.DateTimeFormat("en-GB", { timeZone: bw.c.zone, hourCycle: "h23", ...options }).format(ms);
  const clock = { hour: "2-digit", minute: "2-digit" };
  const date = { day: "2-digit", month: "2-digit" };

  // --- tables ---
  let grid = null;
  const chosen = { e: "", u: "", t: "", s: "", q: "" };
  const fold = (text) => String(text ?? "").normalize("NFD").replace(/\p{M}/gu, "").replaceAll("đ", "d").replaceAll("Đ", "D").toLowerCase();

  const state = (p) => {
    const l = look(p.value);
    return `<span class="st ${l.name}"><i>${l.glyph}</i> ${escape(l.text)}</span>`;
  };
  const figure = (p) => {
    const coverage = p.data[p.colDef.field + "c"];
    if (p.value == null) return `<span class="muted">${escape(bw.c.words.no_figure)}${coverage == null ? "" : ` · ${escape(bw.c.words.coverage_short)} ${coverage} %`}</span>`;
    const low = coverage < bw.c.low * 100, adjusted = p.data[p.colDef.field + "a"];
    return `<span class="fig ${low ? "low" : ""}"><b>${number(p.value, 2)} %</b> <small>${low ? "⚠ " : ""}${escape(bw.c.words.coverage_short)} ${coverage} %${adjusted ? ` <i title="${escape(bw.c.words.adjusted)}: ${adjusted}">±</i>` : ""}</small></span>`;
  };
  const option = (value, text) => `<option value="${escape(value)}">${escape(text)}</option>`;
  const fill = (name, values) => {
    const select = document.querySelector(`#filter-${name}`);
    if (select) select.innerHTML = option("", bw.c.words.all) + values.map(([v, t]) => option(v, t)).join("");
    if (select) select.value = chosen[name];
  };
  const gridReady = (api, kind) => {
    grid = api;
    bw.api = api;
    const query = new URLSearchParams(location.search);
    for (const key in chosen) chosen[key] = query.get(key) ?? "";
    const seen = { e: new Set(), u: new Set(), t: new Set() };
    api.forEachNode(({ data }) => {
      seen.e.add(data.e);
      seen.u.add(data.u);
      data.t.split(";").forEach((one) => seen.t.add(one));
    });
    for (const key in seen) fill(key, [...seen[key]].filter(Boolean).sort((a, b) => a.localeCompare(b, "vi")).map((v) => [v, v]));
    fill("s", Object.entries(bw.c.looks).sort((a, b) => b[1].badness - a[1].badness).map(([v, l]) => [v, `${l.glyph} ${l.text}`]));
    const search = document.querySelector("#filter-q");
    if (search) search.value = chosen.q;
    api.applyColumnState({ state: [{ colId: "s", sort: "desc", sortIndex: 0 }, { colId: "at", sort: "asc", sortIndex: 1 }] });
    api.onFilterChanged();
  };
  const choose = (name, value) => {
    chosen[name] = value;
    const query = new URLSearchParams(Object.entries(chosen).filter(([, v]) => v));
    history.replaceState(history.state, "", location.pathname + (query.size ? `?${query}` : ""));
    grid?.onFilterChanged();
  };
  const passes = (row) =>
    (!chosen.e || row.e === chosen.e) && (!chosen.u || row.u === chosen.u) && (!chosen.s || String(row.s) === chosen.s) &&
    (!chosen.t || row.t.split(";").includes(chosen.t)) &&
    (!chosen.q || fold(`${row.id} ${row.n} ${row.u} ${row.ends}`).includes(fold(chosen.q)));
  const path = (kind, id) => `/${kind}s/${encodeURIComponent(id)}`;

  // --- map ---
  const map = { scene: null, element: null };
  const css = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();
  const byBadness = () => Object.entries(bw.c.looks).map(([s, l]) => [Number(s), l]).sort((a, b) => a[1].badness - b[1].badness);
  const draw = () => {
    const chart = getElement(map.element)?.chart;
    if (!chart || !map.scene) return setTimeout(draw, 50);
    const { places, stations, links, shrink } = map.scene;
    const all = [...stations.map((one) => one.xy), ...places];
    const xs = all.map((p) => p[0]), ys = all.map((p) => p[1]);
    let [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    // Equal kilometres both ways: widen the axis that has room.
    const wide = (chart.getWidth() - 20) / Math.max(1, chart.getHeight() - 20);
    const w = (x1 - x0) * shrink * 1.06, h = (y1 - y0) * 1.08, mx = (x0 + x1) / 2, my = (y0 + y1) / 2;
    const H = Math.max(h, w / wide), W = Math.max(w, h * wide) / shrink;
    const axis = { type: "value", show: false, scale: true };
    const many = stations.length > 600, font = getComputedStyle(document.body).fontFamily;
    const series = [{
      type: "scatter", silent: true, symbolSize: 1, z: 1, data: places.map((p) => p.slice(0, 2)), itemStyle: { color: "transparent" }, animation: false,
      label: { show: true, formatter: (p) => places[p.dataIndex][2], color: css("--faint"), fontSize: 11, fontFamily: font }, labelLayout: { hideOverlap: true },
    }];
    for (const [s, l] of byBadness()) {
      series.push({
        id: `l${s}`, type: "lines", coordinateSystem: "cartesian2d", silent: true, z: 2 + l.badness / 10, animation: false,
        data: links.filter((one) => one.s === s).map((one) => ({ coords: one.xy })),
        lineStyle: { color: css(`--${l.name}`), width: l.badness ? 2.5 : 1, opacity: l.badness ? 0.95 : 0.28, type: l.name === "unknown" ? "dashed" : "solid", curveness: 0 },
      });
      series.push({
        id: `s${s}`, type: "scatter", symbol: l.symbol, z: 5 + l.badness, animation: false,
        symbolSize: { down: 20, degraded: 15, unknown: many ? 8 : 10, planned: 11, up: many ? 6 : 8 }[l.name],
        itemStyle: { color: css(l.name === "unknown" ? "--panel" : `--${l.name}`), borderColor: css(l.name === "unknown" ? "--unknown" : "--panel"), borderWidth: l.name === "unknown" ? 2 : 1, opacity: l.name === "up" ? 0.9 : 1 },
        data: stations.filter((one) => one.s === s).map((one) => ({ value: one.xy, id: one.id, name: one.n, e: one.e, at: one.at, s })),
      });
    }
    chart.setOption({
      grid: { left: 10, right: 10, top: 10, bottom: 10 }, xAxis: { ...axis, min: mx - W / 2, max: mx + W / 2 }, yAxis: { ...axis, min: my - H / 2, max: my + H / 2 },
      tooltip: {
        trigger: "item", backgroundColor: css("--raised"), borderColor: css("--line"), textStyle: { color: css("--ink"), fontFamily: font },
        formatter: (p) => p.data.id ? `<b>${escape(p.data.id)}</b> ${escape(p.data.name)}<br>${escape(p.data.e)}<br>${look(p.data.s).glyph} ${escape(look(p.data.s).text)}${p.data.at ? ` · ${span((now() - p.data.at) / 1000)}` : ""}` : "",
      },
      dataZoom: [{ type: "inside", xAxisIndex: 0, filterMode: "none", minSpan: 5 }, { type: "inside", yAxisIndex: 0, filterMode: "none", minSpan: 5 }],
      series,
    }, { notMerge: true });
    if (!map.bound) {
      map.bound = true;
      chart.on("click", (p) => p.data?.id && (location.href = path("station", p.data.id)));
      new ResizeObserver(() => draw()).observe(chart.getDom());
    }
  };
  const mapMoved = (changes) => {
    if (!map.scene) return;
    const index = (map.index ??= new Map([...map.scene.stations, ...map.scene.links].map((one) => [one.id, one])));
    const touched = new Set();
    for (const [id, s, at] of changes) {
      const one = index.get(id);
      if (!one) continue;
      one.at = at;
      if (one.s === s) continue;
      const prefix = one.n === undefined ? "l" : "s";
      touched.add(prefix + one.s).add(prefix + s);
      one.s = s;
    }
    const chart = getElement(map.element)?.chart;
    if (!chart || !touched.size) return;
    const { stations, links } = map.scene;
    chart.setOption({
      series: [...touched].map((id) => {
        const s = Number(id.slice(1));
        return id[0] === "l"
          ? { id, data: links.filter((one) => one.s === s).map((one) => ({ coords: one.xy })) }
          : { id, data: stations.filter((one) => one.s === s).map((one) => ({ value: one.xy, id: one.id, name: one.n, e: one.e, at: one.at, s })) };
      }),
    });
  };

  // --- what ticks: spans since an instant, the clock, the age of the data ---
  // Only a difference is written: the observer below would otherwise see its own work for ever.
  const put = (e, text) => e && e.textContent !== text && (e.textContent = text);
  const tick = () => {
    if (!bw.c) return;
    document.querySelectorAll("[data-since]").forEach((e) => put(e, span((now() - Number(e.dataset.since)) / 1000)));
    put(document.querySelector("#clock"), local(now(), { ...clock, second: "2-digit" }));
    const fresh = document.querySelector("#fresh");
    if (fresh) {
      const age = (now() - Number(fresh.dataset.written)) / 1000;
      document.body.classList.toggle("stale", Number(fresh.dataset.written) > 0 && age > bw.c.stale);
    }
  };
  setInterval(tick, 1000);
  // Pieces arrive with empty spans: fill them before they are painted.
  document.addEventListener("DOMContentLoaded", () => new MutationObserver(tick).observe(document.body, { childList: true, subtree: true }));

  const theme = (name) => {
    document.documentElement.dataset.theme = name;
    window.Quasar?.Dark?.set(name === "dark");
  };
  const remember = (key, value) => (document.cookie = `${key}=${value};path=/;max-age=31536000;samesite=lax`);

  return {
    c: null, api: null, span: (p) => (p.value == null ? "–" : span(p.value)), state, figure, gridReady, choose, passes, mapMoved, tick,
    worse: (a, b) => look(a).badness - look(b).badness,
    link: (p) => `<a href="${path(p.data.ends ? "link" : "station", p.value)}">${escape(p.value)}</a>`,
    when: (p) => (p.value == null ? "–" : local(p.value, local(p.value, date) === local(now(), date) ? { ...clock, second: "2-digit" } : { ...date, ...clock }).replace(",", "")),
    cause: (p) => (p.value ? bw.c.causes[p.value] ?? p.value : ""),
    filtering: () => Object.values(chosen).some(Boolean),
    open: (kind, p) => p.event?.target?.tagName !== "A" && (location.href = path(kind, p.data.id)),
    countShown: (api) => put(document.querySelector("#shown"), String(api.getDisplayedRowCount())),
    transact: (change) => grid?.applyTransactionAsync(change),
    map: (element, scene) => { map.element = element; map.scene = scene; map.index = null; draw(); },
    setTheme: () => { const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark"; remember("bw_theme", next); theme(next); if (map.scene) draw(); },
    setLanguage: (name) => { remember("bw_language", name); location.reload(); },
    begin: (c) => { bw.c = c; c.skew = c.now - Date.now(); theme(c.theme === "auto" ? (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark") : c.theme); tick(); },
  };
})();
