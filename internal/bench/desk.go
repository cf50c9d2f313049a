package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"entente"
	"entente/keyring"
	"entente/node"
	"entente/stix"
	"entente/store"
	"entente/store/sqlite"
	"entente/web"
)

// desk measures what an analyst meets whose party was let have a million records:
// search, and the inbox in a browser. Names and descriptions are cut out of those of
// the bundle; the rows are written as in million.
func (b *bench) desk() (err error) {
	p := b.parties[1]
	texts, err := b.bundle.texts()
	if err != nil {
		return err
	}
	if err := b.fill(p, texts); err != nil {
		return err
	}
	if err := b.search(p, texts); err != nil {
		return err
	}
	return b.inbox(p)
}

// texts are the descriptions of the bundle, one behind the other, as words.
func (b *bundle) texts() ([]string, error) {
	var all struct {
		Objects []struct {
			Description string `json:"description"`
		} `json:"objects"`
	}
	if err := json.Unmarshal(b.raw, &all); err != nil {
		return nil, err
	}
	var words []string
	for _, o := range all.Objects {
		words = append(words, strings.Fields(o.Description)...)
	}
	if len(words) < 10_000 {
		return nil, fmt.Errorf("the bundle's descriptions have %d words, 10,000 are needed", len(words))
	}
	return words, nil
}

const (
	nameWords  = 6
	aboutWords = 40
)

// fill lets a party have a million records of the first party's.
func (b *bench) fill(p *party, texts []string) (err error) {
	b.say("writing %d records for the desk of one party", manyRecords)
	db, n, err := p.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	ring, err := keyring.Read(filepath.Join(b.first().dir, "keys"))
	if err != nil {
		return err
	}
	states, err := n.Compacts(b.ctx)
	if err != nil || len(states) != 1 {
		return errors.Join(err, fmt.Errorf("%d compacts, expected one", len(states)))
	}
	from, self := entente.PartyID(b.first().id), n.Self()
	chance := rand.New(rand.NewPCG(3, 4))
	cut := func(n int) string {
		i := chance.IntN(len(texts) - n)
		return strings.Join(texts[i:i+n], " ")
	}
	for done := 0; done < manyRecords; done += perRelease {
		now := entente.At(time.Now())
		records := make([]store.Record, perRelease)
		release := &entente.Release{
			Terms:    entente.ActID(invented("terms", 0)),
			Handling: entente.Handling{TLP: entente.TLPAmber, Onward: entente.OnwardNone, Purpose: "measuring"},
			Records:  make([]entente.Released, perRelease),
		}
		for i := range records {
			object, name := stix.NewID("report"), cut(nameWords)
			body, err := json.Marshal(map[string]any{
				"type": "report", "spec_version": "2.1", "id": object, "created": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z",
				"published": "2026-01-01T00:00:00Z", "name": name, "description": cut(aboutWords), "object_refs": []string{string(stix.NewID("identity"))},
			})
			if err != nil {
				return err
			}
			rec, err := entente.NewRecord(from, entente.MediaSTIX, now, nil, body)
			if err != nil {
				return err
			}
			records[i] = store.Record{
				ID: rec.ID, Originator: from, Media: entente.MediaSTIX, STIX: string(object), Type: "report", Version: "2026-01-01T00:00:00Z",
				Name: name, Size: int64(len(body)), Bytes: rec.Bytes, Arrived: now,
			}
			release.Records[i] = entente.Released{Record: rec.ID, Origins: []entente.Tag{entente.Tag(invented("tag", done+i)[len("sha256:"):][:32])}}
		}
		signed, err := entente.Sign(entente.Act{Kind: entente.KindRelease, Signer: from, Card: 1, Compact: states[0].ID, To: self, Time: now, Release: release}, ring.Act)
		if err != nil {
			return err
		}
		err = db.Update(b.ctx, func(tx *store.Tx) error {
			err := tx.InsertRecords(records)
			if err != nil {
				return err
			}
			err = tx.InsertAct(store.Act{
				ID: signed.ID, Kind: entente.KindRelease, Signer: from, Card: 1, Compact: states[0].ID, To: self,
				Envelope: signed.Envelope(), State: store.StateApplied, From: from, Arrived: now,
			})
			if err != nil {
				return err
			}
			grants := make([]store.Grant, len(records))
			for i, r := range records {
				grants[i] = store.Grant{Reader: self, Compact: states[0].ID, Record: r.ID, Release: signed.ID}
			}
			return tx.InsertGrants(grants)
		})
		if err != nil {
			return err
		}
		if done%250_000 == 0 && done > 0 {
			b.say("%d records", done)
		}
	}
	return nil
}

// open opens the party's store and node in this process.
func (p *party) open() (*sqlite.DB, *node.Node, error) {
	db, err := sqlite.Open(p.dir)
	if err != nil {
		return nil, nil, err
	}
	ring, err := keyring.Read(filepath.Join(p.dir, "keys"))
	if err == nil {
		var n *node.Node
		if n, err = node.Open(p.ctx, node.Config{Store: db, Keys: ring}); err == nil {
			return db, n, nil
		}
	}
	return nil, nil, errors.Join(err, db.Close())
}

// search measures how fast words are written behind the records, and found.
func (b *bench) search(p *party, texts []string) (err error) {
	db, n, err := p.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	b.say("writing the words of %d records", manyRecords)
	began := time.Now()
	count, err := n.Index(b.ctx)
	if err != nil {
		return err
	}
	b.enter("words for search", float64(count)/time.Since(began).Seconds(), "records/s", nil, "behind the records, in the background of a serving node, by 200 a transaction")
	others := false
	chance := rand.New(rand.NewPCG(5, 6))
	word := func(i int) string { return texts[i] }
	kinds := []struct {
		what string
		make func(i int) string
	}{
		{"one word", word},
		{"two words", func(i int) string { return texts[i] + " " + texts[i+1] }},
		{"three words from anywhere", func(i int) string {
			return texts[i] + " " + texts[chance.IntN(len(texts))] + " " + texts[chance.IntN(len(texts))]
		}},
		{"first letters of a word", func(i int) string { return string([]rune(texts[i])[:min(4, len([]rune(texts[i])))]) }},
		{"the same with filters", word},
	}
	const each = 200
	var all []time.Duration
	for k, kind := range kinds {
		b.say("searching: %s", kind.what)
		var took []time.Duration
		for range each {
			q := node.Query{Own: &others, Newest: true, Limit: 50, Whole: true, Text: kind.make(chance.IntN(len(texts) - 1))}
			if k == len(kinds)-1 {
				q.Type, q.Originator = "report", entente.PartyID(b.first().id)
			}
			began := time.Now()
			if _, err := n.Read(b.ctx, entente.Reader{Party: n.Self()}, q); err != nil {
				return err
			}
			took = append(took, time.Since(began))
		}
		all = append(all, took...)
	}
	how := fmt.Sprintf("%d searches of %d kinds (one, two, three words, first letters, with filters) among 1,000,000 records with descriptions of %d words of the bundle; first 50 hits with bodies, through node.Read", len(all), len(kinds), aboutWords)
	b.enter("search among a million, median", float64(median(all))/1e6, "ms", nil, how)
	b.enter("search among a million, p95", float64(percentile(all, 95))/1e6, "ms", atMost(100), how)
	return nil
}

// inbox measures the desk's inbox with a browser.
func (b *bench) inbox(p *party) (err error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		b.skip("the inbox in a browser", "Chromium")
		return nil
	}
	address, err := freePort()
	if err != nil {
		return err
	}
	_, port, _ := strings.Cut(address, ":")
	origin := "http://localhost:" + port
	link, err := p.operator(origin)
	if err != nil {
		return err
	}
	if _, err := p.serve("--desk", address); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	b.say("opening the inbox in a browser")
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(filepath.Join(b.dir, "browser")), chromedp.NoSandbox)
	alloc, stop := chromedp.NewExecAllocator(b.ctx, options...)
	defer stop()
	tab, cancel := chromedp.NewContext(alloc)
	defer cancel()
	if err := chromedp.Do(tab, chromedp.Navigate(link), chromedp.Submit("main form"), chromedp.WaitVisible("header nav")); err != nil {
		return fmt.Errorf("sign in at the desk: %w", err)
	}
	// Usable: all is parsed, the scripts have run, and a row can be chosen.
	const usable = `(() => { const n = performance.getEntriesByType("navigation")[0]; return document.querySelector("table.list a.title") && n.domContentLoadedEventEnd > 0 ? n.domContentLoadedEventEnd - n.startTime : -1 })()`
	const visits = 30
	var opened, found []time.Duration
	visit := func(at string, took *[]time.Duration) error {
		if err := chromedp.Do(tab, chromedp.Navigate(origin+at), chromedp.WaitVisible("#bulk")); err != nil {
			return fmt.Errorf("open %s: %w", at, err)
		}
		ms, err := chromedp.Run(tab, chromedp.Evaluate[float64](usable))
		if err == nil && ms < 0 {
			err = errors.New("there is nothing on the page")
		}
		*took = append(*took, time.Duration(ms*1e6))
		return err
	}
	for range visits {
		if err := errors.Join(visit("/inbox", &opened), visit("/inbox?q=credential+access", &found)); err != nil {
			return err
		}
	}
	how := fmt.Sprintf("%d visits with Chromium, from the start of navigation until parsed with scripts run, 1,000,000 records in the inbox", visits)
	b.enter("inbox usable, median", float64(median(opened))/1e6, "ms", atMost(400), how)
	b.enter("inbox usable, p95", float64(percentile(opened, 95))/1e6, "ms", nil, how)
	b.enter("the same with two words, median", float64(median(found))/1e6, "ms", nil, how)
	size, err := scripts(b.ctx, origin)
	if err != nil {
		return err
	}
	b.enter("scripts of the desk", float64(size)/1e3, "kB", atMost(100), "compressed with gzip, all that any page loads")
	return b.eventToScreen(p, tab, origin)
}

// operator gives the party an analyst, and a link by which a browser signs in.
func (p *party) operator(origin string) (link string, err error) {
	db, n, err := p.open()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := n.PutOperator(p.ctx, node.Operator{Name: "ana", Key: entente.NewPrivateKey().Key(), Roles: []string{node.RoleAnalyst}}); err != nil {
		return "", err
	}
	return web.Link(p.ctx, n, origin, "ana")
}

// scripts is the size of the desk's scripts, compressed.
func scripts(ctx context.Context, origin string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+"/static/built/desk.js", nil)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("the desk's scripts: %s: make assets builds them", res.Status)
	}
	if err != nil {
		return 0, err
	}
	var small bytes.Buffer
	z := gzip.NewWriter(&small)
	_, err = z.Write(body)
	err = errors.Join(err, z.Close())
	return small.Len(), err
}

// eventToScreen puts a record through the node's socket and looks when the open
// inbox says that something has changed.
func (b *bench) eventToScreen(p *party, tab context.Context, origin string) error {
	const events = 20
	var took []time.Duration
	for i := range events {
		wait := chromedp.Evaluate[float64](`new Promise((done) => {
			const live = document.querySelector("desk-live");
			new MutationObserver(() => { if (live.dataset.state === "changed") done(performance.timeOrigin + performance.now()) }).observe(live, { attributes: true });
		})`, chromedp.EvalAwaitPromise)
		if err := chromedp.Do(tab, chromedp.Navigate(origin+"/inbox"), chromedp.WaitReady(`desk-live[data-state=live]`)); err != nil {
			return fmt.Errorf("open the inbox: %w", err)
		}
		type answer struct {
			at  float64
			err error
		}
		seen := make(chan answer, 1)
		go func() {
			at, err := chromedp.Run(tab, wait)
			seen <- answer{at, err}
		}()
		time.Sleep(300 * time.Millisecond) // the page listens, and its pause after the last event is over
		began := time.Now()
		object := fmt.Sprintf(`{"type":"identity","spec_version":"2.1","id":%q,"created":"2026-01-01T00:00:00Z","modified":"2026-01-01T00:00:00Z","name":"event %d"}`, stix.NewID("identity"), i)
		if err := p.op(new(json.RawMessage), "put", map[string]any{"files": []any{map[string]any{"name": "event.json", "data": []byte(object)}}}); err != nil {
			return err
		}
		a := <-seen
		if a.err != nil {
			return fmt.Errorf("wait for the page: %w", a.err)
		}
		took = append(took, time.Duration(a.at*1e6)-time.Duration(began.UnixNano()))
	}
	how := fmt.Sprintf("%d records put through the node's socket, from asking until the open inbox says so", events)
	b.enter("event to screen, median", float64(median(took))/1e6, "ms", nil, how)
	b.enter("event to screen, p95", float64(percentile(took, 95))/1e6, "ms", atMost(300), how)
	return nil
}
