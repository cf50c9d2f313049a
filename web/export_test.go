package web

// Patterns are those of all pages, for tests that walk through them.
func (d *Door) Patterns() []string { return d.patterns }
