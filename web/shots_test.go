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
	book, err := web.Storybook()
	check(t, err)
	s := httptest.NewServer(book)
	t.Cleanup(s.Close)
	every := 1
	if testing.Short() { // with the race detector
		every = 5
	}
	const tabs = 2
	for first := range tabs {
		t.Run(fmt.Sprint("browser ", first+1), func(t *testing.T) {
			t.Parallel()
			b := newBrowser(t)
			b.stays(s.URL)
			b.do("the list of stories", chromedp.Navigate(s.URL))
			n := get(b, "the list of stories", chromedp.Evaluate[int](`document.querySelectorAll("li").length`))
			if n < 100 {
				t.Fatalf("%d stories", n)
			}
			for i := first * every; i < n; i += tabs * every {
				b.story(s.URL, i, checker)
			}
		})
	}
}

// story looks at one story, wide in English, narrow in Arabic, and now and then in Persian or Russian.
func (b *browser) story(book string, i int, checker string) {
	b.t.Helper()
	for _, x := range []struct {
		language, theme string
		width           int64
	}{{"en", "light", 1440}, {"ar", "dark", 390}, {"fa", "light", 390}, {"ru", "light", 1440}} {
		if x.language == "fa" && i%5 != 0 || x.language == "ru" && i%5 != 2 {
			continue
		}
		name := fmt.Sprintf("%02d-%s-%s-%d", i, x.language, x.theme, x.width)
		b.do(name, chromedp.EmulateViewport(x.width, 900), chromedp.Navigate(fmt.Sprintf("%s/story/%s/%s/%d", book, x.language, x.theme, i)))
		title := get(b, name, chromedp.Title())
		if over := get(b, name, chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`)); over > 0 {
			b.t.Errorf("%s (%s) is %d pixels wider than the window", name, title, over)
		}
		for _, v := range b.violations(checker) {
			b.t.Errorf("%s (%s): %s", name, title, v)
		}
		for _, wrong := range b.complaints() {
			b.t.Errorf("%s (%s): %s", name, title, wrong)
		}
		b.shot(name)
	}
}
