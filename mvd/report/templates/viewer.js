// The zoomable picture of a slide: buttons, keys, dragging, two fingers; what is pointed at is told.
(() => {
  "use strict";
  const CLOSEST = 0.15; // half um a screen pixel
  const STEP = 1.5;
  const LENGTHS = [5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000];

  function start(figure) {
    const stage = figure.querySelector(".stage");
    const svg = stage.querySelector("svg");
    const home = figure.dataset.home.split(" ").map(Number);
    let view = [...home];
    const vessels = figure.dataset.vessels.split(";").filter(Boolean).map((words) => {
      const [id, x, y, reach, reason, area] = words.split(",");
      return { id, x: Number(x), y: Number(y), reach: Number(reach), reason, area };
    });
    const scale = svg.querySelector(".scale");
    const output = figure.querySelector("output");
    const pointed = svg.querySelector(".pointed");

    const unit = () => Math.max(view[2] / (stage.clientWidth || 1), view[3] / (svg.clientHeight || 1));
    function show() {
      svg.setAttribute("viewBox", view.join(" "));
      const u = unit();
      svg.style.setProperty("--unit", u);
      svg.classList.add("live");
      svg.classList.toggle("close", u < 2.6);
      stage.classList.toggle("zoomed", view[2] < home[2] * 0.999);
      drawScale(u);
    }
    function drawScale(u) {
      // What is seen is wider than the view box where the stage has another shape.
      const [width, height] = [stage.clientWidth * u, svg.clientHeight * u];
      const x = view[0] + view[2] / 2 - width / 2 + 14 * u;
      const y = view[1] + view[3] / 2 + height / 2 - 14 * u;
      const um = LENGTHS.filter((length) => length * 2 <= width / 5).pop() ?? LENGTHS[0];
      for (const path of scale.querySelectorAll("path")) path.setAttribute("d", `M${x} ${y}h${um * 2}`);
      const text = scale.querySelector("text");
      text.setAttribute("x", x);
      text.setAttribute("y", y - 8 * u);
      text.textContent = um >= 1000 ? `${um / 1000} mm` : `${um} µm`;
    }
    function zoom(factor, x = view[0] + view[2] / 2, y = view[1] + view[3] / 2) {
      const least = CLOSEST * (stage.clientWidth || 800);
      const width = Math.min(Math.max(view[2] * factor, least), home[2] * 2);
      const ratio = width / view[2];
      view = [x - (x - view[0]) * ratio, y - (y - view[1]) * ratio, width, view[3] * ratio];
      show();
    }
    function move(dx, dy) {
      view[0] = Math.min(Math.max(view[0] + dx, home[0] - view[2] / 2), home[0] + home[2] - view[2] / 2);
      view[1] = Math.min(Math.max(view[1] + dy, home[1] - view[3] / 2), home[1] + home[3] - view[3] / 2);
      show();
    }
    function go(box) {
      view = box;
      show();
    }
    function where(event) {
      const inverse = svg.getScreenCTM().inverse();
      return new DOMPoint(event.clientX, event.clientY).matrixTransform(inverse);
    }

    const doing = {
      in: () => zoom(1 / STEP),
      out: () => zoom(STEP),
      home: () => go([...home]),
      go: (button) => go(button.dataset.box.split(" ").map(Number)),
      full: () => (document.fullscreenElement ? document.exitFullscreen() : figure.requestFullscreen()),
    };
    figure.querySelector(".bar").addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) doing[button.dataset.do](button);
    });
    for (const box of figure.querySelectorAll("[data-layer]")) {
      box.addEventListener("change", () => svg.classList.toggle(`no-${box.dataset.layer}`, !box.checked));
    }
    const keys = {
      "+": doing.in, "=": doing.in, "-": doing.out, "0": doing.home,
      ArrowLeft: () => move(-view[2] / 8, 0), ArrowRight: () => move(view[2] / 8, 0),
      ArrowUp: () => move(0, -view[3] / 8), ArrowDown: () => move(0, view[3] / 8),
    };
    stage.addEventListener("keydown", (event) => {
      if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      keys[event.key]();
    });
    // The wheel scrolls the page until the picture is chosen by a click or Tab, or Ctrl is held.
    stage.addEventListener("wheel", (event) => {
      if (document.activeElement !== stage && !event.ctrlKey) return;
      event.preventDefault();
      const { x, y } = where(event);
      zoom(event.deltaY < 0 ? 1 / 1.2 : 1.2, x, y);
    }, { passive: false });

    const fingers = new Map();
    stage.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      fingers.set(event.pointerId, event);
      stage.setPointerCapture(event.pointerId);
    });
    const up = (event) => fingers.delete(event.pointerId);
    stage.addEventListener("pointerup", up);
    stage.addEventListener("pointercancel", up);
    stage.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return tell(where(event));
      const other = [...fingers.values()].find((finger) => finger.pointerId !== event.pointerId);
      const apart = (finger) => Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY);
      if (other) zoom(apart(before) / Math.max(apart(event), 1));
      else move((before.clientX - event.clientX) * unit(), (before.clientY - event.clientY) * unit());
      fingers.set(event.pointerId, event);
    });
    function tell({ x, y }) {
      let best = null;
      let least = Infinity;
      for (const vessel of vessels) {
        const away = Math.hypot(vessel.x - x, vessel.y - y);
        if (away <= Math.max(vessel.reach, 4 * unit()) && away < least) [best, least] = [vessel, away];
      }
      pointed.setAttribute("r", best ? best.reach * 1.3 + 4 : 0);
      if (!best) return void (output.textContent = "\u00a0");
      pointed.setAttribute("cx", best.x);
      pointed.setAttribute("cy", best.y);
      const fate = best.reason ? `not counted: ${best.reason.replaceAll("_", " ")}` : "counted";
      output.textContent = `Vessel ${best.id}: ${fate}, ${best.area} µm² stained`;
    }
    show();
    new ResizeObserver(show).observe(stage);
    addEventListener("beforeprint", () => go([...home]));
  }

  // A viewer is made ready when it is near the screen: a cohort has hundreds.
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      start(target);
    }
  }, { rootMargin: "400px" });
  for (const figure of document.querySelectorAll(".viewer")) near.observe(figure);
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll(".numbers, .facts, .settings details")) details.open = true;
  });
})();
