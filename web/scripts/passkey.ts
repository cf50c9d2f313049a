// <desk-passkey> holds a button that asks the browser for a passkey, with the
// options in data-options, and sends the form that it stands in with the answer.
// Without script, or where a browser knows no passkeys, the button is not there.
const bytes = (text: string): ArrayBuffer =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0)).buffer;

const text = (b: ArrayBuffer): string =>
  btoa(Array.from(new Uint8Array(b), (c) => String.fromCharCode(c)).join("")).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

type Named = { id: string };
const named = (list?: Named[]) => list?.map((c) => ({ ...c, id: bytes(c.id) }));

class DeskPasskey extends HTMLElement {
  connectedCallback(): void {
    const button = this.querySelector("button");
    if (!button || !("PublicKeyCredential" in window)) return;
    button.hidden = false;
    button.addEventListener("click", () => void this.#ask(button));
  }

  async #ask(button: HTMLButtonElement): Promise<void> {
    const form = this.closest("form");
    const field = this.querySelector("input");
    const create = this.dataset.do === "create";
    if (!form || !field || (create && !form.reportValidity())) return;
    button.disabled = true;
    try {
      field.value = JSON.stringify(await answer(create, JSON.parse(this.dataset.options ?? "{}")));
      form.submit(); // past the password's being required: this stands in its place
    } catch {
      const line = this.querySelector("[role=status]");
      if (line) line.textContent = this.dataset.failed ?? "";
    }
    button.disabled = false;
  }
}

async function answer(create: boolean, options: any): Promise<object> {
  options.challenge = bytes(options.challenge);
  options.allowCredentials = named(options.allowCredentials);
  options.excludeCredentials = named(options.excludeCredentials);
  if (create) options.user.id = bytes(options.user.id);
  const found = create
    ? await navigator.credentials.create({ publicKey: options })
    : await navigator.credentials.get({ publicKey: options });
  const c = found as PublicKeyCredential;
  const response: Record<string, string> = { clientDataJSON: text(c.response.clientDataJSON) };
  if (c.response instanceof AuthenticatorAttestationResponse) {
    response.attestationObject = text(c.response.attestationObject);
  } else if (c.response instanceof AuthenticatorAssertionResponse) {
    response.authenticatorData = text(c.response.authenticatorData);
    response.signature = text(c.response.signature);
  }
  return { id: c.id, rawId: text(c.rawId), type: c.type, response };
}

customElements.define("desk-passkey", DeskPasskey);
