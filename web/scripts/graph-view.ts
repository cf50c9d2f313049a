// <graph-view> moves the SVG inside it: pan by dragging, come closer by buttons,
// keys (+ − 0, arrows) or the wheel with Ctrl, and drag nodes. The drawing and its
// links work without it.
class GraphView extends HTMLElement {
	connectedCallback(): void {
		const svg = this.querySelector("svg");
		if (!svg) return;
		const whole = svg.viewBox.baseVal;
		const all = { x: whole.x, y: whole.y, w: whole.width, h: whole.height };
		let at = { ...all };
		const show = (): void => svg.setAttribute("viewBox", `${at.x} ${at.y} ${at.w} ${at.h}`);
		const zoom = (factor: number, x = at.x + at.w / 2, y = at.y + at.h / 2): void => {
			const w = Math.min(Math.max(at.w * factor, all.w / 8), all.w * 2);
			const f = w / at.w;
			at = { x: x - (x - at.x) * f, y: y - (y - at.y) * f, w, h: at.h * f };
			show();
		};
		const pan = (x: number, y: number): void => {
			at = { ...at, x: at.x + x, y: at.y + y };
			show();
		};
		const reset = (): void => {
			at = { ...all };
			show();
		};
		const point = (e: MouseEvent): { x: number; y: number } => {
			const m = svg.getScreenCTM();
			const p = m ? new DOMPoint(e.clientX, e.clientY).matrixTransform(m.inverse()) : { x: 0, y: 0 };
			return { x: p.x, y: p.y };
		};

		const tools = document.createElement("div");
		tools.className = "tools";
		const button = (text: string, label: string | undefined, act: () => void): void => {
			const b = document.createElement("button");
			b.type = "button";
			b.textContent = text;
			b.setAttribute("aria-label", label ?? text);
			b.title = label ?? text;
			b.addEventListener("click", act);
			tools.append(b);
		};
		button("+", this.dataset["closer"], () => zoom(0.75));
		button("−", this.dataset["farther"], () => zoom(1.33));
		button("⤢", this.dataset["whole"], reset);
		this.prepend(tools);
		this.scrollLeft = (document.dir === "rtl" ? -1 : 1) * (this.scrollWidth - this.clientWidth) / 2; // where the centre is

		svg.addEventListener("wheel", (e) => {
			if (!e.ctrlKey && !e.metaKey) return; // the page scrolls
			e.preventDefault();
			const p = point(e);
			zoom(e.deltaY > 0 ? 1.1 : 0.9, p.x, p.y);
		}, { passive: false });
		svg.addEventListener("keydown", (e) => {
			const step = at.w / 10;
			const moves: Record<string, () => void> = {
				"+": () => zoom(0.75), "-": () => zoom(1.33), "0": reset,
				ArrowLeft: () => pan(-step, 0), ArrowRight: () => pan(step, 0), ArrowUp: () => pan(0, -step), ArrowDown: () => pan(0, step),
			};
			const move = moves[e.key];
			if (!move || e.ctrlKey || e.altKey || e.metaKey) return;
			e.preventDefault();
			move();
		});
		this.#drag(svg, point, pan);
	}

	#drag(svg: SVGSVGElement, point: (e: MouseEvent) => { x: number; y: number }, pan: (x: number, y: number) => void): void {
		let last: { x: number; y: number } | undefined;
		let node: SVGGElement | null = null;
		let moved = 0;
		svg.addEventListener("pointerdown", (e) => {
			if (e.button !== 0) return;
			last = point(e);
			moved = 0;
			node = (e.target as Element).closest<SVGGElement>("g.node");
		});
		svg.addEventListener("pointermove", (e) => {
			if (!last) return;
			const p = point(e);
			const x = p.x - last.x;
			const y = p.y - last.y;
			moved += Math.abs(x) + Math.abs(y);
			if (moved < 6) return; // a click, so far
			svg.setPointerCapture(e.pointerId);
			if (node) {
				this.#move(svg, node, x, y);
				last = p;
			} else {
				pan(-x, -y);
				last = point(e);
			}
		});
		const end = (): void => {
			last = undefined;
			node = null;
		};
		svg.addEventListener("pointerup", end);
		svg.addEventListener("pointercancel", end);
		svg.addEventListener("dragstart", (e) => e.preventDefault());
		svg.addEventListener("click", (e) => {
			if (moved >= 6) e.preventDefault(); // it was dragged, not followed
		}, true);
	}

	#move(svg: SVGSVGElement, node: SVGGElement, x: number, y: number): void {
		const m = node.transform.baseVal.consolidate()?.matrix;
		if (!m) return;
		const to = { x: m.e + x, y: m.f + y };
		node.setAttribute("transform", `translate(${to.x} ${to.y})`);
		const id = node.dataset["id"];
		for (const edge of svg.querySelectorAll<SVGGElement>("g.edge")) {
			const line = edge.querySelector("line");
			const text = edge.querySelector("text");
			if (!line || !text) continue;
			const set = (end: string): void => {
				line.setAttribute("x" + end, String(to.x));
				line.setAttribute("y" + end, String(to.y));
			};
			if (edge.dataset["from"] === id) set("1");
			if (edge.dataset["to"] === id) set("2");
			text.setAttribute("x", String((line.x1.baseVal.value + line.x2.baseVal.value) / 2));
			text.setAttribute("y", String((line.y1.baseVal.value + line.y2.baseVal.value) / 2));
		}
	}
}

customElements.define("graph-view", GraphView);
