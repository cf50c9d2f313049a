// Keys: j and k go through the links of a list, ? shows what there is, g and a
// letter go to a page. Nothing happens while somebody types.
const places: Record<string, string> = { c: "/", i: "/inbox", r: "/records", w: "/write", a: "/agreements" };
let going = false;

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));
}

function step(by: number): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>("main a.title, main ul.plain a")];
  if (links.length === 0) return;
  const at = links.indexOf(document.activeElement as HTMLAnchorElement);
  links[Math.min(Math.max(at + by, 0), links.length - 1)]?.focus();
}

addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || typing(e.target)) return;
  if (going) {
    going = false;
    const to = places[e.key];
    if (to && document.querySelector(`header a[href="${to}"]`)) location.assign(to);
    return;
  }
  switch (e.key) {
    case "g": going = true; break;
    case "j": step(1); break;
    case "k": step(-1); break;
    case "?": document.querySelector<HTMLDialogElement>("dialog#keys")?.showModal(); break;
    default: return;
  }
  e.preventDefault();
});
