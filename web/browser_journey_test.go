package web_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"entente/node"
	"entente/node/nodetest"
)

// signsIn signs somebody in by name and password, in a browser of its own.
func (d *desk) signsIn(name string) *browser {
	d.t.Helper()
	tab := newBrowser(d.t.(*testing.T))
	tab.stays(d.url)
	tab.do(name+" signs in", chromedp.EmulateViewport(1440, 900), chromedp.Navigate(d.url+"/sign-in"), chromedp.SendKeys("#name", name),
		chromedp.SendKeys("#password", password), chromedp.Click("main button.primary"), chromedp.WaitVisible("header nav a[aria-current=page]"))
	return tab
}

// reads gives the text of the page's main part.
func (b *browser) reads(what string) string { return get(b, what, chromedp.Text("main")) }

func (b *browser) shows(what string, texts ...string) {
	b.t.Helper()
	page := b.reads(what)
	for _, text := range texts {
		if !strings.Contains(page, text) {
			b.t.Errorf("%s: the page lacks %q:\n%s", what, text, page)
		}
	}
}

func (b *browser) hides(what string, texts ...string) {
	b.t.Helper()
	page := b.reads(what)
	for _, text := range texts {
		if strings.Contains(page, text) {
			b.t.Errorf("%s: the page has %q:\n%s", what, text, page)
		}
	}
}

// Two desks in two real browsers: write, preview, release, the other's inbox lights
// up, acknowledge, recall, and both see it; then a member is suspended, and the
// preview says that it gets nothing; and a session that has ended comes back to
// where it was.
func TestTwoDesksInTwoBrowsers(t *testing.T) {
	_, p := newCell(t, "Ardel", "Brevik")
	a, b := p[0], p[1]
	anna := a.signer("anna", node.RoleReleaser, node.RoleAnalyst, node.RoleChair).signsIn("anna")
	bea := b.signer("bea", node.RoleAnalyst).signsIn("bea")
	meet := func() { t.Helper(); check(t, nodetest.Meet(ctx, a.Node, b.Node)) }

	anna.do("write", chromedp.Navigate(a.url+"/write?kind=report"), chromedp.SendKeys("[name=title]", "Two lorries at the mill"),
		chromedp.SendKeys("[name=text]", "They waited until dusk."), chromedp.SendKeys("[name=subject]", "Lantern Society"), chromedp.Click("main form button.primary"), chromedp.WaitVisible("main .split"))
	anna.shows("the record as written", "They waited until dusk.", "Nobody else has it.")
	anna.do("the form", chromedp.Click(`main a[href^="/release?record="]`), chromedp.WaitVisible("#tlp"))
	anna.do("preview", chromedp.SendKeys("input[name=to]", " "), chromedp.SendKeys("input[name=references]", " "), chromedp.SetValue("#tlp", "red"), chromedp.SendKeys("#caveats", "not for courts"), chromedp.Click("main form button.primary"), chromedp.WaitVisible("#preview"))
	anna.shows("what is missing", "1 is refused.", "It refers to 1 object")
	anna.do("with its references", chromedp.SendKeys("input[name=references]", " "), chromedp.Click(`main form .panel button:not([name=sign])`), chromedp.WaitVisible("#preview button[name=sign]"))
	anna.shows("the preview", "1 party gets it", "1 came in by reference")
	anna.shot("preview in the browser")

	bea.do("an inbox that listens", chromedp.Navigate(b.url+"/inbox"), chromedp.WaitReady(`desk-live[data-state="live"]`))
	anna.do("sign", chromedp.Click("#preview button[name=sign]"), chromedp.WaitVisible("#password"), chromedp.SendKeys("#password", password), chromedp.Click("main form button.primary"), chromedp.WaitVisible("main a.primary"))
	meet()
	bea.do("it lights up", chromedp.WaitVisible("desk-live a"), chromedp.Click("desk-live a"), chromedp.WaitVisible("tr.unread"))
	bea.shows("the inbox", "Two lorries at the mill", "TLP:RED", "conditions to read first")
	bea.do("suggestions", chromedp.SendKeys("#q", "lorr"), chromedp.WaitReady(`datalist option[value="Two lorries at the mill"]`))
	bea.do("search", chromedp.KeyEvent("\r"), chromedp.WaitVisible("tr.unread"))
	bea.do("the conditions", chromedp.Click("tr.unread a.title"), chromedp.WaitVisible("section.notice form"))
	bea.hides("before they are acknowledged", "They waited until dusk.")
	bea.do("acknowledge", chromedp.Click("section.notice button.primary"), chromedp.WaitVisible("main .split"))
	bea.shows("the record", "They waited until dusk.", "Lantern Society", "not for courts")
	bea.shot("the other's record in the browser")

	anna.do("recall", chromedp.Navigate(a.url+"/records"), chromedp.WaitVisible("a.title"))
	get(anna, "the record", chromedp.Evaluate[any](`[...document.querySelectorAll("a.title")].find((a) => a.textContent.includes("Two lorries")).click()`))
	anna.do("its page", chromedp.WaitReady("form[action$='/recall']"))
	get(anna, "what takes it back", chromedp.Evaluate[any](`document.querySelector("form[action$='/recall']").closest("details").open = true`))
	anna.do("its reason", chromedp.SendKeys("#reason", "its source is at risk"), chromedp.Click("button.danger"), chromedp.WaitVisible("#password"))
	anna.shows("the recall before it is signed", "It cannot be undone", "its source is at risk")
	anna.do("sign the recall", chromedp.SendKeys("#password", password), chromedp.Click("main form button.primary"), chromedp.WaitVisible("main a.primary"))
	meet()
	bea.do("what is left of it", chromedp.WaitVisible("desk-live a"), chromedp.Click("desk-live a"), chromedp.WaitVisible("main .narrow"))
	bea.hides("after the recall", "dusk", "Lantern")
	anna.do("whereabouts", chromedp.Navigate(a.url+"/where"), chromedp.WaitVisible("main table"))
	anna.shows("whereabouts", "erased, signed", "its source is at risk")
	anna.shot("whereabouts in the browser")

	// A suspended member.
	anna.do("the agreements", chromedp.Navigate(a.url+"/agreements"), chromedp.WaitVisible(`main a[href^="/agreement/"]`), chromedp.Click(`main a[href^="/agreement/"]`), chromedp.WaitVisible(`main a[href*="/suspend?member="]`))
	get(anna, "stop the flow", chromedp.Evaluate[any](`[...document.querySelectorAll("main a")].find((a) => a.textContent.trim() === "Stop flow").click()`))
	anna.do("its page", chromedp.WaitVisible("#reason"))
	anna.shows("what will happen", "What will happen")
	anna.shot("suspension in the browser")
	anna.do("sign the suspension", chromedp.Click("button.danger"), chromedp.WaitVisible("#password"), chromedp.SendKeys("#password", password), chromedp.Click("main form button.primary"), chromedp.WaitVisible("main a.primary"))
	record := a.note("The cart at the weir")
	anna.do("a release to whom the flow is suspended", chromedp.Navigate(a.url+"/release?record="+string(record)), chromedp.WaitVisible("#tlp"), chromedp.SendKeys("input[name=to]", " "),
		chromedp.Click("main form button.primary"), chromedp.WaitVisible("#preview"))
	anna.shows("the preview for a suspended member", "1 is refused.")
	if get(anna, "nothing to sign", chromedp.Evaluate[bool](`document.querySelector("#preview button[name=sign]") !== null`)) {
		t.Error("a release to a suspended member can be signed")
	}

	// A session that has ended asks for the way in, and comes back.
	note := a.note("The heron at the quay")
	anna.do("a record", chromedp.Navigate(a.url+"/record/"+string(note)), chromedp.WaitReady(`desk-live[data-state="live"]`))
	check(t, a.endSessions("anna"))
	a.note("something changes")
	anna.do("the way in", chromedp.WaitVisible("#name"), chromedp.SendKeys("#name", "anna"), chromedp.SendKeys("#password", password), chromedp.Click("main button.primary"), chromedp.WaitVisible("main .split"))
	anna.shows("back", "The heron at the quay")

	for _, tab := range []*browser{anna, bea} {
		for _, wrong := range tab.complaints() {
			t.Error(wrong)
		}
	}
}

// endSessions ends all sessions of somebody.
func (p *party) endSessions(name string) error {
	notes, err := p.AllKept(ctx, "web.session")
	if err != nil {
		return err
	}
	for _, n := range notes {
		if strings.Contains(string(n.Value), `"`+name+`"`) {
			if err := p.Drop(ctx, n.Space, n.Key); err != nil {
				return err
			}
		}
	}
	return nil
}
