// The table of all slides: sort, search, filter, columns, CSV; and the strip plot that follows the filter.
(() => {
  "use strict";
  const table = document.getElementById("cohort");
  if (!table) return;
  const byId = (id) => document.getElementById(id);
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const names = heads.map((head) => head.dataset.name);
  const rows = [...body.rows].map((row, place) => ({ row, place, words: row.textContent.toLowerCase() }));
  const dots = new Map([...document.querySelectorAll("a.dot")].map((dot) => [dot.dataset.slide, dot]));
  const hidden = new Set();
  const exact = (cell) => cell.dataset.v ?? cell.textContent.trim();
  const at = (row, name) => exact(row.cells[names.indexOf(name)]);

  // Columns are hidden by rules of a class, not cell by cell: 500 slides have 20,000 cells, and to find the place of
  // each among its neighbours anew costs a sort of them most of its time.
  for (const row of table.rows) [...row.cells].forEach((cell, place) => cell.classList.add(`c${place}`));
  const sheet = document.styleSheets[0];
  const first = sheet.cssRules.length;
  function showColumns() {
    while (sheet.cssRules.length > first) sheet.deleteRule(first);
    for (const name of hidden) {
      sheet.insertRule(`.c${names.indexOf(name)} { display: none }`, first);
    }
  }
  for (const box of document.querySelectorAll("#columns input")) {
    if (!box.checked) hidden.add(box.value);
    box.addEventListener("change", () => {
      box.checked ? hidden.delete(box.value) : hidden.add(box.value);
      showColumns();
    });
  }
  // The list of columns lies over the table: it goes as menus go.
  const chooser = document.querySelector(".columns");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !chooser.open) return;
    chooser.open = false;
    chooser.querySelector("summary").focus();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!chooser.contains(event.target)) chooser.open = false;
  });
  table.classList.remove("few");
  showColumns();

  function isIn({ row, words }) {
    const status = byId("status").value;
    const density = at(row, "mvd_tissue_per_mm2");
    const [from, to] = [byId("from").value, byId("to").value];
    return words.includes(byId("search").value.trim().toLowerCase())
      && (!status || (status === "look" ? row.classList.contains("odd") : at(row, "status") === status))
      && (from === "" || (density !== "" && Number(density) >= Number(from)))
      && (to === "" || (density !== "" && Number(density) <= Number(to)));
  }
  function filter() {
    let left = 0;
    for (const entry of rows) {
      const shown = isIn(entry);
      left += shown;
      entry.row.hidden = !shown;
      dots.get(entry.row.dataset.slide)?.classList.toggle("out", !shown);
    }
    byId("rows").textContent = `${left} of ${rows.length} slides`;
  }
  const tools = byId("tools");
  tools.addEventListener("input", filter);
  tools.addEventListener("submit", (event) => event.preventDefault());
  tools.addEventListener("reset", (event) => {
    event.preventDefault();
    for (const id of ["search", "status", "from", "to"]) byId(id).value = "";
    filter();
  });

  const words = new Intl.Collator(undefined, { numeric: true });
  function sort(column) {
    const head = heads[column];
    const way = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    for (const other of heads) other.setAttribute("aria-sort", other === head ? way : "none");
    const sign = way === "ascending" ? 1 : -1;
    const isNumber = head.classList.contains("num");
    const keyed = rows.map((entry) => ({ entry, key: exact(entry.row.cells[column]) }));
    keyed.sort((a, b) => {
      if ((a.key === "") !== (b.key === "")) return a.key === "" ? 1 : -1;
      const order = isNumber ? Number(a.key) - Number(b.key) : words.compare(a.key, b.key);
      return sign * order || a.entry.place - b.entry.place;
    });
    body.append(...keyed.map(({ entry }) => entry.row));
  }
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => sort(column)));

  function csv() {
    const columns = names.flatMap((name, place) => (hidden.has(name) ? [] : [place]));
    const cell = (text, isNumber) => {
      const inert = !isNumber && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
      return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
    };
    const line = (row) => columns.map((c) => cell(exact(row.cells[c]), heads[c].classList.contains("num"))).join(",");
    const lines = [...body.rows].filter((row) => !row.hidden).map(line);
    return [columns.map((c) => names[c]).join(","), ...lines, ""].join("\r\n");
  }
  function said(button, words) {
    const before = button.textContent;
    button.textContent = words;
    setTimeout(() => { button.textContent = before; }, 1500);
  }
  byId("copy").addEventListener("click", async (event) => {
    try {
      await navigator.clipboard.writeText(csv());
      said(event.target, "Copied");
    } catch {
      const area = document.createElement("textarea");
      area.value = csv();
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      said(event.target, done ? "Copied" : "Could not copy");
    }
  });
  byId("download").addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
    link.download = "mvd_table.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });

  const says = byId("strip-says");
  for (const dot of dots.values()) {
    for (const kind of ["pointerenter", "focus"]) {
      dot.addEventListener(kind, () => { says.textContent = dot.getAttribute("aria-label"); });
    }
  }
})();
