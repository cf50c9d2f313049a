package web_test

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"entente"
	"entente/node"
	"entente/node/nodetest"
	"entente/web"
)

// Two desks in a real browser: a link lets in, a password is set, what a partner
// releases is offered as it comes, keys go through the list, signing out ends it.
func TestADeskInABrowser(t *testing.T) {
	_, err := os.Stat("static/built/desk.js")
	needs(t, "the desk's scripts (make assets)", err)
	id, p := newCell(t, "Ardel", "Brevik")
	a, b := p[0], p[1]
	tab := newBrowser(t)
	tab.stays(b.url)
	check(t, b.PutOperator(ctx, node.Operator{Name: "bea", Key: entente.NewPrivateKey().Key(), Roles: []string{node.RoleAnalyst}}))
	link, err := web.Link(ctx, b.Node, b.url, "bea")
	check(t, err)
	tab.do("the link", chromedp.EmulateViewport(1440, 900), chromedp.Navigate(link), chromedp.Click("main button"), chromedp.WaitVisible("#again"))
	tab.do("a password", chromedp.SendKeys("#password", password), chromedp.SendKeys("#again", password), chromedp.Click("main button.primary"), chromedp.WaitVisible("main .grid"))
	tab.do("the inbox by keys", chromedp.KeyEvent("g"), chromedp.KeyEvent("i"), chromedp.WaitVisible("main .empty"))
	if !strings.HasSuffix(get(tab, "where", chromedp.Location()), "/inbox") {
		t.Error("g i does not go to the inbox")
	}
	tab.do("the page hears of changes", chromedp.WaitReady(`desk-live[data-state="live"]`))
	record := a.note("Lantern Society")
	a.release(id, record, b)
	tab.do("the offer", chromedp.WaitVisible("desk-live a"))
	if get(tab, "what the page tells before it is asked", chromedp.Evaluate[bool](`document.body.innerText.includes("Lantern")`)) {
		t.Error("the page has changed under its reader")
	}
	tab.do("the offer is taken", chromedp.Click("desk-live a"), chromedp.WaitVisible("tr.unread"), chromedp.KeyEvent("j"), chromedp.KeyEvent("\r"), chromedp.WaitVisible("main .split"))
	if text := get(tab, "the record", chromedp.Text("h1")); text != "Lantern Society" {
		t.Errorf("j and Enter lead to %q", text)
	}
	tab.shot("record in the browser")
	// In Arabic, on a phone, from the right to the left.
	tab.do("Arabic", chromedp.EmulateViewport(390, 800), chromedp.SetValue("select[name=language]", "ar"), chromedp.Click(`form[action="/language"] button`), chromedp.WaitVisible("html[dir=rtl] main .split"))
	tab.shot("record in Arabic")
	_, err = a.Recall(ctx, node.RecallOrder{Records: []entente.RecordID{record}, Scope: "delete", Reason: "x"})
	check(t, err)
	check(t, nodetest.Meet(ctx, a.Node, b.Node))
	tab.do("recall", chromedp.Reload(), chromedp.WaitVisible("main .narrow"))
	if strings.Contains(get(tab, "after the recall", chromedp.Text("main")), "Lantern") {
		t.Error("what was recalled is shown")
	}
	// Somebody who is removed is shown the way in at once, without asking for a page.
	check(t, b.DeleteOperator(ctx, "bea"))
	tab.do("removed", chromedp.WaitVisible("#name"))
	if u, err := url.Parse(get(tab, "where", chromedp.Location())); err != nil || u.Path != "/sign-in" || !strings.HasPrefix(u.Query().Get("next"), "/record/") {
		t.Errorf("somebody who was removed is at %v", u)
	}
	for _, wrong := range tab.complaints() {
		t.Error(wrong)
	}
}
