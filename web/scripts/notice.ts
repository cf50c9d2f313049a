// <desk-permit> asks the browser's permission for notices before its form is sent:
// a browser shows none without.
class DeskPermit extends HTMLElement {
  connectedCallback(): void {
    const button = this.querySelector("button");
    const form = this.closest("form");
    if (!button || !form || !("Notification" in window)) return;
    let asked = false;
    form.addEventListener("submit", (e) => {
      if (asked) return;
      e.preventDefault();
      void Notification.requestPermission().then((answer) => {
        if (answer === "granted") {
          asked = true;
          form.requestSubmit(button);
          return;
        }
        const line = this.querySelector("span");
        if (line) line.textContent = this.dataset.denied ?? "";
      });
    });
  }
}
customElements.define("desk-permit", DeskPermit);
