package web

import "context"

// SendNotices is one look of the loop that tells people by mail.
func (d *Door) SendNotices(ctx context.Context) error { return d.sendNotices(ctx) }

// Patterns are those of all pages, for tests that walk through them.
func (d *Door) Patterns() []string { return d.patterns }
