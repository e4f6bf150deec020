// The picture: put it in place, pan and zoom it, select a state. The picture itself is made by the server.

const LARGEST = 2.5;
const SMALLEST = 0.08;
const READABLE = 0.6; // smaller than this, the small print cannot be read
const COMFORTABLE = 0.75; // a picture that would be smaller than this is shown in its whole width only

export class Picture {
  constructor(viewport, onSelect) {
    this.viewport = viewport;
    this.onSelect = onSelect;
    this.scale = 1;
    this.x = 0; // what is in the upper left corner of the viewport, in the picture's own pixels
    this.y = 0;
    this.svg = null;
    this.text = "";
    this.untouched = true; // nobody has moved it yet, so a change of size may place it anew
    this.#listen();
  }

  // Show another picture of the same machine, or another machine if it is anew.
  show(text, anew) {
    if (text === this.text && !anew) return;
    this.text = text;
    const focused = this.#stateOf(document.activeElement);
    const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    const size = parsed.getAttribute("viewBox").split(" ").map(Number);
    this.width = size[2];
    this.height = size[3];
    this.svg = document.importNode(parsed, true);
    this.svg.setAttribute("width", "100%");
    this.svg.setAttribute("height", "100%");
    this.viewport.replaceChildren(this.svg);
    for (const state of this.svg.querySelectorAll("[data-state]")) this.#makeOperable(state);
    if (anew) {
      this.untouched = true;
      this.begin();
    } else {
      this.#place();
    }
    if (this.selected) this.mark(this.selected);
    if (focused) this.state(focused)?.focus({ preventScroll: true });
  }

  state(name) {
    return this.svg?.querySelector(`[data-state="${CSS.escape(name)}"]`) ?? null;
  }

  mark(name) {
    this.selected = name;
    for (const state of this.svg?.querySelectorAll("[data-state]") ?? []) {
      state.toggleAttribute("data-selected", state.dataset.state === name);
    }
  }

  // All of it if it stays readable, else its beginning, or where something happens.
  begin() {
    const whole = this.#whole();
    const wide = this.viewport.getBoundingClientRect().width / this.width;
    this.scale = Math.max(Math.min(whole < COMFORTABLE ? wide : whole, 1), READABLE);
    this.#centre();
    if (whole < COMFORTABLE) {
      this.y = 0;
      const busy = this.selected ? this.state(this.selected) : this.#busy();
      if (busy) this.reveal(busy, true);
    }
    this.#place();
  }

  fit() {
    this.scale = Math.min(this.#whole(), 1.5);
    this.#centre();
    this.#place();
  }

  zoom(factor, clientX, clientY) {
    const box = this.viewport.getBoundingClientRect();
    const atX = clientX === undefined ? box.width / 2 : clientX - box.left;
    const atY = clientY === undefined ? box.height / 2 : clientY - box.top;
    const scale = Math.min(LARGEST, Math.max(Math.min(SMALLEST, this.#whole()), this.scale * factor));
    this.x += atX / this.scale - atX / scale;
    this.y += atY / this.scale - atY / scale;
    this.scale = scale;
    this.untouched = false;
    this.#place();
  }

  pan(dx, dy) {
    this.x += dx / this.scale;
    this.y += dy / this.scale;
    this.untouched = false;
    this.#place();
  }

  // Move the picture so that the state can be seen.
  reveal(state, always = false) {
    const frame = state.querySelector(".frame").getBoundingClientRect();
    const box = this.viewport.getBoundingClientRect();
    const outside =
      frame.left < box.left || frame.top < box.top || frame.right > box.right || frame.bottom > box.bottom;
    if (!outside && !always) return;
    const top = frame.height > box.height ? box.top + 20 : box.top + (box.height - frame.height) / 2;
    this.x += (frame.left + frame.width / 2 - box.left - box.width / 2) / this.scale;
    this.y += (frame.top - top) / this.scale;
    this.#place();
  }

  #whole() {
    const box = this.viewport.getBoundingClientRect();
    return Math.min((box.width || 1) / this.width, (box.height || 1) / this.height);
  }

  #centre() {
    const box = this.viewport.getBoundingClientRect();
    this.x = (this.width - box.width / this.scale) / 2;
    this.y = Math.min(0, (this.height - box.height / this.scale) / 2);
    this.#place();
  }

  #busy() {
    const order = ["failed", "timed_out", "running", "retrying", "aborted"];
    for (const status of order) {
      const found = this.svg.querySelectorAll(`[data-status="${status}"]`);
      if (found.length) return found[found.length - 1]; // the innermost comes last
    }
    return null;
  }

  #place() {
    const box = this.viewport.getBoundingClientRect();
    const wide = box.width / this.scale;
    const high = box.height / this.scale;
    // a part of it always stays in sight
    this.x = Math.min(this.width - wide * 0.1, Math.max(wide * 0.1 - wide, this.x));
    this.y = Math.min(this.height - high * 0.1, Math.max(high * 0.1 - high, this.y));
    this.svg?.setAttribute("viewBox", `${this.x} ${this.y} ${wide} ${high}`);
  }

  #makeOperable(state) {
    const inner = state.querySelector(":scope > .panel, :scope > .inner");
    if (!inner) state.setAttribute("role", "button"); // what is in a button is not read, so not for those with states
    state.setAttribute("aria-label", `${state.getAttribute("aria-label")}. Press Enter for details`);
  }

  #stateOf(element) {
    return element instanceof Element ? (element.closest("[data-state]")?.dataset.state ?? null) : null;
  }

  #listen() {
    const port = this.viewport;
    let grip = null;
    let moved = false;
    port.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      grip = { x: event.clientX, y: event.clientY };
      moved = false;
    });
    port.addEventListener("pointermove", (event) => {
      if (!grip) return;
      const [dx, dy] = [event.clientX - grip.x, event.clientY - grip.y];
      if (!moved && Math.hypot(dx, dy) < 4) return;
      if (!moved) port.setPointerCapture(event.pointerId);
      moved = true;
      port.classList.add("dragged");
      grip = { x: event.clientX, y: event.clientY };
      this.pan(-dx, -dy);
    });
    const release = () => {
      grip = null;
      port.classList.remove("dragged");
    };
    port.addEventListener("pointerup", release);
    port.addEventListener("pointercancel", release);
    port.addEventListener("click", (event) => {
      const name = moved ? null : this.#stateOf(event.target);
      if (name) this.onSelect(name);
    });
    port.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        if (event.ctrlKey || event.metaKey) this.zoom(Math.exp(-event.deltaY / 200), event.clientX, event.clientY);
        else if (event.shiftKey) this.pan(event.deltaY, 0);
        else this.pan(event.deltaX, event.deltaY);
      },
      { passive: false },
    );
    port.addEventListener("focusin", (event) => {
      const state = event.target.closest?.("[data-state]");
      if (state && event.target.matches(":focus-visible")) this.reveal(state);
    });
    port.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const name = this.#stateOf(event.target);
      const keys = {
        ArrowLeft: () => this.pan(-60, 0),
        ArrowRight: () => this.pan(60, 0),
        ArrowUp: () => this.pan(0, -60),
        ArrowDown: () => this.pan(0, 60),
        "+": () => this.zoom(1.25),
        "=": () => this.zoom(1.25),
        "-": () => this.zoom(0.8),
        0: () => this.fit(),
        ...(name && { Enter: () => this.onSelect(name), " ": () => this.onSelect(name) }),
      };
      if (!keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
    new ResizeObserver(() => {
      if (!this.svg) return;
      if (this.untouched) this.begin();
      else this.#place();
    }).observe(port);
  }
}
