// <desk-live> hears that something has changed and offers to show it. The page
// stays as it is until the reader wants it otherwise.
class DeskLive extends HTMLElement {
  #source?: EventSource;
  #line = document.createElement("p");

  connectedCallback(): void {
    this.#line.setAttribute("role", "status");
    this.append(this.#line);
    this.#source = new EventSource("/events");
    this.#source.addEventListener("changed", () => this.#offer());
    this.#source.addEventListener("here", () => { if (this.dataset.state !== "changed") this.#say("live", ""); });
    this.#source.addEventListener("waits", () => {
      if ("Notification" in window && Notification.permission === "granted") new Notification(this.dataset.notice ?? "", { tag: "desk" });
    });
    this.#source.addEventListener("ended", () => { this.#source?.close(); location.reload(); });
    this.#source.addEventListener("error", () => this.#say("lost", this.dataset.lost ?? ""));
  }

  disconnectedCallback(): void { this.#source?.close(); }

  #say(state: string, text: string): void {
    this.dataset.state = state;
    this.#line.textContent = text;
  }

  #offer(): void {
    this.#say("changed", "");
    const link = document.createElement("a");
    link.href = location.href;
    link.className = "button primary";
    link.textContent = this.dataset.changed ?? "";
    this.#line.replaceChildren(link);
  }
}
customElements.define("desk-live", DeskLive);
