package web

import (
	"fmt"
	"net/http"
	"time"
)

// eventPause is how often at most a page hears of changes, eventBeat how often it
// hears that the desk is still there. Both also bound how long a session that has
// ended goes on hearing.
const (
	eventPause = 250 * time.Millisecond
	eventBeat  = 15 * time.Second
)

func (d *Door) eventRoutes() { d.page("GET /events", (*visit).events) }

// events tells a page that something has changed, as server-sent events (HTML
// Standard, section 9.2). What has changed is not said: the page asks for it, and
// gets what its visitor may see.
func (v *visit) events() error {
	control := http.NewResponseController(v.w)
	if err := control.SetWriteDeadline(time.Time{}); err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/event-stream")
	ctx := v.r.Context()
	say := func(event string) bool {
		_, err := fmt.Fprintf(v.w, "event: %s\ndata:\n\n", event)
		return err == nil && control.Flush() == nil
	}
	beat := time.NewTicker(eventBeat)
	defer beat.Stop()
	mark, err := v.noticed(ctx)
	if err != nil {
		return err
	}
	for open := say("here"); open; {
		changed, event := v.node.Changed(), "here"
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			event = "changed"
		case <-beat.C:
		}
		if who, err := v.visitor(v.r); err != nil || who == nil {
			say("ended")
			return nil
		}
		if now, err := v.noticed(ctx); err != nil {
			return err
		} else if now != mark {
			if mark = now; now != "" && !say("waits") {
				return nil
			}
		}
		open = say(event)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(eventPause):
		}
	}
	return nil
}
