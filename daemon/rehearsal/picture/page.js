"use strict";
(() => {
  const names = ["states", "quantities"];
  const data = Object.fromEntries(names.map(
    (name) => [name, JSON.parse(document.getElementById(`${name}-data`).textContent)]));
  // Named one by one: of those that plotly would show, one sends the figure away.
  const options = { displaylogo: false, responsive: true, plotlyServerURL: "",
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]] };
  const layout = data.states.layout;
  const whole = layout.xaxis.range.slice();
  const beganMs = layout.xaxis2.range[0];
  let following = false;

  // One time axis: whichever figure is zoomed, the other and both UTC axes follow.
  const follow = async (change) => {
    if (following) return;
    let range = change["xaxis.range"] ||
      ("xaxis.range[0]" in change ? [change["xaxis.range[0]"], change["xaxis.range[1]"]] : null);
    if (change["xaxis.autorange"]) range = whole;
    if (!range) return;
    following = true;
    const utc = range.map((at) => beganMs + (at - whole[0]) * 1000);
    await Promise.all(names.map((name) => Plotly.relayout(name,
      { "xaxis.range": range.slice(), "xaxis.autorange": false, "xaxis2.range": utc })));
    following = false;
  };
  const drawn = Promise.all(names.map((name) => Plotly.newPlot(name, data[name].data, data[name].layout, options)
    .then((figure) => figure.on("plotly_relayout", follow))));
  drawn.then(() => { document.body.dataset.drawn = "yes"; });

  // On paper (A3 landscape) each figure gets a sheet, as large as fits.
  const sheet = { width: 1500, height: 930 };
  const zoom = (name) => Math.min(1, sheet.height / data[name].layout.height);
  names.forEach((name) => document.getElementById(name).style.setProperty("--zoom", zoom(name)));
  const resize = (width) => names.forEach((name) => Plotly.relayout(name, width(name)));
  window.addEventListener("beforeprint", () => resize((name) => ({ width: Math.floor(sheet.width / zoom(name)) })));
  window.addEventListener("afterprint", () => resize(() => ({ width: null, autosize: true })));

  const wanted = document.getElementById("wanted");
  const boxes = [...document.querySelectorAll("#filter input[type=checkbox]")];
  const rows = [...document.querySelectorAll("#entries tbody tr")];
  const filter = () => {
    const text = wanted.value.toLowerCase();
    const kinds = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let count = 0;
    for (const row of rows) {
      row.hidden = !(kinds.has(row.dataset.kind) && row.textContent.toLowerCase().includes(text));
      count += !row.hidden;
    }
    document.getElementById("count").textContent = `${count} of ${rows.length}`;
  };
  wanted.addEventListener("input", filter);
  boxes.forEach((box) => box.addEventListener("change", filter));
  filter();
})();
