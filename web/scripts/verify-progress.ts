// <verify-progress src="…"> follows a verification on the server: moves the bar
// inside it, and shows the result when it has ended.
class VerifyProgress extends HTMLElement {
	#events?: EventSource;

	connectedCallback(): void {
		const src = this.getAttribute("src");
		const bar = this.querySelector("progress");
		const text = this.querySelector(".done");
		if (!src || !bar || !text) return;
		this.#events = new EventSource(src);
		this.#events.addEventListener("progress", (e) => {
			const now = JSON.parse((e as MessageEvent<string>).data) as { percent: number; text: string };
			bar.value = now.percent;
			text.textContent = now.text;
		});
		this.#events.addEventListener("end", () => {
			this.#events?.close();
			location.reload();
		});
	}

	disconnectedCallback(): void {
		this.#events?.close();
	}
}

customElements.define("verify-progress", VerifyProgress);
