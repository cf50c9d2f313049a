// <desk-suggest> offers, while somebody types words, names of records that have
// them and that the visitor may see. Without it the field is a field.
class DeskSuggest extends HTMLElement {
  #offers = document.createElement("datalist");
  #waiting = 0;
  #asked?: AbortController;

  connectedCallback(): void {
    const field = this.querySelector("input");
    if (!field) return;
    this.#offers.id = `${field.id}-offers`;
    this.append(this.#offers);
    field.setAttribute("list", this.#offers.id);
    field.addEventListener("input", () => {
      clearTimeout(this.#waiting);
      this.#waiting = window.setTimeout(() => void this.#ask(field.value.trim()), 150);
    });
  }

  disconnectedCallback(): void {
    clearTimeout(this.#waiting);
    this.#asked?.abort();
  }

  async #ask(words: string): Promise<void> {
    this.#asked?.abort();
    if (words.length < 2) {
      this.#offers.replaceChildren();
      return;
    }
    this.#asked = new AbortController();
    const query = new URLSearchParams({ q: words });
    if (this.dataset.own) query.set("own", this.dataset.own);
    try {
      const answer = await fetch(`/suggest?${query}`, { signal: this.#asked.signal });
      if (!answer.ok) return;
      const names: string[] = await answer.json();
      this.#offers.replaceChildren(...names.map((name) => new Option(name, name)));
    } catch (e) {
      if (!(e instanceof DOMException && e.name === "AbortError")) this.#offers.replaceChildren();
    }
  }
}
customElements.define("desk-suggest", DeskSuggest);
