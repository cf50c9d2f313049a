package web_test

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"

	"entente/web"
)

// Every story in a real browser: wide in English, narrow in Arabic, and light
// and dark in turns.
func TestEveryStoryInABrowser(t *testing.T) {
	checker := axe(t)
	b := newBrowser(t)
	book, err := web.Storybook()
	check(t, err)
	s := httptest.NewServer(book)
	defer s.Close()
	b.stays(s.URL)
	b.do("the list of stories", chromedp.Navigate(s.URL))
	n := get(b, "the list of stories", chromedp.Evaluate[int](`document.querySelectorAll("li").length`))
	if n < 40 {
		t.Fatalf("%d stories", n)
	}
	every := 1
	if testing.Short() { // with the race detector
		every = 5
	}
	for i := 0; i < n; i += every {
		for _, x := range []struct {
			language, theme string
			width           int64
		}{{"en", "light", 1440}, {"ar", "dark", 390}, {"fa", "light", 390}} {
			if x.language == "fa" && i%4 != 0 {
				continue
			}
			name := fmt.Sprintf("%02d-%s-%s-%d", i, x.language, x.theme, x.width)
			b.do(name, chromedp.EmulateViewport(x.width, 900), chromedp.Navigate(fmt.Sprintf("%s/story/%s/%s/%d", s.URL, x.language, x.theme, i)))
			title := get(b, name, chromedp.Title())
			if over := get(b, name, chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`)); over > 0 {
				t.Errorf("%s (%s) is %d pixels wider than the window", name, title, over)
			}
			for _, v := range b.violations(checker) {
				t.Errorf("%s (%s): %s", name, title, v)
			}
			for _, wrong := range b.complaints() {
				t.Errorf("%s (%s): %s", name, title, wrong)
			}
			b.shot(name)
		}
	}
}
